"""SMTP smuggling: no sequence of octets inside a content may end it for us and not for others, or the reverse.

The vectors are those of CVE-2023-51764, CVE-2023-51765, CVE-2023-51766 and CVE-2024-27305.
"""

from twisted.trial.unittest import SynchronousTestCase

from tests.smtp.listening import Listener

ENDS = {
    "lf_dot_lf": b"\n.\n",
    "lf_dot_crlf": b"\n.\r\n",
    "crlf_dot_lf": b"\r\n.\n",
    "cr_dot_cr": b"\r.\r",
    "crlf_dot_cr": b"\r\n.\r",
    "crlf_dot_cr_crlf": b"\r\n.\r\r\n",
    "crlf_dot_nul_crlf": b"\r\n.\0\r\n",
    "cr_crlf_dot_crlf": b"\r\r\n.\r",
    "crlf_dot_lf_cr": b"\r\n.\n\r",
}
INSIDE = b"MAIL FROM:<ceo@example.test>\r\nRCPT TO:<bob@example.test>\r\nDATA\r\nsmuggled\r\n.\r\n"


class Smuggling(SynchronousTestCase):
    """Every vector, in one piece and cut at every octet."""

    def refused(self, end: bytes, size: int) -> None:
        """The first content with ``end`` in it is refused whole, and what it hides only then becomes visible."""
        listener = Listener()
        dialogue = listener.in_content()
        wire = b"Subject: a\r\n\r\nbody" + end + b"MAIL FROM:<ceo@example.test>\r\nRCPT TO:<bob@example.test>\r\n"
        for start in range(0, len(wire), size):
            dialogue.send(wire[start : start + size])
        self.assertEqual(dialogue.answers(), b"", end)
        for octet in (b".", b"\r", b"\n"):
            dialogue.send(octet)
        (reply,) = dialogue.lines()
        self.assertRegex(reply, r"^5(50 5\.6\.11|54 5\.6\.0) ")
        self.assertEqual(listener.reception.received, [])
        self.assertEqual(listener.spool.open, set())
        dialogue.run("C: RCPT TO:<ann@example.test>\nS: 503 ...")

    def test_no_other_end(self) -> None:
        """None of the known sequences ends a content, and none is stored or forwarded."""
        for end in ENDS.values():
            for size in (1, 2, 3, 7, 10_000):
                self.refused(end, size)

    def test_cut_at_every_octet(self) -> None:
        """The outcome is the same wherever two segments meet."""
        for end in ENDS.values():
            wire = b"x" + end + b"y\r\n.\r\n"
            for cut in range(len(wire) + 1):
                dialogue = (listener := Listener()).in_content()
                dialogue.send(wire[:cut])
                dialogue.send(wire[cut:])
                self.assertEqual(len(dialogue.lines()), 1, (end, cut))
                self.assertEqual(listener.reception.received, [])

    def test_end_in_first_place(self) -> None:
        """A content that begins with a false end is not empty."""
        for end in (b".\n", b".\r", b".\r\r\n"):
            dialogue = Listener().in_content()
            dialogue.send(end)
            self.assertEqual(dialogue.answers(), b"")

    def test_commands_with_bare_newlines(self) -> None:
        """A command line that ends with LF alone is not carried out."""
        Listener().connect().run("""
            S: 220 ...
            C< EHLO client.test\\nMAIL FROM:<a@b.test>\\r\\n
            S: 500 5.5.2 ...
            S: 503 ...
            C< EHLO a\\rb\\r\\n
            S: 500 5.5.2 ...
        """)
