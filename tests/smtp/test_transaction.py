"""MAIL, RCPT and DATA as conversations."""

from twisted.trial.unittest import SynchronousTestCase

from tests.smtp.listening import TRANSACTION, Listener


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
        self.assertEqual(listener.spool.open, set())
