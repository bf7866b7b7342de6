"""``IControl``, ``IConfiguration``, ``ICertificates``, ``IQueue`` and ``IEventLog`` in memory."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from attrs import define, field
from zope.interface import implementer

from daptinmail.errors import Forbidden, Invalid, NotFound
from daptinmail.interfaces.control import IConfiguration, IControl, ListenerReport
from daptinmail.interfaces.events import Event, IEventLog
from daptinmail.interfaces.storage import ITransaction
from daptinmail.interfaces.tls import ICertificates
from daptinmail.interfaces.transfer import IQueue, OutboundMessage
from daptinmail.settings import Live

SECRETS = frozenset({"jwt.secret", "encryption.secret", "totp.secret"})
EPOCH = datetime(2026, 1, 2, tzinfo=UTC)


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
    """Host names by reference; certificates are one fixed text."""

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
        """Host name and a text that looks like a certificate."""
        return self._hostname(reference), "-----BEGIN CERTIFICATE-----\n"

    async def public_key_pem(self, reference: UUID) -> tuple[str, str]:
        """Host name and a text that looks like a public key."""
        return self._hostname(reference), "-----BEGIN PUBLIC KEY-----\n"

    async def dkim_record(self, reference: UUID) -> tuple[str, str]:
        """A record whose value needs two strings."""
        return f"d1._domainkey.{self._hostname(reference)}", "v=DKIM1; p=" + "A" * 300


@implementer(IQueue)
@define(eq=False)
class MemoryQueue:
    """Keeps messages and counts passes."""

    messages: list[OutboundMessage] = field(factory=list)
    passes: int = 0

    def enqueue_in(self, transaction: ITransaction, message: OutboundMessage) -> None:
        """Keep a message."""
        self.messages.append(message)

    async def enqueue(self, message: OutboundMessage) -> None:
        """Keep a message."""
        self.messages.append(message)

    async def run_pass(self) -> int:
        """Nothing is tried."""
        self.passes += 1
        return 0


@implementer(IEventLog)
@define(eq=False)
class MemoryEvents:
    """Keeps events in a list."""

    events: list[Event] = field(factory=list)

    def record_in(
        self, transaction: ITransaction, kind: str, trail: UUID | None, subject: str, data: Mapping[str, Any]
    ) -> None:
        """Keep an event."""
        self.events.append(Event(len(self.events) + 1, EPOCH, kind, trail, subject, data))

    async def record(self, kind: str, trail: UUID | None, subject: str, data: Mapping[str, Any]) -> None:
        """Keep an event."""
        self.events.append(Event(len(self.events) + 1, EPOCH, kind, trail, subject, data))

    async def trail(self, trail: UUID) -> Sequence[Event]:
        """The events of one message."""
        return [event for event in self.events if event.trail == trail]
