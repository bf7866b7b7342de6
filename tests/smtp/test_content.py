"""The content scanner: one meaning for any octets, however they are cut."""

from itertools import pairwise

from attrs import define
from hypothesis import example, given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from daptinmail.smtp.content import ContentScanner, Fault

PIECES = st.lists(st.sampled_from([b"\r", b"\n", b".", b"\r\n", b"x", b"\0", b"\r\n.", b"yy", b"z" * 30]), max_size=30)


@define
class Scanned:
    """A scanner that was fed some octets, and what came out of it."""

    scanner: ContentScanner
    content: bytes = b""

    def feed(self, data: bytes) -> None:
        """After the end, what comes belongs to the rest."""
        if self.scanner.ended:
            self.scanner.rest += data
        else:
            self.content += self.scanner.feed(data)

    def facts(self) -> tuple[object, ...]:
        """Everything that must not depend on how the octets were cut."""
        scanner = self.scanner
        content = None if scanner.fault else self.content
        return scanner.ended, scanner.rest if scanner.ended else None, scanner.fault, content


def scan(wire: bytes, cuts: list[int] | None = None, max_size: int = 10**6, max_line: int = 65535) -> Scanned:
    """``wire``, fed cut at ``cuts``."""
    scanned = Scanned(ContentScanner(max_size, max_line))
    edges = [0, *sorted(cuts or ()), len(wire)]
    for start, end in pairwise(edges):
        scanned.feed(wire[start:end])
    return scanned


def stuffed(content: bytes) -> bytes:
    """As a client sends it (RFC 5321 §4.5.2)."""
    return (b"\r\n" + content).replace(b"\r\n.", b"\r\n..")[2:] + b".\r\n"


class AnyCut(SynchronousTestCase):
    """Properties."""

    @given(PIECES, st.lists(st.integers(0, 200), max_size=20))
    @example([b"\r\n.", b"\r", b"\r\n.", b"\r\n"], [1, 2, 3, 4])
    def test_cuts_do_not_matter(self, pieces: list[bytes], cuts: list[int]) -> None:
        """A content cut at any places is the same content, with the same end and the same fault."""
        wire = b"".join(pieces) + b"\r\n.\r\nQUIT\r\n"
        cuts = [min(cut, len(wire)) for cut in cuts]
        for max_size, max_line in ((10**6, 65535), (20, 65535), (10**6, 24)):
            whole = scan(wire, None, max_size, max_line)
            self.assertEqual(scan(wire, cuts, max_size, max_line).facts(), whole.facts())
            self.assertTrue(whole.scanner.ended)

    @given(PIECES)
    def test_only_crlf_dot_crlf_ends(self, pieces: list[bytes]) -> None:
        """The end is the first CRLF.CRLF, the beginning counting as a CRLF."""
        wire = b"".join(pieces)
        end = (b"\r\n" + wire).find(b"\r\n.\r\n")
        scanner = scan(wire).scanner
        self.assertEqual(scanner.ended, end >= 0)
        if end >= 0:
            self.assertEqual(scanner.rest, wire[end + 3 :])

    @given(st.lists(st.binary(max_size=40).map(lambda line: line.translate(None, b"\r\n\0"))))
    def test_round_trip(self, lines: list[bytes]) -> None:
        """Every content of CRLF lines comes out as it went in, dots and all."""
        content = b"".join(line + b"\r\n" for line in lines)
        scanned = scan(stuffed(content))
        self.assertTrue(scanned.scanner.ended)
        self.assertIsNone(scanned.scanner.fault)
        self.assertEqual((scanned.content, scanned.scanner.size), (content, len(content)))


class Limits(SynchronousTestCase):
    """Edges."""

    def test_size(self) -> None:
        """Stuffing and the final dot do not count (RFC 1870 §3)."""
        self.assertIsNone(scan(b"..23456\r\n.\r\n", max_size=8).scanner.fault)
        self.assertIs(scan(b"..234567\r\n.\r\n", max_size=8).scanner.fault, Fault.TOO_LARGE)

    def test_line(self) -> None:
        """A line may have ``max_line`` octets with its CRLF."""
        for length, fault in ((98, None), (99, Fault.LONG_LINE)):
            wire = b"a\r\n" + b"x" * length + b"\r\nb\r\n.\r\n"
            self.assertIs(scan(wire, max_line=100).scanner.fault, fault)
            self.assertIs(scan(wire, list(range(len(wire))), max_line=100).scanner.fault, fault)

    def test_first_fault_is_told(self) -> None:
        """The most dangerous fault wins."""
        self.assertIs(
            scan(b"\0" + b"x" * 200 + b"\n\r\n.\r\n", max_size=1, max_line=10).scanner.fault, Fault.BARE_NEWLINE
        )

    def test_memory(self) -> None:
        """Octets come out as they go in; nearly nothing is held back."""
        scanner = ContentScanner(10**9, 65535)
        for _ in range(100):
            self.assertGreaterEqual(len(scanner.feed(b"x" * 1000 + b"\r\n")), 998)
