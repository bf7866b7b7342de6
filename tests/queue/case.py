"""The outbound queue on a clock that the test moves: what its tests share."""

from random import Random
from typing import Any
from uuid import UUID

from sqlalchemy import select
from twisted.internet.defer import Deferred, fail
from twisted.internet.task import Clock
from zope.interface import implementer

from daptinmail.db.schema import outbox
from daptinmail.errors import Unavailable
from daptinmail.interfaces.storage import Content, IStorage
from daptinmail.interfaces.transfer import OutboundMessage
from daptinmail.mail.address import Address
from daptinmail.queue.runner import Queue
from daptinmail.settings import Live
from tests.support.events import MemoryEvents
from tests.support.queue import MemoryReturns, ReactorClock
from tests.support.runtime import CountingIdentifiers
from tests.support.storage import StorageCase
from tests.support.transfer import MemoryTransfer

ALICE = Address("alice", "example.com")
CONTENT = b"Subject: hello\r\n\r\nbody\r\n"


@implementer(IStorage)
class FullDisk:
    """Storage that cannot write now."""

    doubts = 0

    def write(self, work: object) -> "Deferred[Any]":
        """Not now."""
        return fail(Unavailable())

    def read(self, work: object) -> "Deferred[Any]":
        """Nor this."""
        return fail(Unavailable())


@implementer(IStorage)
class SlowStorage:
    """Storage whose writes wait for the test until ``go_on``."""

    doubts = 0

    def __init__(self, storage: Any) -> None:
        self.storage = storage
        self.waiting: list[Deferred[None]] = []
        self.slow = True

    def write(self, work: Any) -> "Deferred[Any]":
        """Later, or at once."""
        if not self.slow:
            return self.read_or_write("write", work)
        turn: Deferred[None] = Deferred()
        self.waiting.append(turn)
        return turn.addCallback(lambda _: self.read_or_write("write", work))

    def read(self, work: Any) -> "Deferred[Any]":
        """At once."""
        return self.read_or_write("read", work)

    def read_or_write(self, method: str, work: Any) -> "Deferred[Any]":
        """What the storage itself does."""
        found: Deferred[Any] = getattr(self.storage, method)(work)
        return found

    def go_on(self) -> None:
        """The disk is quick again."""
        self.slow = False
        for turn in self.waiting:
            turn.callback(None)


class QueueCase(StorageCase):
    """A queue over memory."""

    def setUp(self) -> None:
        """Everything that a queue needs."""
        self.timers = Clock()
        self.clock = ReactorClock(self.timers)
        self.storage = self.make_storage(self.clock)
        self.transfer = MemoryTransfer()
        self.returns = MemoryReturns()
        self.events = MemoryEvents()
        self.identifiers = CountingIdentifiers()
        self.live = Live(hostname="mail.example.com")
        self.queue = self.another()

    def another(self, holder: str = "local", timers: Clock | None = None) -> Queue:
        """One more queue over the same storage; with a clock that nobody moves it is a process that died."""
        return Queue(
            storage=self.storage,
            clock=self.clock,
            timers=timers or self.timers,
            transfer=self.transfer,
            returns=self.returns,
            events=self.events,
            identifiers=self.identifiers,
            queue_dir=self.storage.directory / "queue",
            live=lambda: self.live,
            random=Random(1),
            holder=holder,
        )

    def start(self) -> None:
        """Start the queue."""
        self.successResultOf(Deferred.fromCoroutine(self.queue.start()))
        self.timers.advance(0)

    def enqueue(
        self, *recipients: str, return_path: Address | None = ALICE, notify: str | None = None, **asked: Any
    ) -> UUID:
        """Queue one message; ``notify`` for all its recipients."""
        addresses = tuple(Address.parse(one) for one in recipients)
        message = OutboundMessage(
            trail=self.identifiers.uuid7(),
            return_path=return_path,
            recipients=addresses,
            content=Content(len(CONTENT), CONTENT),
            server_id=None,
            notify={} if notify is None else dict.fromkeys(addresses, notify),
            **asked,
        )
        self.successResultOf(self.storage.write(lambda transaction: self.queue.enqueue_in(transaction, message)))
        self.timers.advance(0)
        return message.trail

    def told(self) -> list[list[tuple[str, str]]]:
        """For each notification the recipients that it is about, and what it says of them."""
        return [[(str(one.recipient), one.action.value) for one in each.reports] for each in self.returns.returned]

    def wait(self, hours: float, step: float = 180.0) -> None:
        """Let time pass."""
        self.timers.pump([step] * int(hours * 3600 / step))

    def run_pass(self) -> int:
        """One pass."""
        return self.successResultOf(Deferred.fromCoroutine(self.queue.run_pass()))

    def rows(self) -> list[Any]:
        """All rows in order."""
        query = select(outbox).order_by(outbox.c.id)
        return self.successResultOf(self.storage.read(lambda connection: list(connection.execute(query))))

    def change(self, statement: Any) -> None:
        """Change rows behind the queue's back."""
        self.successResultOf(self.storage.write(lambda transaction: transaction.connection.execute(statement)))

    def files(self) -> list[str]:
        """Names of the content files."""
        return sorted(path.name for path in (self.storage.directory / "queue").iterdir())
