"""Notifications of what could not be delivered."""

from email import message_from_bytes
from pathlib import Path

from zope.interface.verify import verifyObject

from daptinmail.agents.returns import MAX_RETURNED
from daptinmail.interfaces.messages import Delivery
from daptinmail.interfaces.storage import Content
from daptinmail.interfaces.transfer import IReturns, ReturnedMessage
from daptinmail.mail.address import Address
from daptinmail.mail.reply import Reply
from daptinmail.mail.report import Action, RecipientReport
from tests.agents.case import ANN, MESSAGE, THEM, TRAIL, AgentCase


class ReturnsTests(AgentCase):
    """To the mailbox of the sender, or by the queue to another host."""

    def give_up(
        self,
        return_path: Address | None,
        path: Path | None = None,
        content: bytes = MESSAGE,
        action: Action = Action.FAILED,
        returned_part: str | None = None,
    ) -> None:
        """Return a message."""
        if path is None:
            path = self.storage.directory / "queued"
            path.write_bytes(content)
        message = ReturnedMessage(
            trail=TRAIL,
            return_path=return_path,
            reports=[RecipientReport(THEM, action, Reply(550, "5.1.1", "nobody here"), "mx.elsewhere.example")],
            original=Content(len(content), path=path),
            arrived=self.clock.now(),
            reporting_host="mail.example.com",
            server_id=1,
            destination=self.result(self.returns.locate(return_path)),
            returned_part=returned_part,
        )
        self.successResultOf(self.storage.write(lambda transaction: self.returns.return_in(transaction, message)))

    def test_interface(self) -> None:
        """It is what the queue expects."""
        self.assertTrue(verifyObject(IReturns, self.returns))

    def test_local_sender(self) -> None:
        """The sender finds a report in INBOX that names the recipient, the reason and the message."""
        self.give_up(ANN)
        (content,) = self.mailbox(self.ann)
        self.assertTrue(content.startswith(b"Return-Path: <>\r\n"))
        message = message_from_bytes(content)
        self.assertEqual(message.get_content_type(), "multipart/report")
        self.assertEqual(message["To"], "<ann@example.com>")
        for expected in (b"them@elsewhere.example", b"550 5.1.1 nobody here", b"Subject: hello"):
            self.assertIn(expected, content)
        self.assertEqual(self.events.kinds, ["message.returned"])

    def test_remote_sender(self) -> None:
        """A sender elsewhere gets it by the queue, from the null return-path."""
        self.give_up(THEM)
        (queued,) = self.queue.messages
        self.assertEqual((queued.return_path, queued.recipients), (None, (THEM,)))
        self.assertNotEqual(queued.trail, TRAIL)

    def test_null_path(self) -> None:
        """Nothing is sent about a notification: the null path ends it (RFC 5321 §4.5.5)."""
        self.give_up(None)
        self.assertEqual((self.queue.messages, self.events.kinds, self.mailbox(self.ann)), ([], [], []))

    def test_sender_is_gone(self) -> None:
        """The account of the sender was removed in between: nobody is told."""
        self.give_up(Address("gone", "example.com"))
        self.assertEqual((self.queue.messages, self.events.kinds), ([], []))

    def test_whole_message(self) -> None:
        """RET=FULL brings a failed message back whole, if it is not too large; without it the header comes back."""
        large = MESSAGE + b"line\r\n" * (MAX_RETURNED // 6)
        for content, part, whole in ((MESSAGE, "FULL", True), (MESSAGE, "HDRS", False), (large, "FULL", False)):
            self.give_up(ANN, content=content, returned_part=part)
            self.assertEqual(b"body\r\n" in self.mailbox(self.ann)[-1], whole)
            self.assertIn(b"Subject: hello", self.mailbox(self.ann)[-1])
        self.give_up(ANN, content=MESSAGE)
        self.assertNotIn(b"body\r\n", self.mailbox(self.ann)[-1])

    def test_success_brings_the_header(self) -> None:
        """RET counts only where something failed (RFC 3461 §4.3); the event says what was told."""
        for action, kind in ((Action.DELIVERED, "message.confirmed"), (Action.DELAYED, "message.delayed")):
            self.give_up(ANN, action=action, returned_part="FULL")
            self.assertNotIn(b"body\r\n", self.mailbox(self.ann)[-1])
            self.assertEqual(self.events.kinds[-1], kind)

    def test_content_is_gone(self) -> None:
        """A lost content file does not keep the sender from being told."""
        self.give_up(ANN, Path("/nowhere"))
        self.assertIn(b"them@elsewhere.example", self.mailbox(self.ann)[0])

    def test_locate(self) -> None:
        """A mailbox, an address or nowhere."""
        self.assertEqual(self.result(self.returns.locate(ANN)), Delivery(self.ann.id, "ann@example.com"))
        self.assertEqual(self.result(self.returns.locate(THEM)), THEM)
