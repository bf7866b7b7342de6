"""Hold, release, try now, drop."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from twisted.internet.defer import Deferred

from daptinmail.db.permissions import OWNER_SHIFT, Action
from daptinmail.db.schema import outbox
from daptinmail.errors import Conflict, Forbidden, NotFound
from daptinmail.interfaces.directory import Viewer
from daptinmail.interfaces.transfer import Command, QueueCommand
from daptinmail.mail.reply import Reply
from daptinmail.settings import Live, OutboundSettings, QueueSettings
from tests.queue.case import QueueCase
from tests.support.transfer import BUSY, GONE, TAKEN, receipts

ROOT = Viewer(email="root@dept.test", is_administrator=True)
STRANGER = Viewer(user_id=7)
UNREACHABLE = Reply(451, "4.4.1", "No connection to port 25")


class CommandTests(QueueCase):
    """Over real rows."""

    def command(self, command: Command, row: int | str = 0, viewer: Viewer = ROOT, tells: bool = False) -> Any:
        """For the row at a place, or for a destination; what happens next follows at once."""
        if isinstance(row, str):
            asked = QueueCommand(command, host=row, tells=tells)
        else:
            asked = QueueCommand(command, self.rows()[row].reference_id, tells=tells)
        done = Deferred.fromCoroutine(self.queue.command(asked, viewer))
        self.timers.advance(0)
        return done

    def done(self, *arguments: Any, **options: Any) -> int:
        """To how many rows."""
        count: int = self.successResultOf(self.command(*arguments, **options))
        return count

    def states(self) -> list[str]:
        """Of all rows."""
        return [row.state for row in self.rows()]

    def waiting(self, *recipients: str) -> None:
        """Start with mail that waits for its next try."""
        self.transfer.replies["x.example"] = BUSY
        self.start()
        self.enqueue(*recipients)

    def test_hold_and_release(self) -> None:
        """A held recipient is not tried, others are; when it is released it is tried at once."""
        self.waiting("a@x.example", "b@x.example")
        self.assertEqual(self.done(Command.HOLD), 1)
        self.assertEqual((self.rows()[0].state, self.rows()[0].last_error), ("held", "held: by request"))
        self.transfer.replies.clear()
        self.wait(2)
        self.assertEqual(self.states(), ["held", "sent"])
        self.assertEqual(self.done(Command.RELEASE), 1)
        self.assertEqual(self.states(), ["sent", "sent"])
        kinds = [kind for kind in self.events.kinds if kind in {"queue.held", "queue.released"}]
        self.assertEqual(kinds, ["queue.held", "queue.released"])

    def test_who_did_it(self) -> None:
        """The event says who asked."""
        self.waiting("a@x.example")
        self.done(Command.HOLD)
        self.assertEqual(self.events.events[-1].data, {"recipient": "a@x.example", "by": "root@dept.test"})

    def test_held_time_does_not_count(self) -> None:
        """Mail that was held for a week is tried for its whole lifetime when it is released, and is not late then."""
        self.waiting("a@x.example")
        self.done(Command.HOLD)
        self.wait(7 * 24, 3600 * 12)
        self.done(Command.RELEASE)
        self.wait(1)
        self.assertEqual((self.states(), self.told()), (["queued"], []))
        self.wait(4)
        self.assertEqual(self.told(), [[("a@x.example", "delayed")]])

    def test_hold_by_name_outlasts_the_setting(self) -> None:
        """What somebody holds stays held when delivery is switched on again; released meanwhile, it leaves then."""
        self.live = Live(hostname="h", outbound=OutboundSettings(hold=True))
        self.start()
        self.enqueue("a@x.example", "b@x.example", "c@x.example")
        self.assertEqual([self.done(Command.HOLD, 0), self.done(Command.HOLD, 1)], [1, 1])
        self.assertEqual(self.done(Command.RELEASE, 1), 1)
        self.assertEqual(self.states(), ["held"] * 3)
        self.live = Live(hostname="h")
        self.queue.wake()
        self.timers.advance(0)
        self.assertEqual(self.states(), ["held", "sent", "sent"])

    def test_retry(self) -> None:
        """The next try is made at once, whatever the schedule says."""
        self.waiting("a@x.example")
        self.transfer.replies.clear()
        self.assertEqual(self.done(Command.RETRY), 1)
        self.assertEqual(self.states(), ["sent"])
        self.assertIn("queue.hurried", self.events.kinds)

    def test_retry_where_a_destination_rests(self) -> None:
        """A destination that rests is tried as well."""
        self.transfer.replies["dead.example"] = UNREACHABLE
        self.start()
        for number in range(10):
            self.enqueue(f"r{number}@dead.example")
        self.transfer.replies.clear()
        self.assertEqual(self.done(Command.RETRY, "Dead.Example"), 10)
        self.assertEqual(set(self.states()), {"sent"})

    def test_retry_what_is_held(self) -> None:
        """Held mail is released, not tried."""
        self.waiting("a@x.example")
        self.done(Command.HOLD)
        self.failureResultOf(self.command(Command.RETRY), Conflict)

    def test_drop(self) -> None:
        """Dropped mail is gone with its content; the sender hears nothing."""
        self.waiting("a@x.example", "b@x.example")
        self.assertEqual(self.done(Command.DROP), 1)
        self.assertEqual((self.states(), len(self.files())), (["dropped", "queued"], 1))
        self.assertEqual(self.done(Command.DROP, 1), 1)
        self.assertEqual((self.files(), self.told()), ([], []))
        self.failureResultOf(self.command(Command.HOLD), Conflict)
        self.wait(5)
        self.assertEqual(self.told(), [])

    def test_drop_and_tell(self) -> None:
        """If that is wanted, the sender gets the report of a failure, at once."""
        self.waiting("a@x.example")
        self.done(Command.DROP, tells=True)
        self.timers.advance(1)
        self.assertEqual((self.states(), self.told()), (["failed"], [[("a@x.example", "failed")]]))
        self.assertEqual(self.files(), [])

    def test_under_way(self) -> None:
        """A try that is under way ends as it ends: what was delivered is recorded, what was not stays held."""
        self.transfer.slow.add("x.example")
        self.start()
        for name in "ab":
            self.enqueue(f"{name}@x.example")
        self.assertEqual((self.done(Command.HOLD, 0), self.done(Command.HOLD, 1)), (1, 1))
        (one, first), (other, second) = self.transfer.waiting
        first.callback(receipts(one, TAKEN))
        second.callback(receipts(other, BUSY))
        self.wait(1)
        self.assertEqual(self.states(), ["sent", "held"])

    def test_dropped_under_way(self) -> None:
        """A row that is dropped during a try stays dropped."""
        self.transfer.slow.add("x.example")
        self.start()
        self.enqueue("a@x.example")
        self.done(Command.DROP)
        request, answer = self.transfer.waiting[0]
        answer.callback(receipts(request, GONE))
        self.assertEqual((self.states(), self.told()), (["dropped"], []))

    def test_destination(self) -> None:
        """A command for a destination reaches all that waits for it, however much, and nothing else."""
        self.transfer.replies |= {"x.example": BUSY, "y.example": BUSY}
        self.enqueue(*(f"r{number}@x.example" for number in range(250)), "a@y.example")
        self.run_pass()
        self.assertEqual(self.done(Command.HOLD, "x.example"), 250)
        self.assertEqual(self.done(Command.HOLD, "x.example"), 0)
        states = self.states()
        self.assertEqual((states.count("held"), states[-1]), (250, "queued"))
        self.assertEqual(self.done(Command.RELEASE, "x.example"), 250)
        self.assertEqual(self.done(Command.DROP, "x.example"), 250)

    def test_permission(self) -> None:
        """A user commands rows that it may change; others do not exist for it; destinations are for administrators."""
        self.waiting("a@x.example")
        for command in Command:
            self.failureResultOf(self.command(command, viewer=STRANGER), Forbidden, NotFound)
            self.failureResultOf(self.command(command, "x.example", viewer=STRANGER), Forbidden)
        self.assertEqual(self.states(), ["queued"])
        owned = outbox.update().values(permission=Action.UPDATE << OWNER_SHIFT)
        self.change(owned)
        self.failureResultOf(self.command(Command.HOLD, viewer=STRANGER), Forbidden, NotFound)
        asked = QueueCommand(Command.HOLD, UUID(int=99))
        self.failureResultOf(Deferred.fromCoroutine(self.queue.command(asked, ROOT)), NotFound)

    def test_delay_after_release(self) -> None:
        """With delay notices off, a release arms none."""
        self.live = Live(hostname="h", queue=QueueSettings(delay_notice=timedelta()))
        self.waiting("a@x.example")
        self.done(Command.HOLD)
        self.done(Command.RELEASE)
        self.wait(6)
        self.assertEqual(self.told(), [])
