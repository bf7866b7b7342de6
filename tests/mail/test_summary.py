"""What the store keeps about a message."""

import mmap
import re
import tempfile

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from daptinmail.mail.structure import unpack_parts
from daptinmail.mail.summary import Summary, summarize
from tests.mail.corpus import UGLY, crlf

_TOKEN = re.compile(rb'"(?:[^"\\\r\n\0\x80-\xff]|\\["\\])*"|[()]|NIL|\d+| ')
_LITERAL = re.compile(rb"\{(\d+)\}\r\n")
_PIECES = st.sampled_from(
    [
        *(
            b"\r\n",
            b"\n",
            b"\r",
            b" ",
            b"\t",
            b":",
            b";",
            b'"',
            b"\\",
            b"(",
            b")",
            b"<",
            b">",
            b"@",
            b",",
            b"=",
            b"\0",
            b"\xff",
        ),
        *(b"From:", b"To:", b"Subject:", b"Message-ID:", b"Content-Type:", b"Content-Disposition: ", b"a", b"1"),
        *(
            b"Content-Language: de, en",
            b"multipart/mixed; boundary=b",
            b"message/rfc822",
            b"text/plain",
            b"--b",
            b"--b--",
        ),
        *(b"multipart/digest; boundary=c", b"--c", b"\r\n\r\n", b"=?utf-8?q?=C3?=", b"name*0*=", b"Content-ID: "),
    ]
)


def balanced(data: bytes) -> bool:
    """True if ``data`` is one parenthesized list of strings, numbers and lists, as IMAP reads it."""
    depth = position = 0
    while position < len(data):
        literal = _LITERAL.match(data, position)
        if literal:
            position = literal.end() + int(literal[1])
            continue
        token = _TOKEN.match(data, position)
        if token is None:
            return False
        depth += {b"(": 1, b")": -1}.get(token[0], 0)
        position = token.end()
        if depth == 0:
            return position == len(data)
    return False


class SummarizeTests(SynchronousTestCase):
    """``summarize``."""

    def check_sound(self, content: bytes) -> Summary:
        """The summary can be sent and stored, and its offsets lie inside the content."""
        summary = summarize(content)
        for sent in (summary.envelope, summary.body, summary.bodystructure):
            self.assertTrue(balanced(sent), (content, sent))
        self.assertEqual(summary.header, content[: len(summary.header)])
        for part in unpack_parts(summary.parts).spans.values():
            self.assertTrue(0 <= part.header_start <= part.body_start <= part.body_end <= len(content), (content, part))
        for text in (summary.subject, summary.from_address, summary.to_address, summary.content_type):
            self.assertNotIn("\0", text)
            text.encode("utf-8")
        return summary

    def test_usual(self) -> None:
        """The columns of a usual message."""
        summary = self.check_sound(
            crlf(
                b"From: =?utf-8?q?J=C3=B6rg?= <j@b.test>\nTo: Ann <a@b.test>,\n c@d.test\nReply-To: r@b.test\n"
                b"Subject: =?utf-8?q?Gr=C3=BC=C3=9Fe?=\nMessage-ID: <1@b.test>\n\nx\n"
            )
        )
        self.assertEqual(
            (summary.from_address, summary.sender_address, summary.to_address, summary.reply_to_address),
            ("j@b.test", "j@b.test", "a@b.test, c@d.test", "r@b.test"),
        )
        self.assertEqual(
            (summary.subject, summary.message_id, summary.content_type, summary.has_attachment),
            ("Grüße", "<1@b.test>", "text/plain", False),
        )

    def test_ugly(self) -> None:
        """Each ugly message gives a sound summary."""
        for content in UGLY.values():
            self.check_sound(content)

    def test_cut_anywhere(self) -> None:
        """An ugly message that ends too soon gives a sound summary."""
        for content in UGLY.values():
            for end in range(0, len(content), 3):
                self.check_sound(content[:end])

    def test_columns_are_cut(self) -> None:
        """Long values fit their columns."""
        long = b"x" * 5000
        summary = self.check_sound(
            b"From: %b@b.test\r\nTo: %b\r\nSubject: %b\r\nMessage-ID: <%b>\r\nContent-Type: text/plain; a=%b\r\n\r\n"
            % (long, b"a@b.test, " * 500, long, long, long)
        )
        self.assertEqual(
            [len(text) for text in (summary.from_address, summary.to_address, summary.subject, summary.message_id)],
            [200, 200, 500, 500],
        )
        self.assertEqual(len(summary.content_type), 255)

    def test_attachments(self) -> None:
        """A disposition, a file name or a type of its own makes an attachment; pictures in the text do not."""
        mixed = b"Content-Type: multipart/mixed; boundary=x\r\n\r\n--x\r\n\r\na\r\n--x\r\n%b\r\n\r\nb\r\n--x--\r\n"
        for fields, expected in (
            (b"Content-Disposition: attachment", True),
            (b"Content-Type: text/plain; name=a.txt", True),
            (b"Content-Type: application/pdf", True),
            (b"Content-Type: text/html", False),
            (b"Content-Type: image/png\r\nContent-ID: <1@x>", False),
            (b"Content-Type: image/png; name=a.png\r\nContent-Disposition: inline", False),
            (b"Content-Type: application/pgp-signature; name=signature.asc", False),
        ):
            self.assertEqual(summarize(mixed % fields).has_attachment, expected, fields)

    def test_mapped(self) -> None:
        """A file mapped into memory gives the same summary."""
        content = UGLY["message of multipart"]
        with tempfile.TemporaryFile() as file:
            file.write(content)
            file.flush()
            with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as mapped:
                self.assertEqual(summarize(mapped), summarize(content))

    @settings(deadline=None, max_examples=400)
    @given(st.one_of(st.lists(_PIECES, max_size=60).map(b"".join), st.binary(max_size=300)))
    def test_any_octets(self, content: bytes) -> None:
        """Whatever arrives, the summary is sound and not much larger than the message."""
        summary = self.check_sound(content)
        sizes = len(summary.envelope) + len(summary.body) + len(summary.bodystructure) + len(summary.parts)
        self.assertLess(sizes, 1500 + 60 * len(content))
