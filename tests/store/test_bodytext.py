"""The text of a message as the API shows it."""

from base64 import b64encode

from twisted.trial.unittest import SynchronousTestCase

from daptinmail.store.bodytext import MAX_BODY, body_text

HTML = b"--x\r\nContent-Type: text/html\r\n\r\n<p>no</p>\r\n"


def message(body: bytes, *fields: bytes) -> bytes:
    """A message."""
    return b"".join(field + b"\r\n" for field in (b"MIME-Version: 1.0", *fields)) + b"\r\n" + body


class BodyTextTests(SynchronousTestCase):
    """The first plain text, decoded."""

    def test_encodings(self) -> None:
        """Transfer encodings and charsets are undone; a NUL, which no database text may hold, goes."""
        text = "Grüße\r\n"
        latin = b"Content-Type: text/plain; charset=iso-8859-1"
        coded = b64encode(text.encode("latin-1"))
        self.assertEqual(body_text(message(coded, latin, b"Content-Transfer-Encoding: base64")), text)
        printable = b"Gr=FC=DFe\r\n"
        self.assertEqual(body_text(message(printable, latin, b"Content-Transfer-Encoding: quoted-printable")), text)
        self.assertEqual(body_text(message(b"a\x00b")), "ab")

    def test_nonsense(self) -> None:
        """What claims to be base64 and is not is shown as it is written, or as far as it goes."""
        self.assertEqual(body_text(message(b"QUJDR", b"Content-Transfer-Encoding: base64")), "ABC")
        self.assertEqual(body_text(message(b"A===", b"Content-Transfer-Encoding: base64")), "A===")
        self.assertEqual(body_text(message(b"QUJD", b"Content-Transfer-Encoding: base64")), "ABC")

    def test_first_text(self) -> None:
        """Of several parts the first inline text counts; attachments do not; without one there is none."""
        multipart = b'Content-Type: multipart/mixed; boundary="x"'
        attached = b"--x\r\nContent-Disposition: attachment\r\n\r\nfile\r\n"
        inline = b"--x\r\nContent-Type: text/plain\r\n\r\nyes\r\n"
        self.assertEqual(body_text(message(HTML + attached + inline + b"--x--\r\n", multipart)).strip(), "yes")
        self.assertEqual(body_text(message(HTML + attached + b"--x--\r\n", multipart)), "")

    def test_long(self) -> None:
        """A long text is cut; a character that falls apart there does not spoil the rest."""
        long = message(b"x" + "ä".encode() * 200_000, b"Content-Type: text/plain; charset=utf-8")
        self.assertEqual(body_text(long), "x" + "ä" * (MAX_BODY - 1))
        self.assertEqual(len(body_text(message(b"x" * (MAX_BODY + 1000)))), MAX_BODY)
