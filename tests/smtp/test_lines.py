"""Command lines out of bytes."""

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from daptinmail.smtp.lines import Flaw, LineBuffer


def read(buffer: LineBuffer) -> list[bytes | Flaw]:
    """All lines there are."""
    found = []
    while (line := buffer.line(20, 40)) is not None:
        found.append(line)
    return found


class Lines(SynchronousTestCase):
    """``LineBuffer``."""

    @given(
        st.lists(st.sampled_from([b"\r\n", b"\n", b"\r", b"NOOP", b"x" * 19, b"AUTH ", b"yy"]), max_size=20), st.data()
    )
    def test_cuts_do_not_matter(self, pieces: list[bytes], data: st.DataObject) -> None:
        """Lines are the same however their bytes arrive."""
        wire = b"".join(pieces) + b"\r\n"
        whole = LineBuffer()
        whole.feed(wire)
        wanted = read(whole)
        cut, found, buffer = 0, [], LineBuffer()
        while cut < len(wire):
            step = data.draw(st.integers(1, len(wire) - cut))
            buffer.feed(wire[cut : cut + step])
            found += read(buffer)
            cut += step
        self.assertEqual(found, wanted)

    def test_flaws(self) -> None:
        """A bare LF ends a line that is refused; a long line is one flaw, and takes no memory."""
        buffer = LineBuffer()
        buffer.feed(b"NOOP\nQUIT\r\n")
        self.assertEqual(read(buffer), [Flaw.BARE_LF, b"QUIT"])
        for _ in range(1000):
            buffer.feed(b"x" * 100)
            self.assertEqual(read(buffer), [])
            self.assertLess(len(buffer), 200)
        buffer.feed(b"\r\nNOOP\r\n")
        self.assertEqual(read(buffer), [Flaw.TOO_LONG, b"NOOP"])

    def test_auth_lines_may_be_longer(self) -> None:
        """An initial response may need more than a command (RFC 4954 §4)."""
        buffer = LineBuffer()
        buffer.feed(b"auth " + b"x" * 33 + b"\r\nNOOP " + b"x" * 14 + b"\r\n")
        self.assertEqual(read(buffer), [b"auth " + b"x" * 33, Flaw.TOO_LONG])
