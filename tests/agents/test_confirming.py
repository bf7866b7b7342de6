"""Confirmations of delivery."""

from email import message_from_bytes

from daptinmail.interfaces.screening import Action, Check, Verdict
from daptinmail.interfaces.storage import Content
from daptinmail.mail.envelope import Envelope, MailParameters, RecipientParameters
from tests.agents.case import ANN, BOB, MESSAGE, OUTSIDE, THEM, TRAIL, AgentCase

FORGED = [
    Verdict(Action.ACCEPT, (Check("spf", "softfail"), Check("dkim", "pass"))),
    Verdict(Action.SPAM, (Check("spf", "pass"),)),
]
SUCCESS = RecipientParameters("SUCCESS", "rfc822;Bob@Example.com")


class ConfirmingTests(AgentCase):
    """Who asks by NOTIFY=SUCCESS hears that the mail is in the mailbox."""

    def deliver(self, envelope: Envelope) -> None:
        """From another host, or from Ann if she is the return-path."""
        origin = self.inside if envelope.return_path == ANN else OUTSIDE
        self.result(self.reception.receive(origin, envelope, Content(len(MESSAGE), MESSAGE), TRAIL))

    def test_from_another_host(self) -> None:
        """The confirmation goes back by the queue, from the null path; it names what the sender called it."""
        self.deliver(Envelope(THEM, (ANN, BOB), MailParameters(envid="QQ1", ret="FULL"), {BOB: SUCCESS}))
        (queued,) = self.queue.messages
        self.assertEqual((queued.return_path, queued.recipients), (None, (THEM,)))
        content = self.queue.contents[0]
        for expected in (
            b"Action: delivered",
            b"Original-Envelope-Id: QQ1",
            b"Original-Recipient: rfc822;Bob@Example.com",
            b"Final-Recipient: rfc822; bob@example.com",
            b"Subject: hello",
        ):
            self.assertIn(expected, content)
        self.assertEqual(content.count(b"Final-Recipient"), 1)
        self.assertNotIn(b"body\r\n", content)
        self.assertEqual(self.events.kinds, ["message.received", "message.confirmed"])

    def test_submission(self) -> None:
        """So does that for an account's message to another account, into its own mailbox."""
        self.deliver(Envelope(ANN, (BOB, THEM), dsn={BOB: SUCCESS, THEM: RecipientParameters("SUCCESS")}))
        report = message_from_bytes(self.mailbox(self.ann)[0])
        self.assertEqual(report["Subject"], "Your message was delivered")
        (queued,) = self.queue.messages
        self.assertEqual((queued.recipients, queued.notify), ((THEM,), {BOB: "SUCCESS", THEM: "SUCCESS"}))

    def test_not_asked(self) -> None:
        """Nobody else hears of it."""
        for notify in (None, "NEVER", "FAILURE,DELAY"):
            self.deliver(Envelope(THEM, (BOB,), dsn={BOB: RecipientParameters(notify)}))
        self.deliver(Envelope(None, (BOB,), dsn={BOB: SUCCESS}))
        self.assertEqual(self.queue.messages, [])

    def test_backscatter(self) -> None:
        """Nothing goes to a sender whose name may be forged, nor about spam."""
        envelope = Envelope(THEM, (BOB,), dsn={BOB: SUCCESS})
        for judged in FORGED:
            self.screening.verdict = judged
            self.deliver(envelope)
        self.assertEqual(self.queue.messages, [])
