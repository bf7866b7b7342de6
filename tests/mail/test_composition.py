"""Messages made from text, HTML and attachments."""

from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from daptinmail.mail.address import Address, BadAddress
from daptinmail.mail.composition import (
    MAX_ATTACHMENTS,
    MAX_RECIPIENTS,
    MAX_TEXT,
    Attachment,
    Composition,
    Mailbox,
    Uncomposable,
    compose,
    parse_mailbox,
)

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
ANN = parse_mailbox("Ann <ann@example.com>")
BOB = parse_mailbox("bob@example.org")
SIMPLE = Composition(ANN, [BOB], subject="Hello", text="Hi.\n")
PICTURE = Attachment("dot.png", "image/png", b"\x89PNG", "dot")
FILE = Attachment("Größe.pdf", "application/pdf", b"%PDF" * 100)


def composed(composition: Composition) -> Any:
    """What a mail program reads."""
    octets = compose(composition, message_id="1@example.com", now=NOW)
    message = message_from_bytes(octets, policy=policy.default)
    assert isinstance(message, EmailMessage)
    return message


class ComposeTests(SynchronousTestCase):
    """What is in a message."""

    def test_text(self) -> None:
        """The smallest: fields in order, CRLF line ends, lines within limits."""
        octets = compose(SIMPLE, message_id="1@example.com", now=NOW)
        self.assertEqual(octets.replace(b"\r\n", b"").count(b"\n"), 0)
        head, _, body = octets.partition(b"\r\n\r\n")
        self.assertEqual(body, b"Hi.\r\n")
        names = [line.partition(b":")[0] for line in head.split(b"\r\n")]
        self.assertEqual(names[:5], [b"From", b"To", b"Subject", b"Date", b"Message-ID"])
        self.assertIn(b"Date: Fri, 02 Jan 2026 03:04:05 +0000", head)

    def test_nothing_to_say(self) -> None:
        """A message may be empty."""
        self.assertEqual(composed(evolve(SIMPLE, text=None, subject="")).get_content().strip(), "")

    def test_people(self) -> None:
        """Cc and Reply-To are told, Bcc is not, and everybody gets it once."""
        cyd = parse_mailbox('"Cyd, the Ünique" <cyd@bücher.example>')
        composition = evolve(SIMPLE, cc=[cyd, BOB], bcc=[parse_mailbox("dan@example.net")], reply_to=[BOB])
        message = composed(composition)
        self.assertEqual(message["Cc"].addresses[0].display_name, "Cyd, the Ünique")
        self.assertEqual(message["Cc"].addresses[0].addr_spec, "cyd@xn--bcher-kva.example")
        self.assertEqual(message["Reply-To"].addresses[0].addr_spec, "bob@example.org")
        self.assertNotIn(b"dan", compose(composition, message_id="1@x", now=NOW))
        self.assertEqual(
            [str(one) for one in composition.recipients], ["bob@example.org", "cyd@bücher.example", "dan@example.net"]
        )

    def test_alternatives(self) -> None:
        """Text and HTML are alternatives, pictures stand beside the HTML, files after all."""
        message = composed(evolve(SIMPLE, html='<img src="cid:dot">', attachments=[FILE, PICTURE]))
        kinds = [part.get_content_type() for part in message.walk()]
        inner = ["multipart/alternative", "text/plain", "multipart/related", "text/html", "image/png"]
        self.assertEqual(kinds, ["multipart/mixed", *inner, "application/pdf"])
        picture, file = [part for part in message.walk() if part.get_filename()]
        self.assertEqual((picture["Content-ID"], picture.get_content()), ("<dot>", b"\x89PNG"))
        self.assertEqual((file.get_filename(), file.get_content()), ("Größe.pdf", FILE.octets))

    def test_html_alone(self) -> None:
        """Without text, with and without a picture."""
        self.assertEqual(composed(evolve(SIMPLE, text=None, html="<p>")).get_content_type(), "text/html")
        message = composed(evolve(SIMPLE, text=None, html="<p>", attachments=[PICTURE]))
        self.assertEqual([one.get_content_type() for one in message.iter_parts()], ["text/html", "image/png"])

    def test_picture_without_html(self) -> None:
        """It is a file then."""
        message = composed(evolve(SIMPLE, attachments=[PICTURE]))
        self.assertEqual([one.get_filename() for one in message.iter_attachments()], ["dot.png"])

    def test_ascii_unless_an_address_is_not(self) -> None:
        """Names, subjects and texts are encoded; only an address needs SMTPUTF8."""
        octets = compose(evolve(SIMPLE, subject="Grüße", text="Straße"), message_id="1@x", now=NOW)
        self.assertTrue(octets.isascii())
        foreign = evolve(SIMPLE, to=[parse_mailbox("bø@example.org")])
        self.assertIn("To: bø@example.org".encode(), compose(foreign, message_id="1@x", now=NOW))

    def test_own_fields(self) -> None:
        """Other fields are added as they are."""
        message = composed(evolve(SIMPLE, fields={"X-Campaign": "spring", "List-Unsubscribe": "<https://a.example/u>"}))
        self.assertEqual((message["X-Campaign"], message["List-Unsubscribe"]), ("spring", "<https://a.example/u>"))


class RefusalTests(SynchronousTestCase):
    """What cannot be sent, and what it is called."""

    def refuse(self, part: str, **changes: Any) -> None:
        """The part at fault."""
        error = self.assertRaises(Uncomposable, composed, evolve(SIMPLE, **changes))
        self.assertEqual(error.part, part)

    def test_fields_cannot_be_smuggled_in(self) -> None:
        """A line break in any text is refused, be it CR, LF or one of Unicode's."""
        for end in ("\r\n", "\n", "\r", "\u2028", "\x85", "\0"):
            evil = f"x{end}Bcc: victim@example.net"
            self.refuse("subject", subject=evil)
            self.refuse("headers", fields={"X-A": evil})
            self.refuse("headers", fields={evil: "x"})
            self.refuse("attachments", attachments=[evolve(FILE, name=evil)])
            self.refuse("attachments", attachments=[evolve(PICTURE, content_id=evil)])
            self.refuse("attachments", attachments=[evolve(FILE, media_type=f"text/plain{end}X: y")])
            self.assertRaises(BadAddress, parse_mailbox, f"{evil} <a@example.com>")

    def test_fields_that_come_from_elsewhere(self) -> None:
        """Nobody can write trace fields, signatures or a second From."""
        for name in (
            "From",
            "bcc",
            "Received",
            "DKIM-Signature",
            "Content-Type",
            "Resent-From",
            "Return-Path",
            "a b",
            "",
        ):
            self.refuse("headers", fields={name: "x"})

    def test_limits(self) -> None:
        """Each list and text has one."""
        many = [Mailbox("", Address(f"a{number}", "example.org")) for number in range(MAX_RECIPIENTS + 1)]
        self.refuse("to", to=[])
        self.refuse("to", to=many)
        self.refuse("subject", subject="x" * (MAX_TEXT + 1))
        self.refuse("attachments", attachments=[FILE] * (MAX_ATTACHMENTS + 1))
        self.refuse("headers", fields={f"X-{number}": "" for number in range(51)})

    def test_what_no_message_can_carry(self) -> None:
        """NUL and lone surrogates, other messages as files, nonsense for a media type."""
        self.refuse("text", text="a\0b")
        self.refuse("html", html="\ud800")
        for kind in ("message/rfc822", "multipart/mixed", "text", "text/", "a b/c"):
            self.refuse("attachments", attachments=[evolve(FILE, media_type=kind)])


class MailboxTests(SynchronousTestCase):
    """How an address may be written."""

    def test_forms(self) -> None:
        """Bare, in angle brackets, with a name, with a quoted name."""
        for text, name in (
            ("a@b.example", ""),
            (" <a@b.example> ", ""),
            ("A B <a@b.example>", "A B"),
            ('"B, A \\"x\\"" <a@b.example>', 'B, A "x"'),
        ):
            self.assertEqual(parse_mailbox(text), Mailbox(name, Address("a", "b.example")))
        self.assertEqual(parse_mailbox('X <"q l"@b.example>').address.local, "q l")

    def test_nonsense(self) -> None:
        """All else is refused."""
        for text in (
            "",
            "a",
            "a@b c@d",
            "a@b, c@d",
            "<a@b",
            "x <a@b> y",
            "x" * 5000 + "<a@b>",
            "a@b\r\n"[:4] + "\r\nx",
        ):
            self.assertRaises(BadAddress, parse_mailbox, text)

    @given(st.text(max_size=200))
    def test_any_text(self, text: str) -> None:
        """An address or a refusal, and what is accepted can be written down."""
        try:
            mailbox = parse_mailbox(text)
        except BadAddress:
            return
        try:
            octets = compose(evolve(SIMPLE, to=[mailbox]), message_id="1@x", now=NOW)
        except Uncomposable:
            return
        self.assertEqual(octets.count(b"\r\nSubject: Hello\r\n"), 1)
        self.assertEqual(octets.split(b"\r\n\r\n", 1)[1], b"Hi.\r\n")
