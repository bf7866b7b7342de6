"""What leaves after DATA."""

import re

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from daptinmail.smtp.client_content import DotStuffer


def stuffed(*chunks: bytes) -> bytes:
    """Everything that goes on the wire."""
    stuffer = DotStuffer()
    return b"".join([*(stuffer.feed(chunk) for chunk in chunks), stuffer.finish()])


def unstuffed(wire: bytes) -> bytes:
    """What a strict host reads (RFC 5321 §4.5.2)."""
    body = wire.removesuffix(b".\r\n")
    return re.sub(rb"^\.", b"", body.replace(b"\r\n.", b"\r\n"))


PIECES = st.lists(st.sampled_from([b"a", b".", b"\r\n", b"\r", b"\n", b"..", b"\r\n.", b"\xff"]), max_size=30)


class DotStufferTests(SynchronousTestCase):
    """Dots are doubled, line ends are CRLF, the end is one line with a dot."""

    def test_dots(self) -> None:
        """Lines that begin with a dot get another one."""
        self.assertEqual(stuffed(b".a\r\nb.\r\n..c\r\n"), b"..a\r\nb.\r\n...c\r\n.\r\n")

    def test_missing_line_end(self) -> None:
        """A content without a last line end gets one; an empty one is just the dot."""
        self.assertEqual(stuffed(b"a"), b"a\r\n.\r\n")
        self.assertEqual(stuffed(), b".\r\n")

    def test_chunks(self) -> None:
        """Line ends and dots may fall between chunks."""
        self.assertEqual(stuffed(b"a\r", b"\n", b".b\r", b"\n.\r\n"), b"a\r\n..b\r\n..\r\n.\r\n")

    def test_smuggling_out(self) -> None:
        """CVE-2023-51764 and its kin: no bare CR or LF leaves, so nothing can look like an early end elsewhere."""
        for vector in (
            b"\n.\n",
            b"\n.\r\n",
            b"\r\n.\n",
            b"\r.\r",
            b"\r\n.\r",
            b"\r\n.\r\r\n",
            b"\r\n.\0\r\n",
            b"\r\n.\r\n",
        ):
            wire = stuffed(b"a" + vector + b"MAIL FROM:<x@y>\r\n")
            self.assertNotRegex(wire, rb"(?<!\r)\n|\r(?!\n)")
            self.assertEqual(wire.count(b"\r\n.\r\n"), 1, vector)
            self.assertTrue(wire.endswith(b"\r\n.\r\n"))

    @given(PIECES)
    def test_any_content(self, pieces: list[bytes]) -> None:
        """However it is cut, the host reads the content with CRLF line ends, and one end."""
        whole = re.sub(rb"\r\n|\r|\n", b"\r\n", b"".join(pieces))
        wire = stuffed(*pieces)
        self.assertEqual(wire, stuffed(b"".join(pieces)))
        expected = whole if not whole or whole.endswith(b"\r\n") else whole + b"\r\n"
        self.assertEqual(unstuffed(wire), expected)
        self.assertNotIn(b"\r\n.\r\n", (b"\r\n" + wire)[:-3])
