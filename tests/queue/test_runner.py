"""The outbound queue on a clock that the test moves."""

from datetime import timedelta
from random import Random
from typing import Any
from uuid import UUID

from sqlalchemy import delete, select, update
from twisted.internet.defer import Deferred, fail
from twisted.internet.task import Clock
from zope.interface import implementer
from zope.interface.verify import verifyObject

from daptinmail.db.schema import outbox
from daptinmail.errors import NotFound, Unavailable
from daptinmail.interfaces.storage import Content, IStorage
from daptinmail.interfaces.transfer import IQueue, OutboundMessage
from daptinmail.mail.address import Address
from daptinmail.queue.runner import LEASE, Queue
from daptinmail.settings import Live, OutboundSettings, QueueSettings
from tests.support.events import MemoryEvents
from tests.support.queue import MemoryReturns, ReactorClock
from tests.support.runtime import CountingIdentifiers
from tests.support.storage import StorageCase
from tests.support.transfer import BUSY, GONE, TAKEN, MemoryTransfer, receipts

ALICE = Address("alice", "example.com")
CONTENT = b"Subject: hello\r\n\r\nbody\r\n"


@implementer(IStorage)
class FullDisk:
    """Storage that cannot write now."""

    def write(self, work: object) -> "Deferred[Any]":
        """Not now."""
        return fail(Unavailable())

    def read(self, work: object) -> "Deferred[Any]":
        """Nor this."""
        return fail(Unavailable())


@implementer(IStorage)
class SlowStorage:
    """Storage whose writes wait for the test until ``go_on``."""

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

    def enqueue(self, *recipients: str, return_path: Address | None = ALICE) -> UUID:
        """Queue one message."""
        message = OutboundMessage(
            trail=self.identifiers.uuid7(),
            return_path=return_path,
            recipients=tuple(Address.parse(one) for one in recipients),
            content=Content(len(CONTENT), CONTENT),
            server_id=None,
        )
        self.successResultOf(self.storage.write(lambda transaction: self.queue.enqueue_in(transaction, message)))
        self.timers.advance(0)
        return message.trail

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


class SendingTests(QueueCase):
    """Messages leave."""

    def test_interface(self) -> None:
        """It is what the agents expect."""
        self.assertTrue(verifyObject(IQueue, self.queue))

    def test_leaves_at_once(self) -> None:
        """A message for two recipients of one domain is handed over in one go, and its file goes."""
        self.start()
        self.enqueue("a@x.example", "b@x.example")
        (request,) = self.transfer.requests
        self.assertEqual([str(one) for one in request.recipients], ["a@x.example", "b@x.example"])
        self.assertEqual((request.helo, request.domain), ("mail.example.com", "x.example"))
        self.assertEqual(self.transfer.contents, [CONTENT])
        self.assertEqual([(row.state, row.sent, row.remote) for row in self.rows()], [("sent", True, "mx.example")] * 2)
        self.assertEqual(self.files(), [])
        self.assertEqual(self.events.kinds, ["queue.kept", "queue.sent", "queue.sent"])

    def test_file_stays_for_others(self) -> None:
        """While one recipient waits the content is kept."""
        self.transfer.replies["y.example"] = BUSY
        self.start()
        trail = self.enqueue("a@x.example", "b@y.example")
        self.assertEqual([row.state for row in self.rows()], ["sent", "queued"])
        self.assertEqual(self.files(), [trail.hex])

    def test_same_recipient_twice(self) -> None:
        """A recipient named twice gets one copy."""
        self.start()
        self.enqueue("a@x.example", "a@x.example")
        self.assertEqual(len(self.rows()), 1)

    def test_stop_gives_leases_back(self) -> None:
        """A transfer cut off by a stop is tried again by the next start, at once."""
        self.transfer.slow.add("x.example")
        self.start()
        self.enqueue("a@x.example")
        stopping = Deferred.fromCoroutine(self.queue.stop())
        self.assertNoResult(stopping)
        self.timers.advance(10)
        self.successResultOf(stopping)
        self.assertIsNone(self.rows()[0].lease_until)
        self.assertEqual(self.timers.getDelayedCalls(), [])

    def test_pass_waits(self) -> None:
        """A pass ends when everything under way is settled, also what began before; a slow host cannot keep it long."""
        self.transfer.slow.add("x.example")
        self.start()
        self.enqueue("a@x.example")
        one = Deferred.fromCoroutine(self.queue.run_pass())
        self.assertNoResult(one)
        request, answer = self.transfer.waiting[0]
        answer.callback(receipts(request, TAKEN))
        self.assertEqual(self.successResultOf(one), 0)
        self.enqueue("b@x.example")
        one = Deferred.fromCoroutine(self.queue.run_pass())
        self.timers.advance(60)
        self.assertEqual(self.successResultOf(one), 0)


class RetryTests(QueueCase):
    """Temporary failures are tried again, others come back."""

    def test_retry_times(self) -> None:
        """A busy host is tried again after two minutes, then after five."""
        self.transfer.replies["x.example"] = BUSY
        self.start()
        self.enqueue("a@x.example")
        (row,) = self.rows()
        self.assertEqual((row.state, row.retry_count, row.last_error), ("queued", 1, "451 4.3.0 come back later"))
        first = row.next_retry_at - self.clock.now()
        self.assertTrue(timedelta(minutes=2) <= first <= timedelta(minutes=2.2))
        self.timers.advance(119)
        self.assertEqual(len(self.transfer.requests), 1)
        self.timers.pump([10, 10])
        self.assertEqual(len(self.transfer.requests), 2)
        self.transfer.replies.clear()
        self.timers.pump([30] * 11)
        self.assertEqual([row.state for row in self.rows()], ["sent"])

    def test_permanent_failure_comes_back(self) -> None:
        """A refused recipient is failed at once, and the sender is told in the same transaction."""
        self.transfer.replies["b@x.example"] = GONE
        self.start()
        trail = self.enqueue("a@x.example", "b@x.example")
        self.assertEqual([row.state for row in self.rows()], ["sent", "failed"])
        (returned,) = self.returns.returned
        self.assertEqual((returned.trail, returned.return_path, returned.destination), (trail, ALICE, ALICE))
        self.assertEqual([str(one.recipient) for one in returned.reports], ["b@x.example"])
        self.assertEqual(returned.reporting_host, "mail.example.com")

    def test_null_path(self) -> None:
        """Nobody is told that a notification could not be delivered (RFC 5321 §4.5.5)."""
        self.transfer.replies["x.example"] = GONE
        self.start()
        self.enqueue("a@x.example", return_path=None)
        self.assertEqual([row.state for row in self.rows()], ["failed"])
        self.assertEqual(self.returns.returned, [])

    def test_notification_fails(self) -> None:
        """If the sender cannot be told, what was delivered is still recorded, and not sent again for ever."""
        for error in (ValueError("cannot compose"), NotFound()):
            self.returns.error = error
            self.transfer.replies["b@x.example"] = GONE
            self.start()
            self.enqueue("a@x.example", "b@x.example")
            self.assertEqual([row.state for row in self.rows()][-2:], ["sent", "failed"])
            self.assertEqual(len(self.flushLoggedErrors(type(error))), 1)

    def test_database_is_busy(self) -> None:
        """An outcome that cannot be written is written later, under the same lease."""
        self.returns.error = Unavailable()
        self.transfer.replies["x.example"] = GONE
        self.start()
        self.enqueue("a@x.example")
        self.returns.error = None
        self.timers.advance(10)
        self.assertEqual([row.state for row in self.rows()], ["failed"])
        self.assertEqual((len(self.transfer.requests), len(self.returns.returned)), (1, 1))
        self.flushLoggedErrors(Unavailable)

    def test_exhausted_schedule_comes_back(self) -> None:
        """With Daptin's schedule the fifth failure is the last, and the sender is told."""
        self.live = Live(hostname="mail.example.com", queue=QueueSettings(schedule="daptin"))
        self.transfer.replies["x.example"] = BUSY
        self.start()
        self.enqueue("a@x.example")
        self.timers.pump([60] * 40)
        self.assertEqual(len(self.transfer.requests), 5)
        self.assertEqual([(row.state, row.retry_count) for row in self.rows()], [("failed", 5)])
        self.assertEqual(len(self.returns.returned), 1)
        self.assertEqual(self.files(), [])

    def test_our_fault_is_temporary(self) -> None:
        """A lost content file bounces nothing."""
        self.live = Live(hostname="h", outbound=OutboundSettings(hold=True))
        trail = self.enqueue("a@x.example")
        (self.storage.directory / "queue" / trail.hex).unlink()
        self.live = Live(hostname="h")
        self.run_pass()
        self.assertEqual([row.state for row in self.rows()], ["queued"])
        self.assertEqual(len(self.flushLoggedErrors(FileNotFoundError)), 1)


class HoldTests(QueueCase):
    """Outbound delivery can be switched off."""

    def test_hold_and_release(self) -> None:
        """Held mail says why, and leaves when the hold ends."""
        self.live = Live(hostname="h", outbound=OutboundSettings(hold=True))
        self.start()
        self.enqueue("a@x.example")
        (row,) = self.rows()
        self.assertEqual((row.state, row.last_error), ("held", "held: outbound delivery is off (mail.outbound.hold)"))
        self.assertEqual(self.run_pass(), 0)
        self.live = Live(hostname="h")
        self.queue.wake()
        self.timers.advance(0)
        self.assertEqual([row.state for row in self.rows()], ["sent"])

    def test_hold_catches_what_waits(self) -> None:
        """Rows that wait for their next try are held as well."""
        self.transfer.replies["x.example"] = BUSY
        self.start()
        self.enqueue("a@x.example")
        self.live = Live(hostname="h", outbound=OutboundSettings(hold=True))
        self.timers.pump([60] * 3)
        self.assertEqual([row.state for row in self.rows()], ["held"])
        self.assertEqual(len(self.transfer.requests), 1)


class LeaseTests(QueueCase):
    """A kill at any moment loses nothing."""

    def test_expired_lease_is_taken_over(self) -> None:
        """What another node had in hand when it died is tried when its lease ends."""
        other = self.another("other", Clock())
        self.transfer.slow.add("x.example")
        self.enqueue("a@x.example")
        dead = Deferred.fromCoroutine(other.run_pass())
        self.assertNoResult(dead)
        self.transfer.slow.clear()
        self.start()
        self.assertEqual(len(self.transfer.requests), 1)
        self.timers.pump([60] * (int(LEASE.total_seconds()) // 60 + 2))
        self.assertEqual([row.state for row in self.rows()], ["sent"])
        self.assertEqual(len(self.transfer.requests), 2)

    def test_lease_is_renewed(self) -> None:
        """A transfer that takes long is not started twice."""
        self.transfer.slow.add("x.example")
        self.start()
        self.enqueue("a@x.example")
        self.timers.pump([60] * 40)
        other = Deferred.fromCoroutine(self.another("other").run_pass())
        self.assertEqual(self.successResultOf(other), 0)
        self.assertEqual(len(self.transfer.requests), 1)

    def test_own_leases_after_a_restart(self) -> None:
        """The node that died takes its own rows back as soon as it starts."""
        self.queue = self.another(timers=Clock())
        self.transfer.slow.add("x.example")
        self.enqueue("a@x.example")
        dead = Deferred.fromCoroutine(self.queue.run_pass())
        self.assertNoResult(dead)
        self.transfer.slow.clear()
        self.queue = self.another()
        self.start()
        self.assertEqual([row.state for row in self.rows()], ["sent"])

    def test_stopped_by_the_api(self) -> None:
        """A row that was set to sent or deleted while it was tried keeps what the API said."""
        self.transfer.slow.add("x.example")
        self.start()
        self.enqueue("a@x.example", "b@x.example")
        first, second = self.rows()
        self.change(delete(outbox).where(outbox.c.id == first.id))
        self.change(update(outbox).where(outbox.c.id == second.id).values(sent=True, state="sent"))
        request, answer = self.transfer.waiting[0]
        answer.callback(receipts(request, GONE))
        self.assertEqual([(row.state, row.last_error) for row in self.rows()], [("sent", None)])
        self.assertEqual(self.returns.returned, [])

    def test_start_on_a_full_disk(self) -> None:
        """A full disk keeps the queue from nothing but writing: it starts, and goes on when there is room again."""
        self.queue.storage = FullDisk()
        self.start()
        self.queue.storage = self.storage
        self.enqueue("a@x.example")
        self.timers.pump([60.0] * 5)
        self.assertEqual([row.state for row in self.rows()], ["sent"])
        self.flushLoggedErrors(Unavailable)

    def test_stop_while_rows_are_claimed(self) -> None:
        """A stop that meets a claim on its way to the disk waits for it and for what it begins."""
        self.enqueue("a@x.example")
        self.successResultOf(Deferred.fromCoroutine(self.queue.start()))
        self.queue.storage = slow = SlowStorage(self.storage)
        self.timers.advance(0)
        self.assertNotEqual(slow.waiting, [])
        stopping = Deferred.fromCoroutine(self.queue.stop())
        self.assertNoResult(stopping)
        slow.go_on()
        self.successResultOf(stopping)
        self.assertEqual([row.state for row in self.rows()], ["sent"])


class FairnessTests(QueueCase):
    """One domain does not stand in the way of others."""

    def test_slow_domain_blocks_nobody(self) -> None:
        """Two connections to a slow domain at most, while others are served."""
        self.transfer.slow.add("slow.example")
        self.start()
        for number in range(30):
            self.enqueue(f"r{number}@slow.example")
        self.enqueue("a@x.example")
        self.assertEqual([one.domain for one in self.transfer.requests], ["slow.example"] * 2 + ["x.example"])
        request, answer = self.transfer.waiting[0]
        answer.callback(receipts(request, TAKEN))
        self.timers.advance(0)
        self.assertEqual(len(self.transfer.waiting), 3)

    def test_deferred_rows_block_nobody(self) -> None:
        """A thousand rows that wait for their next try do not hide one that is due."""
        self.transfer.replies["x.example"] = BUSY
        self.enqueue(*(f"r{number}@x.example" for number in range(600)))
        self.assertEqual(self.run_pass(), 600)
        self.enqueue("a@y.example")
        self.assertEqual(self.run_pass(), 1)

    def test_unreadable_row_blocks_nobody(self) -> None:
        """A row whose address is no address is given up, and the others leave."""
        self.enqueue("a@x.example", "b@y.example")
        self.change(update(outbox).where(outbox.c.to_host == "x.example").values(to_address="nonsense\r\n"))
        self.start()
        self.assertEqual([row.state for row in self.rows()], ["failed", "sent"])

    def test_ten_at_a_time(self) -> None:
        """There are never more than ten transfers under way."""
        names = [f"d{number}.example" for number in range(15)]
        self.transfer.slow.update(names)
        self.start()
        self.enqueue(*(f"a@{name}" for name in names))
        self.assertEqual(len(self.transfer.waiting), 10)
