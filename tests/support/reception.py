"""In-memory reception and spool: they keep what they are given, and wait or fail when told to."""

from collections.abc import Awaitable
from uuid import UUID

from attrs import define, field, frozen
from twisted.internet.defer import Deferred
from zope.interface import implementer

from daptinmail.errors import Refused
from daptinmail.interfaces.reception import IReception, Origin
from daptinmail.interfaces.storage import Content, ISpool, ISpooled
from daptinmail.mail.address import Address
from daptinmail.mail.envelope import Envelope, MailParameters
from daptinmail.mail.reply import Reply

NOBODY = Reply(550, "5.1.1", "No such account")


@frozen
class Received:
    """One message that reception took."""

    origin: Origin
    envelope: Envelope
    content: bytes
    trail: UUID


@define
class Gate:
    """Lets everything through, or keeps it waiting after ``shut`` until ``open``."""

    is_shut: bool = False
    _waiting: "list[Deferred[None]]" = field(factory=list)

    def shut(self) -> None:
        """From now on, wait."""
        self.is_shut = True

    def open(self) -> None:
        """Let those who wait go on."""
        self.is_shut = False
        waiting, self._waiting = self._waiting, []
        for one in waiting:
            one.callback(None)

    async def passed(self) -> None:
        """Wait if shut."""
        if self.is_shut:
            one: Deferred[None] = Deferred()
            self._waiting.append(one)
            await one


@implementer(IReception)
@define
class MemoryReception:
    """Takes mail for ``accounts``. ``mail_fails`` and the like are raised once and forgotten."""

    accounts: set[str] = field(factory=lambda: {"ann@example.test", "bob@example.test", "postmaster@mail.example.test"})
    received: list[Received] = field(factory=list)
    gate: Gate = field(factory=Gate)
    mail_fails: Exception | None = None
    receive_fails: Exception | None = None
    origins: list[Origin] = field(factory=list)

    async def mail(self, origin: Origin, return_path: Address | None, parameters: MailParameters) -> None:
        """Every sender may begin."""
        self.origins.append(origin)
        await self.gate.passed()
        error, self.mail_fails = self.mail_fails, None
        if error:
            raise error

    async def recipient(self, origin: Origin, envelope: Envelope, recipient: Address) -> None:
        """Only the accounts, and anybody at ``many.test``."""
        await self.gate.passed()
        if str(recipient) not in self.accounts and recipient.domain != "many.test":
            raise Refused(NOBODY)

    async def receive(self, origin: Origin, envelope: Envelope, content: Content, trail: UUID) -> None:
        """Keep the message in ``received``."""
        await self.gate.passed()
        error, self.receive_fails = self.receive_fails, None
        if error:
            raise error
        self.received.append(Received(origin, envelope, content.read(), trail))


@implementer(ISpooled)
@define(eq=False)
class MemorySpooled:
    """One content in memory."""

    spool: "MemorySpool"
    pieces: list[bytes] = field(factory=list)
    size: int = 0
    largest: int = 0

    def write(self, data: bytes) -> Awaitable[None] | None:
        """Keep ``data``; waits while the spool's gate is shut."""
        error, self.spool.write_fails = self.spool.write_fails, None
        if error:
            raise error
        self.size += len(data)
        self.largest = max(self.largest, len(data))
        if self.spool.keep:
            self.pieces.append(data)
        return self.spool.gate.passed() if self.spool.gate.is_shut else None

    async def finish(self) -> Content:
        """The whole."""
        await self.spool.gate.passed()
        return Content(body_size=self.size, body=b"".join(self.pieces))

    def discard(self) -> None:
        """No longer open."""
        self.spool.open.discard(self)


@implementer(ISpool)
@define
class MemorySpool:
    """``open`` holds the contents not yet discarded; without ``keep`` octets are only counted."""

    keep: bool = True
    gate: Gate = field(factory=Gate)
    create_fails: Exception | None = None
    write_fails: Exception | None = None
    open: set[MemorySpooled] = field(factory=set)
    last: MemorySpooled | None = None

    def create(self, memory: int | None = None) -> MemorySpooled:
        """Begin a content."""
        error, self.create_fails = self.create_fails, None
        if error:
            raise error
        self.last = MemorySpooled(self)
        self.open.add(self.last)
        return self.last
