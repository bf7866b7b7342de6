"""What ``twisted.mail.smtp`` does wrong, by name, and that our subclass does not. A test whose fault Twisted has
repaired can go, with the override it guards."""

from twisted.mail.smtp import ESMTP
from twisted.trial.unittest import SynchronousTestCase

from daptinmail.errors import Unavailable
from tests.smtp.listening import TRANSACTION, Listener


class TwistedFaults(SynchronousTestCase):
    """One test for each fault."""

    def test_still_an_esmtp(self) -> None:
        """The server is Twisted's class, repaired."""
        self.assertIsInstance(Listener().connect().protocol, ESMTP)

    def test_starttls_plaintext_injection(self) -> None:
        """Bytes behind STARTTLS, sent in clear, are never carried out: the connection is dropped."""
        for behind in ("EHLO injected\\r\\n", "N", "\\r\\n"):
            dialogue = Listener(starttls=True).greeted()
            dialogue.run(f"C< STARTTLS\\r\\n{behind}\nS! closed\nC: NOOP\nS! silent")
            self.assertEqual(dialogue.wire.contexts, [])

    def test_starttls_behind_a_pending_command(self) -> None:
        """Nor when STARTTLS had to wait in the queue."""
        listener = Listener(starttls=True)
        dialogue = listener.greeted()
        listener.reception.gate.shut()
        dialogue.run("C< MAIL FROM:<>\\r\\nRSET\\r\\nSTARTTLS\\r\\nEHLO injected\\r\\n\nS! silent")
        listener.reception.gate.open()
        dialogue.run("S: 250 2.1.0 ...\nS: 250 2.0.0 OK\nS! closed")
        self.assertEqual(dialogue.wire.contexts, [])

    def test_long_content_line_runs_as_commands(self) -> None:
        """A line of any length in the content stays content."""
        listener = Listener()
        dialogue = listener.in_content()
        for length in (16384, 16385, 65533):
            dialogue.send(b"x" * length + b"\r\n")
        dialogue.run("C: MAIL FROM:<a@b.test>\nS! silent\nC: .\nS: 250 ...")
        dialogue = listener.in_content()
        dialogue.send(b"x" * 65534 + b"\r\n")
        dialogue.run("C: MAIL FROM:<a@b.test>\nS! silent\nC: .\nS: 554 5.6.0 Line too long in content")
        self.assertEqual(len(listener.reception.received), 1)

    def test_pipelining_breaks_when_a_hook_waits(self) -> None:
        """MAIL, RCPT and DATA in one segment are answered in order, however long each takes."""
        listener = Listener()
        dialogue = listener.greeted()
        listener.reception.gate.shut()
        dialogue.send(
            b"MAIL FROM:<>\r\nRCPT TO:<ann@example.test>\r\nRCPT TO:<no@example.test>\r\nDATA\r\n"
            b"text\r\n.\r\nNOOP\r\nQUIT\r\n"
        )
        for _ in range(10):
            listener.reception.gate.open()
            listener.reception.gate.shut()
        dialogue.run("S: 250 2.1.0 ...\nS: 250 2.1.5 ...\nS: 550 5.1.1 ...\nS: 354 ...\nS: 250 2.0.0 OK: queued as ...")
        dialogue.run("S: 250 2.0.0 OK\nS: 221 ...\nS! closed")

    def test_failure_at_end_of_content_is_550(self) -> None:
        """A full disk is told as temporary."""
        listener = Listener()
        listener.reception.receive_fails = Unavailable()
        listener.in_content().run("C: .\nS: 451 4.3.0 ...")

    def test_mail_without_helo(self) -> None:
        """No mail from who did not greet."""
        Listener().connect().run("S: 220 ...\nC: MAIL FROM:<a@b.test>\nS: 503 ...")

    def test_mail_parameters_are_ignored(self) -> None:
        """An extension that is not offered is refused, not ignored."""
        Listener().greeted().run("C: MAIL FROM:<a@b.test> RET=FULL\nS: 555 5.5.4 ...")

    def test_non_ascii_verb_loses_the_connection(self) -> None:
        """Odd octets are a bad command, nothing worse."""
        Listener().connect().run("S: 220 ...\nC< \\xfe\\xff\\r\\n\nS: 500 ...\nC: NOOP\nS: 250 ...")

    def test_auth_without_argument_is_an_index_error(self) -> None:
        """AUTH alone is a bad command, nothing worse."""
        Listener(implicit_tls=True).greeted().run("C: AUTH\nS: 504 ...")

    def test_bare_newlines_are_stored(self) -> None:
        """Bare CR and LF are never taken."""
        listener = Listener()
        listener.in_content().run("C< a\\nb\\r\\n.\\r\\n\nS: 550 5.6.11 ...")
        self.assertEqual(listener.reception.received, [])

    def test_inherited_verbs_are_reachable(self) -> None:
        """Nothing answers to a name of Twisted's methods."""
        dialogue = Listener().connect().run("S: 220 ...")
        for name in ("UNKNOWN", "QUIT_", "HELP_"):
            dialogue.run(f"C: {name}\nS: 500 5.5.2 ...")

    def test_content_behind_a_refused_data_runs_as_commands(self) -> None:
        """Who sends content without waiting for 354 never has it carried out as commands (RFC 2920 §3.1)."""
        Listener().greeted().run("""
            C: MAIL FROM:<>
            S: 250 ...
            C< DATA\\r\\nRSET\\r\\nMAIL FROM:<a@b.test>\\r\\n
            S: 554 5.5.1 ...
            S! closed
        """)

    def test_content_in_the_same_segment_as_data(self) -> None:
        """Behind an accepted DATA everything is content."""
        listener = Listener()
        listener.connect().run(
            "S: 220 ..."
            + TRANSACTION.replace("C: DATA\n    S: 354 ...", "")
            + "C< DATA\\r\\nQUIT\\r\\n.\\r\\n\nS: 354 ...\nS: 250 ...\nC: NOOP\nS: 250 ..."
        )
        self.assertEqual(listener.reception.received[0].content, b"QUIT\r\n")
