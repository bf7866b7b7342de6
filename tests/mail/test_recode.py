"""Binary parts in base64."""

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from daptinmail.mail.recode import without_nul
from daptinmail.mail.structure import parse_structure
from daptinmail.mail.transfer_encoding import decode_all


def recoded(content: bytes) -> bytes:
    """All of it."""
    return b"".join(without_nul(content))


def leaves(content: bytes) -> list[bytes]:
    """The decoded bodies."""
    parts = [part for part in parse_structure(content).walk() if not part.children and part.message is None]
    return [decode_all(part.encoding, content[part.body_start : part.body_end]) for part in parts]


MIXED = (
    b"Subject: x\r\nContent-Type: multipart/mixed; boundary=b\r\nContent-Transfer-Encoding: binary\r\n\r\n"
    b"--b\r\n\r\ntext\r\n"
    b"--b\r\nContent-Type: image/png\r\ncontent-transfer-encoding:\r\n binary\r\nContent-ID: <1>\r\n\r\n%b"
    b"\r\n--b\r\nContent-Type: a/b\r\nContent-Transfer-Encoding: binary\r\n\r\nno nul\r\n--b--\r\n"
)


class RecodeTests(SynchronousTestCase):
    """``without_nul``."""

    def test_parts(self) -> None:
        """Only the parts that need it are encoded, and say so; they decode to what they were."""
        content = MIXED % b"\x00\r\n\xff"
        done = recoded(content)
        self.assertNotIn(b"\x00", done)
        self.assertIn(b"Content-Type: image/png\r\nContent-Transfer-Encoding: base64\r\nContent-ID: <1>\r\n\r\n", done)
        self.assertEqual(leaves(done), leaves(content))
        self.assertEqual(done.replace(b"AA0K/w==", b"").count(b"base64"), 1)

    def test_single(self) -> None:
        """A message without parts."""
        done = recoded(b"Content-Transfer-Encoding: binary\r\n\r\n\x00")
        self.assertEqual(done, b"Content-Transfer-Encoding: base64\r\n\r\nAA==")

    def test_elsewhere(self) -> None:
        """A NUL that no encoding allows stays, for others to refuse."""
        for content in (b"Subject: \x00\r\n\r\n", b"\r\n\x00", b"Content-Transfer-Encoding: 8bit\r\n\r\n\x00"):
            self.assertEqual(recoded(content), content)

    @given(st.binary(max_size=200).filter(lambda octets: b"--b" not in octets))
    def test_any_octets(self, octets: bytes) -> None:
        """Whatever a part holds comes back."""
        content = MIXED % (b"\x00" + octets)
        self.assertEqual(leaves(recoded(content))[1], b"\x00" + octets)

    def test_large(self) -> None:
        """In pieces, not at once."""
        pieces = list(without_nul(b"Content-Transfer-Encoding: binary\r\n\r\n" + bytes(1 << 20)))
        self.assertLess(max(map(len, pieces)), 400_000)
        self.assertEqual(leaves(b"".join(pieces)), [bytes(1 << 20)])
