"""Mail servers for tests."""

from typing import Any
from uuid import UUID

from attrs import evolve

from daptinmail.settings import ServerSettings

_OPEN = ServerSettings(
    id=1,
    reference=UUID(int=1),
    hostname="mail.example.com",
    is_enabled=True,
    interface=None,
    max_size=0,
    max_clients=20,
    xclient_on=False,
    always_on_tls=False,
    authentication_required=False,
)


def mail_server(**changes: Any) -> ServerSettings:
    """An enabled server, mail.example.com, that takes mail from everybody over STARTTLS; with these ``changes``."""
    return evolve(_OPEN, **changes)
