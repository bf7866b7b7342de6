"""MAIL, RCPT and DATA as conversations."""

from twisted.logger import capturedLogs
from twisted.trial.unittest import SynchronousTestCase

from daptinmail.errors import Refused, TooLarge, Unavailable
from daptinmail.mail.reply import Reply
from tests.smtp.listening import TRANSACTION, Listener, listening


class OneMessage(SynchronousTestCase):
    """The ordinary way."""

    def test_message_is_queued(self) -> None:
        """A message for a local account is taken and its trail told."""
        listener = Listener()
        listener.connect().run(
            "S: 220 mail.example.test ESMTP ..."
            + TRANSACTION
            + r"""
            C: Subject: hello
            C:
            C: ..a line with a dot
            C: .
            S~ 250 2\.0\.0 OK: queued as [0-9a-f]{32}
            C: QUIT
            S: 221 2.0.0 ...
            S! closed
            """
        )
        (message,) = listener.reception.received
        self.assertEqual(message.content, b"Subject: hello\r\n\r\n.a line with a dot\r\n")
        self.assertEqual(str(message.envelope.return_path), "eve@far.test")
        self.assertEqual([str(recipient) for recipient in message.envelope.recipients], ["ann@example.test"])
        self.assertEqual(message.origin.protocol(smtputf8=False), "ESMTP")
        self.assertEqual(listener.spool.open, set())

    def test_trail_in_the_reply_is_the_messages(self) -> None:
        """What the client is told is the id the message is known by."""
        listener = Listener()
        dialogue = listener.in_content().run("C: .")
        self.assertEqual(dialogue.lines(), [f"250 2.0.0 OK: queued as {listener.reception.received[0].trail.hex}"])

    def test_two_messages_on_one_connection(self) -> None:
        """The second transaction knows nothing of the first."""
        listener = Listener()
        listener.in_content().run("""
            C: .
            S: 250 ...
            C: MAIL FROM:<>
            S: 250 ...
            C: RCPT TO:<bob@example.test>
            S: 250 ...
            C: RCPT TO:<BOB@example.test>
            S: 550 5.1.1 ...
            C: RCPT TO:<bob@example.test>
            S: 250 ...
            C: DATA
            S: 354 ...
            C: second
            C: .
            S: 250 ...
        """)
        second = listener.reception.received[1]
        self.assertIsNone(second.envelope.return_path)
        self.assertEqual([str(recipient) for recipient in second.envelope.recipients], ["bob@example.test"])

    def test_postmaster_without_domain(self) -> None:
        """Every server has a postmaster (RFC 5321 §4.5.1)."""
        Listener().greeted().run("""
            C: MAIL FROM:<>
            S: 250 ...
            C: RCPT TO:<PostMaster>
            S: 250 2.1.5 ...
        """)


class OutOfOrder(SynchronousTestCase):
    """Commands at the wrong time."""

    def test_sequence(self) -> None:
        """Each verb has its place (RFC 5321 §4.1.4)."""
        Listener().connect().run("""
            S: 220 ...
            C: MAIL FROM:<a@far.test>
            S: 503 5.5.1 ...
            C: EHLO client.test
            S* 250 HELP
            C: RCPT TO:<ann@example.test>
            S: 503 5.5.1 ...
            C: DATA
            S: 503 5.5.1 ...
            C: MAIL FROM:<a@far.test>
            S: 250 ...
            C: MAIL FROM:<a@far.test>
            S: 503 5.5.1 ...
            C: DATA
            S: 554 5.5.1 ...
            C: DATA now
            S: 501 5.5.4 ...
            C: RSET
            S: 250 ...
            C: RCPT TO:<ann@example.test>
            S: 503 5.5.1 ...
            C: MAIL FROM:<a@far.test>
            S: 250 ...
            C: EHLO again.test
            S* 250 HELP
            C: RCPT TO:<ann@example.test>
            S: 503 5.5.1 ...
        """)


class Refusals(SynchronousTestCase):
    """What cannot be taken."""

    def test_declared_size_over_the_limit(self) -> None:
        """SIZE= over the limit is refused before anything is sent."""
        listening(max_size=10000).greeted().run("""
            C: MAIL FROM:<a@far.test> SIZE=10001
            S: 552 5.3.4 Message size exceeds limit of 10000 octets
            C: MAIL FROM:<a@far.test> SIZE=10000
            S: 250 ...
        """)

    def test_content_over_the_limit(self) -> None:
        """A content over the limit is read to its end, refused, and the session goes on."""
        listener = listening(max_size=100)
        listener.in_content().run(
            "C: "
            + "x" * 98
            + """
            C: .
            S: 250 ...
        """
        )
        listener.in_content().run(
            "C: "
            + "x" * 99
            + """
            C: MAIL FROM:<smuggled@far.test>
            S! silent
            C: .
            S: 552 5.3.4 Message size exceeds limit of 100 octets
            C: NOOP
            S: 250 ...
        """
        )
        self.assertEqual(len(listener.reception.received), 1)
        self.assertEqual(listener.spool.open, set())

    def test_flood_beyond_the_limit_is_dropped(self) -> None:
        """Who sends without end is told so and cut off."""
        listener = listening(max_size=100)
        dialogue = listener.in_content()
        for _ in range(65):
            dialogue.send(b"x" * 1_048_000 + b"\r\n")
        dialogue.run("S: 552 5.3.4 ...\nS! closed")
        self.assertEqual(listener.spool.open, set())

    def test_reception_refuses(self) -> None:
        """Reception's own replies reach the client as they are."""
        listener = Listener()
        listener.reception.mail_fails = Refused(Reply(554, "5.7.1", "Client host rejected: Access denied"))
        listener.greeted().run("""
            C: MAIL FROM:<a@far.test>
            S: 554 5.7.1 Client host rejected: Access denied
            C: MAIL FROM:<a@far.test>
            S: 250 ...
            C: RCPT TO:<nobody@example.test>
            S: 550 5.1.1 No such account
        """)
        listener.reception.receive_fails = TooLarge("too big for us")
        listener.in_content().run("C: .\nS: 552 5.3.4 too big for us\nC: DATA\nS: 503 ...")
        self.assertEqual(listener.spool.open, set())

    def test_a_full_disk_does_not_bounce_mail(self) -> None:
        """What fails on our side is temporary, and nothing remains."""
        listener = Listener()
        listener.reception.receive_fails = Unavailable(cause="disk full")
        listener.in_content().run("C: .\nS: 451 4.3.0 Service not available, please try again later")
        listener.spool.write_fails = Unavailable(cause="disk full")
        listener.in_content().run("C: text\nS! silent\nC: QUIT\nS! silent\nC: .\nS: 451 4.3.0 ...")
        self.assertEqual(listener.spool.open, set())

    def test_spool_cannot_be_opened(self) -> None:
        """DATA is refused before any content is sent; the transaction stays."""
        listener = Listener()
        listener.spool.create_fails = Unavailable()
        listener.connect().run(
            "S: 220 ..." + TRANSACTION.replace("S: 354 ...", "S: 451 4.3.0 ...\nC: DATA\nS: 354 ...")
        )

    def test_421_closes(self) -> None:
        """When reception says 421, the connection ends (RFC 5321 §3.8)."""
        listener = Listener()
        listener.reception.mail_fails = Refused(Reply(421, "4.7.0", "Come back later"))
        listener.greeted().run("C: MAIL FROM:<>\nS: 421 4.7.0 Come back later\nS! closed")

    def test_log_names_connection_and_trail(self) -> None:
        """An operator can follow a message by its trail and its connection."""
        listener = Listener()
        with capturedLogs() as events:
            listener.in_content().run("C: text\nC: .\nS: 250 ...")
        (message,) = listener.reception.received
        (line,) = [event for event in events if "trail" in event]
        self.assertEqual((line["trail"], line["connection"]), (message.trail.hex, message.origin.connection))
        self.assertTrue(all(event["connection"] == message.origin.connection for event in events))

    def test_unexpected_errors_are_ours(self) -> None:
        """A bug is logged with the connection's id, answered 451, and the session goes on."""
        listener = Listener()
        listener.reception.mail_fails = ZeroDivisionError("secret detail")
        listener.greeted().run("""
            C: MAIL FROM:<a@far.test>
            S: 451 4.3.0 Temporary failure, please try again later
            C: NOOP
            S: 250 ...
        """)
        self.assertEqual(len(self.flushLoggedErrors(ZeroDivisionError)), 1)

    def test_too_many_recipients(self) -> None:
        """The 101st recipient has to come again; those before it are served."""
        dialogue = Listener().greeted().run("C: MAIL FROM:<>\nS: 250 ...")
        for number in range(100):
            dialogue.run(f"C: RCPT TO:<r{number}@many.test>\nS: 250 ...")
        dialogue.run("C: RCPT TO:<r100@many.test>\nS: 452 4.5.3 ...\nC: DATA\nS: 354 ...")
