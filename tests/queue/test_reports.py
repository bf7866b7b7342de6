"""What senders hear: of delays, failures, and of success if they asked for it."""

from datetime import timedelta

from twisted.internet.defer import Deferred

from daptinmail.mail.address import Address
from daptinmail.mail.reply import Reply
from daptinmail.queue.overdue import MERCY
from daptinmail.queue.reports import PATIENCE
from daptinmail.settings import Live, OutboundSettings, QueueSettings
from tests.queue.case import QueueCase
from tests.support.transfer import BUSY, GONE, TAKEN, receipts

UNREACHABLE = Reply(451, "4.4.1", "No connection to port 25")


class DelayTests(QueueCase):
    """Mail that waits."""

    def test_once_after_four_hours(self) -> None:
        """After four hours, not before, the sender hears of the delay, why, and until when it is tried; only once."""
        self.transfer.replies["x.example"] = BUSY
        self.start()
        self.enqueue("a@x.example")
        self.wait(3.9)
        self.assertEqual(self.told(), [])
        self.wait(0.2)
        self.assertEqual(self.told(), [[("a@x.example", "delayed")]])
        (report,) = self.returns.returned[0].reports
        self.assertEqual((str(report.reply), report.remote), ("451 4.3.0 come back later", "mx.example"))
        since = self.rows()[0].tried_since
        self.assertEqual(report.until, since + timedelta(days=5))
        assert report.tried is not None
        self.assertTrue(since < report.tried < self.clock.now())
        self.wait(24, 3600)
        self.assertEqual(len(self.told()), 1)
        self.transfer.replies.clear()
        self.wait(5, 600)
        self.assertEqual(([row.state for row in self.rows()], len(self.told())), (["sent"], 1))

    def test_all_recipients_at_once(self) -> None:
        """One notice names every recipient that waits, and no other."""
        self.transfer.replies |= {"x.example": BUSY, "y.example": UNREACHABLE}
        self.start()
        self.enqueue("a@x.example", "b@y.example", "c@z.example")
        self.wait(5)
        self.assertEqual(self.told(), [[("a@x.example", "delayed"), ("b@y.example", "delayed")]])

    def test_when(self) -> None:
        """The time is configured; zero means never, also for what waits already."""
        self.live = Live(hostname="h", queue=QueueSettings(delay_notice=timedelta(hours=1)))
        self.transfer.replies["x.example"] = BUSY
        self.start()
        self.enqueue("a@x.example")
        self.wait(1.1)
        self.assertEqual(len(self.told()), 1)
        self.enqueue("b@x.example")
        self.live = Live(hostname="h", queue=QueueSettings(delay_notice=timedelta()))
        self.enqueue("c@x.example")
        self.wait(5)
        self.assertEqual(len(self.told()), 1)

    def test_who_does_not_want_to_know(self) -> None:
        """Nobody hears of delayed notifications, nor whoever asked for other things by NOTIFY."""
        self.transfer.replies["x.example"] = BUSY
        self.start()
        self.enqueue("a@x.example", return_path=None)
        self.enqueue("b@x.example", notify="NEVER")
        self.enqueue("c@x.example", notify="FAILURE,SUCCESS")
        self.enqueue("d@x.example", notify="DELAY")
        self.wait(5)
        self.assertEqual(self.told(), [[("d@x.example", "delayed")]])

    def test_survives_a_restart(self) -> None:
        """Who was told before a restart is not told again; who was not, is."""
        self.transfer.replies["x.example"] = BUSY
        self.start()
        self.enqueue("a@x.example")
        self.wait(4.1)
        self.enqueue("b@x.example")
        self.wait(3)
        self.successResultOf(Deferred.fromCoroutine(self.queue.stop()))
        self.queue = self.another()
        self.start()
        self.wait(5)
        self.assertEqual(self.told(), [[("a@x.example", "delayed")], [("b@x.example", "delayed")]])

    def test_held_mail(self) -> None:
        """Mail that an administrator holds is no delay to tell of."""
        self.live = Live(hostname="h", outbound=OutboundSettings(hold=True))
        self.start()
        self.enqueue("a@x.example")
        self.wait(5)
        self.assertEqual(self.told(), [])


class FailureTests(QueueCase):
    """Mail that goes back."""

    def test_several_recipients_in_one_report(self) -> None:
        """Recipients at different hosts that fail at the same time come back in one report, none is lost."""
        self.transfer.slow |= {"x.example", "y.example", "z.example"}
        self.start()
        trail = self.enqueue("a@x.example", "b@y.example", "c@z.example", "d@y.example")
        for request, answer in list(self.transfer.waiting):
            answer.callback(receipts(request, TAKEN if request.domain == "z.example" else GONE))
        self.timers.advance(1)
        self.assertEqual(
            self.told(), [[("a@x.example", "failed"), ("b@y.example", "failed"), ("d@y.example", "failed")]]
        )
        self.assertEqual(self.returns.returned[0].trail, trail)
        self.assertEqual(self.files(), [])

    def test_slow_recipients_do_not_keep_the_report(self) -> None:
        """A failure is told after some minutes although another recipient is still being tried; the content stays."""
        self.transfer.slow.add("slow.example")
        self.transfer.replies["x.example"] = GONE
        self.start()
        self.enqueue("a@x.example", "b@slow.example")
        self.assertEqual((self.told(), len(self.files())), ([], 1))
        self.wait(PATIENCE.total_seconds() / 3600 + 0.05)
        self.assertEqual((self.told(), len(self.files())), ([[("a@x.example", "failed")]], 1))
        request, answer = self.transfer.waiting[0]
        answer.callback(receipts(request, TAKEN))
        self.assertEqual((len(self.told()), self.files()), (1, []))

    def test_recipients_that_wait_do_not_keep_the_report(self) -> None:
        """A failure is told at once when the other recipients only wait for their next try."""
        self.transfer.replies |= {"x.example": BUSY, "y.example": GONE}
        self.start()
        self.enqueue("a@x.example", "b@y.example")
        self.assertEqual(self.told(), [[("b@y.example", "failed")]])

    def test_never(self) -> None:
        """NOTIFY=NEVER: nobody is told, and nothing is left behind."""
        self.transfer.replies["x.example"] = GONE
        self.start()
        for notify in ("NEVER", "SUCCESS", "DELAY"):
            self.enqueue("a@x.example", notify=notify)
        self.assertEqual(([row.state for row in self.rows()], self.told(), self.files()), (["failed"] * 3, [], []))

    def test_what_was_asked_comes_along(self) -> None:
        """The report knows ORCPT, ENVID and RET."""
        self.transfer.replies["x.example"] = GONE
        self.start()
        address = Address("a", "x.example")
        self.enqueue("a@x.example", originals={address: "rfc822;A@X"}, envelope_id="QQ1", returned_part="FULL")
        (returned,) = self.returns.returned
        self.assertEqual((returned.envelope_id, returned.returned_part), ("QQ1", "FULL"))
        self.assertEqual(returned.reports[0].original, "rfc822;A@X")

    def test_lifetime(self) -> None:
        """After five days of temporary failures the message goes back."""
        self.transfer.replies["x.example"] = BUSY
        self.start()
        self.enqueue("a@x.example")
        self.wait(5 * 24 - 1, 3600)
        self.assertEqual([row.state for row in self.rows()], ["queued"])
        self.wait(1.5)
        self.assertEqual([row.state for row in self.rows()], ["failed"])
        self.assertEqual([one[0][1] for one in self.told()], ["delayed", "failed"])

    def test_lifetime_at_a_host_that_rests(self) -> None:
        """Messages behind a destination that cannot be reached go back too, although few of them were ever tried."""
        self.live = Live(hostname="h", queue=QueueSettings(lifetime=timedelta(hours=2)))
        self.transfer.slow.add("x.example")
        self.start()
        for number in range(5):
            self.enqueue(f"a{number}@x.example")
        self.wait(2 + MERCY.total_seconds() / 3600 + 0.2)
        states = [row.state for row in self.rows()]
        self.assertEqual((states.count("failed"), states.count("queued")), (3, 2))
        self.assertEqual(len([1 for one in self.told() if one[0][1] == "failed"]), 3)
        self.assertEqual(self.events.kinds.count("queue.failed"), 3)


class SuccessTests(QueueCase):
    """Mail that arrives."""

    def test_relayed(self) -> None:
        """A sender who asked for it hears that the message was handed to a host that does not report itself."""
        self.start()
        self.enqueue("a@x.example", "b@y.example", notify="SUCCESS")
        self.assertEqual(self.told(), [[("a@x.example", "relayed"), ("b@y.example", "relayed")]])
        self.assertEqual(self.files(), [])

    def test_next_host_reports(self) -> None:
        """Where the next host took over what was asked, it tells, and not we."""
        self.transfer.reports = True
        self.start()
        self.enqueue("a@x.example", notify="SUCCESS")
        self.assertEqual(([row.state for row in self.rows()], self.told(), self.files()), (["sent"], [], []))
        (request,) = self.transfer.requests
        self.assertEqual(list(request.notify.values()), ["SUCCESS"])

    def test_not_asked_for(self) -> None:
        """Success is told to nobody who did not ask."""
        self.start()
        self.enqueue("a@x.example")
        self.enqueue("a@x.example", notify="FAILURE,DELAY")
        self.wait(6)
        self.assertEqual(self.told(), [])
