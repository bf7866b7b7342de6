"""Text parts as text."""

from base64 import b64encode

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from daptinmail.mail.structure import Part
from daptinmail.mail.textpart import decode_text


def decoded(octets: bytes, encoding: str = "7bit", charset: bytes = b"utf-8") -> str:
    """The text of a part with this body."""
    return decode_text(Part(0, 0, len(octets), encoding=encoding, parameters=((b"charset", charset),)), octets)


class TextPartTests(SynchronousTestCase):
    """What a reader sees and a search finds."""

    def test_encodings(self) -> None:
        """Quoted-printable and base64 are undone, then the charset; anything else is taken as it is."""
        self.assertEqual(decoded(b"Gr=FC=DFe", "quoted-printable", b"iso-8859-1"), "Grüße")
        self.assertEqual(decoded(b64encode("Grüße".encode()), "base64"), "Grüße")
        self.assertEqual(decoded("Grüße".encode(), "8bit"), "Grüße")
        self.assertEqual(decoded(b"abc", "x-uuencode"), "abc")

    def test_damaged_base64(self) -> None:
        """Line ends and strange characters are passed over; what is whole is read, what is not base64 at all stays."""
        self.assertEqual(decoded(b"QU\r\nJD\t!", "base64"), "ABC")
        self.assertEqual(decoded(b"QUJDRA", "base64"), "ABCD")
        self.assertEqual(decoded(b"QUJDR", "base64"), "ABC")
        self.assertEqual(decoded(b"A===", "base64"), "A===")

    def test_beginning(self) -> None:
        """The beginning of a long text may end within a character; a whole text that does is in another charset."""
        part = Part(0, 0, 100, parameters=((b"charset", b"utf-8"),))
        self.assertEqual(decode_text(part, "Grüß".encode()[:-1]), "Grü")
        self.assertEqual(decoded(b"Caf\xe9"), "Café")

    @given(st.binary(), st.sampled_from(["base64", "quoted-printable", "7bit"]), st.binary(max_size=8))
    def test_anything(self, octets: bytes, encoding: str, charset: bytes) -> None:
        """Nothing raises."""
        decoded(octets, encoding, charset)
