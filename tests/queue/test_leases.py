"""A kill at any moment loses nothing and sends nothing twice that was recorded."""

from sqlalchemy import delete, update
from twisted.internet.defer import Deferred
from twisted.internet.task import Clock

from daptinmail.db.schema import outbox
from daptinmail.errors import Unavailable
from daptinmail.queue.runner import LEASE
from tests.queue.case import FullDisk, QueueCase, SlowStorage
from tests.support.transfer import GONE, receipts


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
