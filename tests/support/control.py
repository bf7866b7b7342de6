"""``IControl``, ``IConfiguration`` and ``ICertificates`` in memory."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from attrs import define, field
from zope.interface import implementer

from daptinmail.errors import Forbidden, Invalid, NotFound
from daptinmail.interfaces.control import IConfiguration, IControl, ListenerReport
from daptinmail.interfaces.tls import ICertificates
from daptinmail.mail.dkim_record import record_name, record_text
from daptinmail.settings import Live
from tests.support.certificates import material

SECRETS = frozenset({"jwt.secret", "encryption.secret", "totp.secret"})


@implementer(IControl)
@define(eq=False)
class MemoryControl:
    """Counts reconciles and answers ``reports``, or raises ``broken``."""

    settings: Live = field(factory=lambda: Live(hostname="localhost"))
    reports: list[ListenerReport] = field(factory=list)
    broken: Exception | None = None
    reconciled: int = 0

    async def reconcile(self) -> Sequence[ListenerReport]:
        """Nothing happens."""
        self.reconciled += 1
        if self.broken is not None:
            raise self.broken
        return self.reports

    def live(self) -> Live:
        """The settings it was made with."""
        return self.settings


@implementer(IConfiguration)
@define(eq=False)
class MemoryConfiguration:
    """Values by key. ``SECRETS`` are kept but neither listed nor changed."""

    values: dict[str, str] = field(factory=dict)

    async def get(self, key: str) -> str | None:
        """The value as stored."""
        return self.values.get(key)

    async def all(self) -> Mapping[str, str]:
        """What is not secret."""
        return {key: value for key, value in self.values.items() if key not in SECRETS}

    async def set(self, key: str, value: str) -> None:
        """Store a value."""
        if key in SECRETS:
            raise Forbidden(f"{key} is kept by the server")
        if len(value) > 5000:
            raise Invalid(fields={"value": "must not be longer than 5000 characters"})
        self.values[key] = value

    async def delete(self, key: str) -> None:
        """Forget a value."""
        self.values.pop(key, None)


@implementer(ICertificates)
@define(eq=False)
class MemoryCertificates:
    """Host names by reference; all have the shared key, made or not."""

    hostnames: dict[UUID, str] = field(factory=dict)
    generated: list[UUID] = field(factory=list)

    def _hostname(self, reference: UUID) -> str:
        if reference not in self.hostnames:
            raise NotFound(f"no such entity [certificate][{reference}]")
        return self.hostnames[reference]

    async def generate_self_signed(self, reference: UUID) -> str:
        """Remembers that it was asked."""
        hostname = self._hostname(reference)
        self.generated.append(reference)
        return hostname

    async def certificate_pem(self, reference: UUID) -> tuple[str, str]:
        """A self-signed certificate."""
        hostname = self._hostname(reference)
        return hostname, material(hostname).certificate_pem

    async def public_key_pem(self, reference: UUID) -> tuple[str, str]:
        """The shared key."""
        hostname = self._hostname(reference)
        return hostname, material(hostname).public_key_pem

    async def dkim_record(self, reference: UUID) -> tuple[str, str]:
        """A record whose value needs two strings."""
        hostname = self._hostname(reference)
        return record_name("d1", hostname), record_text(material(hostname).public_key_pem)
