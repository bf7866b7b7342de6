"""Transfer encodings, undone a piece at a time."""

import binascii
from base64 import b64encode, encodebytes

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from daptinmail.mail.transfer_encoding import LONGEST_HELD, decode_all, decoder_for

ENCODINGS = ("7bit", "8bit", "binary", "base64", "quoted-printable")


def in_pieces(encoding: str, octets: bytes, size: int) -> bytes:
    """Decoded a few octets at a time."""
    decoder = decoder_for(encoding)
    assert decoder is not None
    pieces = [decoder.decode(octets[at : at + size], last=False) for at in range(0, len(octets), size)]
    return b"".join([*pieces, decoder.decode(b"", last=True)])


class DecodeTests(SynchronousTestCase):
    """``decoder_for`` and ``decode_all``."""

    def test_known(self) -> None:
        """Every encoding of RFC 2045 is known, others are not."""
        self.assertEqual([encoding for encoding in ENCODINGS if decoder_for(encoding) is None], [])
        for encoding in ("x-uuencode", "", "base64 "):
            self.assertIsNone(decoder_for(encoding))
        self.assertEqual(decode_all("x-uuencode", b"abc"), b"abc")

    def test_base64_with_junk(self) -> None:
        """Characters that are none of it are passed over, padding ends it, what is left of a group is taken."""
        self.assertEqual(decode_all("base64", b"QU\r\nJD\t!\x00"), b"ABC")
        self.assertEqual(decode_all("base64", b"QUJDRA==\r\n-- \r\nA footer"), b"ABCD")
        self.assertEqual(decode_all("base64", b"QUJDRA"), b"ABCD")
        self.assertEqual(decode_all("base64", b"QUJDR"), b"ABC")
        self.assertEqual(decode_all("base64", b"===="), b"")

    def test_quoted_printable(self) -> None:
        """Soft line breaks, blanks at the end of a line, and what is no escape."""
        self.assertEqual(
            decode_all("quoted-printable", b"a=\r\nb  \r\nc=20\t\r\n=XY=C3=BC="), b"ab\r\nc \r\n=XY\xc3\xbc"
        )

    def test_long_line(self) -> None:
        """A line without end is not kept."""
        decoder = decoder_for("quoted-printable")
        assert decoder is not None
        line = b"=41" * LONGEST_HELD
        decoded = b"".join([decoder.decode(line[at : at + 1000], last=False) for at in range(0, len(line), 1000)])
        self.assertGreater(len(decoded), len(line) / 3 - LONGEST_HELD)
        self.assertEqual(decoded + decoder.decode(b"", last=True), b"A" * LONGEST_HELD)

    def test_blanks_cost_no_more_than_letters(self) -> None:
        """A megabyte of blanks is read once."""
        self.assertEqual(len(decode_all("quoted-printable", b" " * (1 << 20) + b"x")), (1 << 20) + 1)

    @given(st.binary(max_size=300), st.integers(1, 20))
    def test_round_trip(self, octets: bytes, size: int) -> None:
        """What was encoded comes back, however it is cut."""
        self.assertEqual(in_pieces("base64", encodebytes(octets), size), octets)
        self.assertEqual(in_pieces("base64", b64encode(octets), size), octets)
        self.assertEqual(
            in_pieces("quoted-printable", binascii.b2a_qp(octets, quotetabs=True, istext=False), size), octets
        )
        self.assertEqual(in_pieces("binary", octets, size), octets)

    @given(st.lists(st.sampled_from([b"=", b"=4", b"=41", b"\r\n", b"\n", b" ", b"A", b"\xff", b"QUJD"]), max_size=40))
    def test_pieces_make_no_difference(self, words: list[bytes]) -> None:
        """Nothing raises, and the same comes out of pieces and of the whole."""
        octets = b"".join(words)
        for encoding in ENCODINGS:
            for size in (1, 2, 7):
                self.assertEqual(in_pieces(encoding, octets, size), decode_all(encoding, octets), (encoding, octets))
