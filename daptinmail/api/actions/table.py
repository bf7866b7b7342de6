"""(type, name) -> action, and who may call it."""

from collections.abc import Awaitable, Callable, Mapping
from enum import Enum
from typing import Any

from attrs import frozen

from daptinmail.api.actions import certificates, mail, outbox, send, users, world
from daptinmail.api.actions.entries import Entry
from daptinmail.api.actions.invocation import Domain, Invocation


class Audience(Enum):
    """Who may call an action: ``MEMBER`` ones every user, ``FIRST_RUN`` ones also before an administrator exists."""

    GUEST = "guest"
    FIRST_RUN = "first run"
    MEMBER = "member"
    ADMINISTRATOR = "administrator"


@frozen
class Action:
    """One action. ``fields`` are its attributes with their Daptin column types."""

    run: Callable[[Domain, Invocation], Awaitable[list[Entry]]]
    audience: Audience = Audience.ADMINISTRATOR
    label: str = ""
    fields: Mapping[str, str] = {}


ACTIONS: Mapping[tuple[str, str], Action] = {
    ("user_account", "signup"): Action(
        users.sign_up,
        Audience.GUEST,
        "Sign up",
        {"name": "label", "email": "email", "password": "password", "passwordConfirm": "password"},
    ),
    ("user_account", "signin"): Action(
        users.sign_in, Audience.GUEST, "Sign in", {"email": "email", "password": "password"}
    ),
    ("world", "become_an_administrator"): Action(users.become_an_administrator, Audience.FIRST_RUN),
    ("world", "restart_daptin"): Action(world.restart),
    ("mail_server", "sync_mail_servers"): Action(mail.sync_mail_servers),
    ("outbox", "process_outbox"): Action(mail.process_outbox),
    ("outbox", "hold"): Action(outbox.hold, Audience.MEMBER),
    ("outbox", "release"): Action(outbox.release, Audience.MEMBER),
    ("outbox", "retry"): Action(outbox.retry, Audience.MEMBER),
    ("outbox", "drop"): Action(outbox.drop, Audience.MEMBER),
    ("mail", "send"): Action(send.send, Audience.MEMBER),
    ("mail_box", "status"): Action(mail.mail_box_status),
    ("certificate", "generate_self_certificate"): Action(certificates.generate_self_certificate),
    ("certificate", "generate_acme_certificate"): Action(certificates.generate_acme_certificate),
    ("certificate", "download_certificate"): Action(certificates.download_certificate),
    ("certificate", "download_public_key"): Action(certificates.download_public_key),
    ("certificate", "dkim_record"): Action(certificates.dkim_record),
}


def guest_actions() -> dict[str, Any]:
    """Descriptions of what a guest may call, by Daptin's ``user:signin`` names."""
    return {
        f"{kind.removesuffix('_account')}:{name}": _description(kind, name, action)
        for (kind, name), action in ACTIONS.items()
        if action.audience is Audience.GUEST
    }


def _description(kind: str, name: str, action: Action) -> dict[str, Any]:
    fields = [
        {"Name": attribute, "ColumnName": attribute, "ColumnType": column}
        for attribute, column in action.fields.items()
    ]
    return {"Name": name, "Label": action.label, "OnType": kind, "InstanceOptional": True, "InFields": fields}
