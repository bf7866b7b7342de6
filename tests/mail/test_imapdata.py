"""ENVELOPE, BODY and BODYSTRUCTURE on the wire."""

import re

from imapclient.response_parser import parse_fetch_response
from twisted.trial.unittest import SynchronousTestCase

from daptinmail.mail.imapdata import MAX_STRING, render_envelope, render_structures, string
from daptinmail.mail.structure import parse_structure
from tests.mail.corpus import UGLY

_LITERAL = re.compile(rb"\{(\d+)\}\r\n")


class StringTests(SynchronousTestCase):
    """``string``."""

    def test_forms(self) -> None:
        """NIL, quoted, and a literal where quoting is not allowed (RFC 9051 §4.3)."""
        self.assertEqual(string(None), b"NIL")
        self.assertEqual(string(b""), b'""')
        self.assertEqual(string(rb'a "b" \c'), rb'"a \"b\" \\c"')
        self.assertEqual(string(b"a\r\nb"), b"{4}\r\na\r\nb")
        self.assertEqual(string(b"\xc3\xa4"), b"{2}\r\n\xc3\xa4")
        self.assertEqual(string(b"a\0b"), b"{2}\r\nab")
        self.assertEqual(string(b"x" * 2000), b"{2000}\r\n" + b"x" * 2000)
        self.assertEqual(string(b"x" * 100_000), b"{%d}\r\n" % MAX_STRING + b"x" * MAX_STRING)


class EnvelopeTests(SynchronousTestCase):
    """``render_envelope``."""

    def test_example(self) -> None:
        """The example of RFC 9051 §7.5.2 comes out as printed there."""
        header = (
            b"Date: Wed, 17 Jul 1996 02:23:25 -0700 (PDT)\r\nFrom: Terry Gray <gray@cac.washington.edu>\r\n"
            b"Subject: IMAP4rev2 WG mtg summary and minutes\r\nTo: imap@cac.washington.edu\r\n"
            b"cc: minutes@CNRI.Reston.VA.US,\r\n   John Klensin <KLENSIN@MIT.EDU>\r\n"
            b"Message-Id: <B27397-0100000@cac.washington.edu>\r\n\r\n"
        )
        sender = b'(("Terry Gray" NIL "gray" "cac.washington.edu")) '
        self.assertEqual(
            render_envelope(header),
            b'("Wed, 17 Jul 1996 02:23:25 -0700 (PDT)" "IMAP4rev2 WG mtg summary and minutes" '
            + sender * 3
            + b'((NIL NIL "imap" "cac.washington.edu")) ((NIL NIL "minutes" "CNRI.Reston.VA.US")'
            b'("John Klensin" NIL "KLENSIN" "MIT.EDU")) NIL NIL "<B27397-0100000@cac.washington.edu>")',
        )

    def test_sender_and_reply_to(self) -> None:
        """Given ones are kept; empty ones default to From."""
        envelope = render_envelope(b"From: a@b.test\r\nSender: s@b.test\r\nReply-To: \r\n\r\n")
        self.assertEqual(
            envelope,
            b'(NIL NIL ((NIL NIL "a" "b.test")) ((NIL NIL "s" "b.test")) ((NIL NIL "a" "b.test")) NIL NIL NIL NIL NIL)',
        )

    def test_empty(self) -> None:
        """A message without header has an envelope of NIL."""
        self.assertEqual(render_envelope(b""), b"(" + b" ".join([b"NIL"] * 10) + b")")


class BodyTests(SynchronousTestCase):
    """``render_structures``."""

    def body(self, name: str) -> bytes:
        """BODY of an ugly message."""
        return render_structures(parse_structure(UGLY[name]))[0]

    def bodystructure(self, name: str) -> bytes:
        """BODYSTRUCTURE of an ugly message."""
        return render_structures(parse_structure(UGLY[name]))[1]

    def test_default(self) -> None:
        """A message without MIME is text/plain in US-ASCII, with its octets and lines."""
        self.assertEqual(self.body("no header"), b'("text" "plain" ("charset" "us-ascii") NIL NIL "7bit" 6 1)')
        self.assertEqual(
            self.bodystructure("no header"),
            b'("text" "plain" ("charset" "us-ascii") NIL NIL "7bit" 6 1 NIL NIL NIL NIL)',
        )

    def test_multipart(self) -> None:
        """Extension data of a multipart: parameters, disposition, language, location; of a part: MD5 first."""
        self.assertEqual(
            self.bodystructure("attachment"),
            b'(("text" "plain" ("charset" "us-ascii") NIL NIL "7bit" 1 0 NIL NIL NIL NIL)'
            b'("application" "pdf" NIL "<1@x>" "d" "7bit" 4 "Q2hlY2s=" '
            b'("attachment" ("filename*" "utf-8\'\'%c3%a4.pdf")) ("de" "en") "a/b")'
            b' "mixed" ("boundary" "x") NIL NIL NIL)',
        )

    def test_message(self) -> None:
        """A message inside has its envelope, structure and lines after the octets."""
        inner = b'("text" "plain" ("charset" "us-ascii") NIL NIL "7bit" %d 0)'
        empty = b"(NIL %b NIL NIL NIL NIL NIL NIL NIL NIL)"
        message = b'("message" "rfc822" NIL NIL NIL "7bit" 17 %b %b 2)'
        one = message % (empty % b'"one"', inner % 1)
        two = message % (empty % b'"two"', inner % 1)
        self.assertEqual(self.body("digest"), b'(%b%b "digest")' % (one, two))

    def test_charset(self) -> None:
        """Text that names no charset is shown with the one it has by default (RFC 2045 §5.2)."""
        structure = render_structures(parse_structure(b"Content-Type: text/plain; format=flowed\r\n\r\nx"))[0]
        self.assertEqual(structure, b'("text" "plain" ("format" "flowed" "charset" "us-ascii") NIL NIL "7bit" 1 0)')

    def test_international_message(self) -> None:
        """A message/global has its envelope as well (RFC 9051 §9, media-message)."""
        subject = "Grüße".encode()
        self.assertIn(b'(("message" "global" NIL NIL NIL "7bit" ', self.body("message/global"))
        self.assertIn(b"(NIL {%d}\r\n%b ((NIL NIL {" % (len(subject), subject), self.body("message/global"))

    def test_encoded_message(self) -> None:
        """A message that would have to be decoded first is shown as data, so that no client expects an envelope."""
        self.assertEqual(self.body("encoded message"), b'("application" "octet-stream" NIL NIL NIL "base64" 18)')


class ClientTests(SynchronousTestCase):
    """What a client's own parser makes of it."""

    def response(self, data: bytes) -> list[bytes | tuple[bytes, bytes]]:
        """A response as a client reads it: each literal apart."""
        pieces: list[bytes | tuple[bytes, bytes]] = []
        position = 0
        for literal in _LITERAL.finditer(data):
            if literal.start() >= position:
                end = literal.end() + int(literal[1])
                pieces.append((data[position : literal.end() - 2], data[literal.end() : end]))
                position = end
        return [*pieces, data[position:]]

    def test_client_reads_ugly_messages(self) -> None:
        """IMAPClient reads envelope and structure of each ugly message."""
        for name, content in UGLY.items():
            structure = parse_structure(content)
            envelope, body = render_envelope(structure.header), render_structures(structure)[1]
            fetched = parse_fetch_response(self.response(b"1 (UID 1 ENVELOPE %b BODYSTRUCTURE %b)" % (envelope, body)))
            self.assertEqual(fetched[1][b"BODYSTRUCTURE"].is_multipart, bool(structure.children), name)
