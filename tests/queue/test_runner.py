"""Messages leave, are tried again, come back; and wait while they are held."""

from datetime import timedelta

from twisted.internet.defer import Deferred
from zope.interface.verify import verifyObject

from daptinmail.errors import NotFound, Unavailable
from daptinmail.interfaces.transfer import IQueue
from daptinmail.settings import Live, OutboundSettings, QueueSettings
from tests.queue.case import ALICE, CONTENT, QueueCase
from tests.support.transfer import BUSY, GONE, TAKEN, receipts


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
