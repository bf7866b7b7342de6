"""Promises of ``daptinmail.events.log``."""

from typing import Any
from uuid import UUID

from twisted.internet.defer import Deferred
from twisted.trial.unittest import SynchronousTestCase
from zope.interface.verify import verifyObject

from daptinmail.errors import Conflict
from daptinmail.events.log import MAX_DATA, EventLog
from daptinmail.interfaces.events import Event, IEventLog
from daptinmail.interfaces.storage import ITransaction
from tests.support.runtime import START, SteadyClock
from tests.support.storage import MemoryStorage

TRAIL = UUID(int=1)


class Logging(SynchronousTestCase):
    """What happens to a message can be told from its trail."""

    def setUp(self) -> None:
        self.storage = MemoryStorage()
        self.log = EventLog(self.storage, SteadyClock())

    def result(self, waiting: Any) -> Any:
        """The result of a coroutine."""
        return self.successResultOf(Deferred.fromCoroutine(waiting))

    def test_interface(self) -> None:
        """It is an event log."""
        verifyObject(IEventLog, self.log)

    def test_a_trail_in_order(self) -> None:
        """The events of one message come in order, without those of others."""
        self.result(self.log.record("message.received", TRAIL, "mail/1", {"size": 5}))
        self.result(self.log.record("message.received", UUID(int=2), "mail/2", {}))
        self.result(self.log.record("message.delivered", TRAIL, "mail/1", {"who": UUID(int=3)}))
        self.assertEqual(
            self.result(self.log.trail(TRAIL)),
            [
                Event(1, START, "message.received", TRAIL, "mail/1", {"size": 5}),
                Event(3, START, "message.delivered", TRAIL, "mail/1", {"who": str(UUID(int=3))}),
            ],
        )

    def test_an_event_shares_the_fate_of_its_change(self) -> None:
        """What was undone was never told."""

        def work(transaction: ITransaction) -> None:
            self.log.record_in(transaction, "message.received", TRAIL, "", {})
            raise Conflict

        self.failureResultOf(self.storage.write(work), Conflict)
        self.assertEqual(self.result(self.log.trail(TRAIL)), [])

    def test_data_is_limited(self) -> None:
        """A huge event keeps its numbers and the beginnings of its texts."""
        data = {"reply": "x" * 100_000, "code": 550} | {f"k{n}": "y" * 5000 for n in range(100)}
        self.result(self.log.record("transfer.refused", TRAIL, "outbox/" + "9" * 500, data))
        (event,) = self.result(self.log.trail(TRAIL))
        self.assertEqual((event.data["code"], event.data["reply"], event.data["truncated"]), (550, "x" * 50, True))
        self.assertLess(len(str(event.data)), MAX_DATA)
        self.assertEqual(len(event.subject), 100)
