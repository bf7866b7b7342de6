"""Promises of ``daptinmail.mail.preview``."""

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from daptinmail.mail.preview import MAX_PREVIEW, preview
from daptinmail.mail.structure import parse_structure


def of(content: bytes) -> bytes:
    """The preview of a content."""
    return preview(content, parse_structure(content))


def html(text: str) -> bytes:
    """A message in HTML."""
    return b"Content-Type: text/html; charset=utf-8\r\n\r\n" + text.encode()


class PreviewTests(SynchronousTestCase):
    """The first words, as lists of messages show them (RFC 8970)."""

    def test_plain(self) -> None:
        """Blanks and line ends become one blank; the signature is no preview."""
        self.assertEqual(
            of(b"Subject: x\r\n\r\nGood  morning,\r\n\r\nAnn.\r\n-- \r\nAnn Example\r\n"), b"Good morning, Ann."
        )

    def test_html(self) -> None:
        """Tags, styles and comments are not shown, entities are characters."""
        text = "<style>p {color: red}</style><!-- x --><p>Tom &amp; Jerry</p><script>go()</script>caf&eacute;"
        self.assertEqual(of(html(text)), "Tom & Jerry café".encode())

    def test_plain_before_html(self) -> None:
        """Of alternatives the plain one is shown."""
        parts = b"--b\r\nContent-Type: text/html\r\n\r\n<b>no</b>\r\n--b\r\n\r\nyes\r\n--b--\r\n"
        self.assertEqual(of(b"Content-Type: multipart/alternative; boundary=b\r\n\r\n" + parts), b"yes")

    def test_attachments_are_not_shown(self) -> None:
        """A message of one picture has an empty preview."""
        self.assertEqual(of(b"Content-Type: image/png\r\n\r\n\x89PNG"), b"")
        self.assertEqual(of(b"Content-Disposition: attachment\r\n\r\nsecret"), b"")

    def test_limit(self) -> None:
        """200 characters, whole ones."""
        shown = of(html("é" * 1000))
        self.assertEqual(len(shown.decode("utf-8")), MAX_PREVIEW)

    @given(st.binary(), st.sampled_from([b"text/html", b"text/plain; charset=utf-16", b"text/plain; charset=x"]))
    def test_anything(self, octets: bytes, kind: bytes) -> None:
        """Whatever is in the body, the preview is short UTF-8 without controls."""
        text = of(b"Content-Type: %b\r\n\r\n%b" % (kind, octets)).decode("utf-8")
        self.assertLessEqual(len(text), MAX_PREVIEW)
        self.assertFalse(set(text) & set(map(chr, range(32))))

    @given(
        st.lists(st.sampled_from(["<", ">", "<!--", "-->", "<style", "</style>", "&amp;", "&#", "x", "/"])).map("".join)
    )
    def test_any_tags(self, text: str) -> None:
        """Damaged HTML harms nobody."""
        of(html(text * 50))
