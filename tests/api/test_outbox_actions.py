"""Actions for mail that waits."""

from twisted.trial.unittest import SynchronousTestCase

from daptinmail.errors import Conflict
from daptinmail.interfaces.transfer import Command
from tests.api.web import Web

ROW = "0198c2aa-6f10-7c31-9c5e-2b7c64f1a0d2"


class OutboxActionTests(SynchronousTestCase):
    """outbox/hold, release, retry, drop."""

    def setUp(self) -> None:
        self.web = Web()

    def test_one_row(self) -> None:
        """Each action reaches the queue with its row, and says how many recipients it was done to."""
        for command, said in (
            (Command.HOLD, "1 recipient is held"),
            (Command.RELEASE, "1 recipient is released"),
            (Command.RETRY, "1 recipient is to be tried now"),
            (Command.DROP, "1 recipient is dropped"),
        ):
            reply = self.web.action(f"outbox/{command.value}", {"outbox_id": ROW})
            self.assertEqual((reply.status, reply.json[0]["Attributes"]["message"]), (200, said))
            asked, viewer = self.web.queue.commands[-1]
            self.assertEqual((asked.command, str(asked.reference), asked.tells), (command, ROW, False))
            self.assertTrue(viewer.is_administrator)

    def test_destination(self) -> None:
        """A destination instead of a row."""
        self.web.action("outbox/retry", {"to_host": "x.example"})
        asked, _ = self.web.queue.commands[-1]
        self.assertEqual((asked.reference, asked.host), (None, "x.example"))

    def test_tell_the_sender(self) -> None:
        """``notify`` may be any of the usual words for true."""
        for value, expected in ((True, True), ("1", True), ("true", True), (False, False), ("no", False)):
            self.web.action("outbox/drop", {"outbox_id": ROW, "notify": value})
            self.assertEqual(self.web.queue.commands[-1][0].tells, expected)

    def test_what_is_wrong(self) -> None:
        """Neither or both, or what is no row, is told."""
        for attributes in ({}, {"outbox_id": ROW, "to_host": "x"}, {"outbox_id": "nonsense"}, {"to_host": ["x"]}):
            self.assertEqual(self.web.action("outbox/hold", attributes).status, 400, attributes)
        self.assertEqual(self.web.queue.commands, [])
        self.web.queue.error = Conflict("What has left or was given up is not in the queue any more")
        reply = self.web.action("outbox/hold", {"outbox_id": ROW})
        self.assertEqual((reply.status, b"not in the queue" in reply.body), (409, True))

    def test_others(self) -> None:
        """Guests are asked to sign in; users are told that there is no such row."""
        self.assertEqual(self.web.action("outbox/hold", {"outbox_id": ROW}, None).status, 401)
        self.assertEqual(self.web.action("outbox/hold", {"outbox_id": ROW}, self.web.user).status, 404)
        self.assertEqual(self.web.action("outbox/hold", {"to_host": "x.example"}, self.web.user).status, 403)
