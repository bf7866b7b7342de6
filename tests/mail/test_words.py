"""Header values as text."""

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from daptinmail.mail.words import decode_charset, decode_words


class DecodeWordsTests(SynchronousTestCase):
    """``decode_words``."""

    def test_both_encodings(self) -> None:
        """B and Q words become text."""
        self.assertEqual(decode_words(b"=?utf-8?B?w4Rw?= =?ISO-8859-1?q?_f=FCr?= x"), "Äp für x")

    def test_blanks_between_words(self) -> None:
        """Blanks between two encoded words do not count; others do (RFC 2047 §6.2)."""
        self.assertEqual(decode_words(b"=?utf-8?q?a?= \t =?utf-8?q?b?= c =?utf-8?q?d?="), "ab c d")

    def test_character_across_words(self) -> None:
        """A character that a sender cut in two is put together."""
        self.assertEqual(decode_words(b"=?utf-8?q?=C3?= =?utf-8?q?=A4?="), "ä")

    def test_raw_eight_bit(self) -> None:
        """Raw UTF-8 is read as that, anything else as Latin-1."""
        self.assertEqual(decode_words("Grüße".encode()), "Grüße")
        self.assertEqual(decode_words(b"Gr\xfc\xdfe"), "Grüße")

    def test_language(self) -> None:
        """A word may name its language (RFC 2231 §5)."""
        self.assertEqual(decode_words(b"=?utf-8*de?q?a?="), "a")

    def test_unknown_charset(self) -> None:
        """Unknown, dangerous or non-text charsets fall back."""
        for charset in (b"x-none", b"punycode", b"idna", b"rot13", b"zlib", b"unicode_escape", b"../../os"):
            self.assertEqual(decode_words(b"=?" + charset + b"?q?ab?="), "ab")

    def test_broken_words_stay(self) -> None:
        """What is no encoded word is shown as written."""
        for value in (b"=?utf-8?q?a", b"=?utf-8?x?a?=", b"=??q?a?=", b"=?=", b"=?"):
            self.assertEqual(decode_words(value), value.decode())

    def test_bad_base64(self) -> None:
        """Base64 that makes no sense shows its text."""
        self.assertEqual(decode_words(b"=?utf-8?b?YWJj!ZA?="), "abcd")
        self.assertEqual(decode_words(b"=?utf-8?b?Y?="), "Y")

    def test_no_controls_come_out(self) -> None:
        """No NUL, line end or lone surrogate reaches the database."""
        self.assertEqual(decode_words(b"=?utf-8?q?a=00b=0D=0Ac?="), "a b c")
        decode_words(b"=?utf-7?q?+2AA-?=").encode("utf-8")

    @given(st.binary(max_size=80), st.sampled_from(["", "utf-7", "utf-16", "iso-2022-jp", "hz", "big5", "\x00", "ä"]))
    def test_any_octets(self, data: bytes, charset: str) -> None:
        """Any octets in any charset become text that can be stored."""
        decode_charset(data, charset)
        decode_words(b"=?" + charset.encode() + b"?Q?" + data + b"?= " + data).encode("utf-8")
