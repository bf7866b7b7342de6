"""Finding fields in a header section."""

import mmap
import tempfile

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from daptinmail.mail.header import (
    MAX_FIELDS,
    MAX_HEADER,
    HeaderSection,
    find_fields,
    header_end,
    select_fields,
    unfold,
)

RAW = b"From: a\r\nX-Long: one\r\n\ttwo\r\n three\r\nnonsense\r\nsubject : x\r\nFrom: b\r\n\r\n"


class HeaderEndTests(SynchronousTestCase):
    """``header_end``."""

    def test_empty_line(self) -> None:
        """The body begins after the first empty line, with CRLF or LF."""
        self.assertEqual(header_end(b"A: b\r\n\r\nbody\r\n\r\n"), 8)
        self.assertEqual(header_end(b"A: b\n\nbody"), 6)

    def test_no_header(self) -> None:
        """A content that begins with an empty line is all body."""
        self.assertEqual((header_end(b"\r\nbody"), header_end(b"\nbody"), header_end(b"")), (2, 1, 0))

    def test_no_body(self) -> None:
        """Without an empty line there is no body."""
        self.assertEqual(header_end(b"A: b\r\n"), 6)

    def test_window(self) -> None:
        """Only the octets of one part are looked at."""
        self.assertEqual(header_end(b"xxA: b\r\n\r\nbody", 2, 8), 8)
        self.assertEqual(header_end(b"x\r\n\r\n", 3, 4), 4)

    def test_too_long(self) -> None:
        """A header over the limit ends at a line end before it."""
        self.assertEqual(header_end(b"A: b\r\n" + b"x" * MAX_HEADER), 6)
        self.assertEqual(header_end(b"x" * (MAX_HEADER + 5)), MAX_HEADER)

    def test_mapped(self) -> None:
        """A file mapped into memory reads like bytes."""
        with tempfile.TemporaryFile() as file:
            file.write(RAW + b"body")
            file.flush()
            with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as mapped:
                self.assertEqual(header_end(mapped), len(RAW))


class FieldTests(SynchronousTestCase):
    """``find_fields``, ``select_fields``, ``HeaderSection``."""

    def test_fields_and_offsets(self) -> None:
        """Each field is found with its octets; lines that are none are passed over."""
        fields = list(find_fields(RAW))
        self.assertEqual([one.name for one in fields], [b"From", b"X-Long", b"subject", b"From"])
        self.assertEqual(fields[1].value, b" one\r\n\ttwo\r\n three")
        self.assertEqual(RAW[fields[1].start : fields[1].end], b"X-Long: one\r\n\ttwo\r\n three\r\n")

    def test_select(self) -> None:
        """HEADER.FIELDS gives the named fields and an empty line; HEADER.FIELDS.NOT the others."""
        self.assertEqual(select_fields(RAW, [b"FROM"]), b"From: a\r\nFrom: b\r\n\r\n")
        self.assertEqual(
            select_fields(RAW, [b"from", b"subject"], exclude=True), b"X-Long: one\r\n\ttwo\r\n three\r\n\r\n"
        )
        self.assertEqual(select_fields(RAW, [b"Cc"]), b"\r\n")

    def test_select_without_empty_line(self) -> None:
        """A message that ends within its header section has no empty line, in its fields neither."""
        self.assertEqual(select_fields(b"A: b", [b"a"]), b"A: b")
        self.assertEqual(select_fields(b"A: b\r\nC: d\r\n", [b"a"], exclude=True), b"C: d\r\n")
        self.assertEqual(select_fields(b"\r\n", [b"a"]), b"\r\n")

    def test_values(self) -> None:
        """Values come unfolded, by name in any case."""
        section = HeaderSection(RAW)
        self.assertEqual(section.first(b"x-long"), b"one\ttwo three")
        self.assertEqual(section.every(b"from"), [b"a", b"b"])
        self.assertEqual(section.first(b"subject"), b"x")
        self.assertIsNone(section.first(b"cc"))

    def test_addresses_of_all_fields(self) -> None:
        """Two To fields count as one list."""
        section = HeaderSection(b"To: a@b.test\r\nTo: c@d.test\r\n\r\n")
        self.assertEqual([one.spec for one in section.addresses(b"to")], [b"a@b.test", b"c@d.test"])

    def test_field_bomb(self) -> None:
        """Fields over the limit are not looked at."""
        section = HeaderSection(b"A: b\r\n" * MAX_FIELDS + b"Subject: late\r\n\r\n")
        self.assertIsNone(section.first(b"subject"))

    def test_unfold(self) -> None:
        """Folds go, blanks stay."""
        self.assertEqual(unfold(b" a\r\n b\n\tc "), b"a b\tc")

    @given(st.lists(st.sampled_from([b"A", b":", b" ", b"\t", b"\r\n", b"\n", b"\r", b"\0", b"\xff"]), max_size=50))
    def test_offsets_are_exact(self, pieces: list[bytes]) -> None:
        """Whatever comes, fields lie where they say, in order, and none overlaps."""
        raw = b"".join(pieces)
        last = 0
        for one in find_fields(raw):
            self.assertTrue(last <= one.start < one.end <= len(raw))
            self.assertTrue(raw[one.start : one.end].startswith(one.name))
            self.assertIn(one.value, raw[one.start : one.end])
            last = one.end
