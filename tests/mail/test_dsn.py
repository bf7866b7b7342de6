"""Delivery status notifications as mail programs read them."""

from datetime import UTC, datetime
from email import message_from_bytes
from email.message import Message
from typing import cast
from uuid import UUID

from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from daptinmail.mail.address import Address
from daptinmail.mail.dsn import MAX_RETURNED_HEADER, compose_notification
from daptinmail.mail.reply import Reply
from daptinmail.mail.report import Action, RecipientReport, wants
from daptinmail.mail.structure import parse_structure

ANN = Address("ann", "example.test")
BOB = Address("bob", "example.net")
NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
HEADER = b"From: Ann <ann@example.test>\r\nSubject: Tea\r\nMessage-ID: <1@example.test>\r\n\r\n"
TRAIL = UUID(int=5)


def refused(
    text: str = "No such user", code: int = 550, status: str | None = "5.1.1", remote: str | None = "mx.example.net"
) -> RecipientReport:
    """What became of Bob's copy."""
    return RecipientReport(BOB, Action.FAILED, Reply(code, status, text), remote)


def notification(
    *reports: RecipientReport,
    recipient: Address = ANN,
    header: bytes = HEADER,
    host: str = "mx.test",
    unique: str = "f00dfeed" * 3,
    whole: bool = False,
    envelope_id: str | None = None,
) -> bytes:
    """A notification to Ann."""
    return compose_notification(
        reporting_host=host,
        sender=Address("mailer-daemon", "mx.test"),
        recipient=recipient,
        reports=reports or [refused()],
        arrived=NOW,
        now=NOW,
        original=header,
        trail=TRAIL,
        unique=unique,
        whole=whole,
        envelope_id=envelope_id,
    )


def parts_of(message: bytes) -> list[Message]:
    """Its three parts."""
    return cast(list[Message], message_from_bytes(message).get_payload())


def status_of(message: bytes) -> list[Message]:
    """The groups of fields for programs."""
    return cast(list[Message], parts_of(message)[1].get_payload())


class NotificationTests(SynchronousTestCase):
    """``compose_notification``."""

    def test_message(self) -> None:
        """It is a report to the sender, marked as automatic, and belongs to the original's thread."""
        message = message_from_bytes(notification())
        self.assertEqual(message["To"], "<ann@example.test>")
        self.assertEqual(message["From"], "Mail Delivery System <mailer-daemon@mx.test>")
        self.assertEqual((message["Auto-Submitted"], message["In-Reply-To"]), ("auto-replied", "<1@example.test>"))
        self.assertEqual(message["Date"], "Fri, 02 Jan 2026 03:04:05 +0000")
        self.assertEqual(message["Message-ID"], f"<{'f00dfeed' * 3}@mx.test>")
        self.assertEqual(message.get_content_type(), "multipart/report")
        self.assertEqual(message.get_param("report-type"), "delivery-status")
        self.assertEqual(
            [part.get_content_type() for part in parts_of(notification())],
            ["text/plain", "message/delivery-status", "text/rfc822-headers"],
        )

    def test_failed(self) -> None:
        """Programs read who, what and why (RFC 3464 §2.3)."""
        of_message, of_recipient = status_of(notification())
        self.assertEqual(of_message["Reporting-MTA"], "dns; mx.test")
        self.assertEqual(of_message["Arrival-Date"], "Fri, 02 Jan 2026 03:04:05 +0000")
        self.assertEqual(of_message["X-Trail"], TRAIL.hex)
        self.assertEqual(
            of_recipient.items(),
            [
                ("Final-Recipient", "rfc822; bob@example.net"),
                ("Action", "failed"),
                ("Status", "5.1.1"),
                ("Remote-MTA", "dns; mx.example.net"),
                ("Diagnostic-Code", "smtp; 550 5.1.1 No such user"),
                ("Last-Attempt-Date", "Fri, 02 Jan 2026 03:04:05 +0000"),
            ],
        )

    def test_people_read_why(self) -> None:
        """The text names the recipient and quotes the other host."""
        text = str(parts_of(notification())[0].get_payload())
        self.assertIn("<bob@example.net>", text)
        self.assertIn("mx.example.net said: 550 5.1.1 No such user", text)

    def test_delayed(self) -> None:
        """A delay is told as such."""
        until = datetime(2026, 1, 7, 3, 4, 5, tzinfo=UTC)
        report = evolve(refused("Try later", 451, None), action=Action.DELAYED, until=until)
        message = notification(report)
        self.assertEqual(message_from_bytes(message)["Subject"], "Your message is delayed")
        fields = status_of(message)[1]
        self.assertEqual((fields["Action"], fields["Status"]), ("delayed", "4.0.0"))
        self.assertEqual(fields["Will-Retry-Until"], "Wed, 07 Jan 2026 03:04:05 +0000")
        self.assertIn("We keep trying", str(parts_of(message)[0].get_payload()))

    def test_delivered_and_relayed(self) -> None:
        """Success is told as such: in a mailbox, or handed on to where nobody reports (RFC 3461 §6.2.7)."""
        for action, subject in (
            (Action.DELIVERED, "Your message was delivered"),
            (Action.RELAYED, "Your message was handed on"),
        ):
            message = notification(RecipientReport(BOB, action))
            self.assertEqual(message_from_bytes(message)["Subject"], subject)
            fields = status_of(message)[1]
            self.assertEqual((fields["Action"], fields["Status"]), (action.value, "2.0.0"))
            self.assertIsNone(fields["Diagnostic-Code"])

    def test_several_actions(self) -> None:
        """One report may tell several things; the worst stands in the subject."""
        message = notification(RecipientReport(ANN, Action.DELIVERED), refused())
        self.assertEqual(message_from_bytes(message)["Subject"], "Your message could not be delivered")
        self.assertEqual([one["Action"] for one in status_of(message)[1:]], ["delivered", "failed"])

    def test_what_the_sender_called_it(self) -> None:
        """ENVID and ORCPT come back as they were given (RFC 3464 §2.2.1, §2.3.1)."""
        report = evolve(refused(), original="rfc822;Bob@Old.example")
        message = notification(report, envelope_id="QQ314159")
        of_message, of_recipient = status_of(message)
        self.assertEqual(of_message.items()[0], ("Original-Envelope-Id", "QQ314159"))
        self.assertEqual(of_recipient.items()[0], ("Original-Recipient", "rfc822;Bob@Old.example"))

    def test_whole_message(self) -> None:
        """A message that comes back whole is a part of its own, octet for octet."""
        original = HEADER + b"body\r\n.\r\nmore\r\n"
        message = notification(header=original, whole=True)
        self.assertEqual(parts_of(message)[2].get_content_type(), "message/rfc822")
        self.assertIn(original, message)
        international = "Subject: Tee für zwei\r\n\r\nä\r\n".encode()
        message = notification(header=international, whole=True)
        self.assertIn(b"Content-Type: message/global\r\nContent-Transfer-Encoding: 8bit\r\n", message)

    def test_unfit_for_transfer(self) -> None:
        """What no host would take as it is comes back as header section only."""
        for body in (b"bare\nline\r\n", b"bare\rreturn\r\n", b"nul \0\r\n", b"x" * 999 + b"\r\n"):
            message = notification(header=HEADER + body, whole=True)
            self.assertEqual(parts_of(message)[2].get_content_type(), "text/rfc822-headers", body[:10])

    def test_given_up_after_temporary_failures(self) -> None:
        """A message that was never taken failed, whatever the last reply said."""
        report = RecipientReport(BOB, Action.FAILED, Reply(451, "4.4.1", "No route"))
        fields = status_of(notification(report))[1]
        self.assertEqual((fields["Action"], fields["Status"], fields["Remote-MTA"]), ("failed", "4.4.1", None))

    def test_several_recipients(self) -> None:
        """Each recipient has fields of its own."""
        self.assertEqual(len(status_of(notification(refused(), refused(), refused()))), 4)

    def test_original_header(self) -> None:
        """The header of the original comes back, not its body."""
        returned = str(parts_of(notification(header=HEADER + b"secret body\r\n"))[2].get_payload())
        self.assertEqual(returned, HEADER.decode().removesuffix("\r\n"))

    def test_long_original_header_is_cut(self) -> None:
        """A huge header is cut at a line end."""
        message = notification(header=b"X: y\r\n" * 100_000)
        self.assertLess(len(message), MAX_RETURNED_HEADER + 5000)
        self.assertEqual(len(parts_of(message)), 3)

    def test_endless_original_line_is_cut(self) -> None:
        """A line that SMTP would not take is cut."""
        message = notification(header=b"X: " + b"y" * 5000 + b"\r\nSubject: Tea\r\n\r\n")
        self.assertLessEqual(max(map(len, message.split(b"\r\n"))), 998)
        self.assertIn(b"y\r\nSubject: Tea\r\n", message)

    def test_international(self) -> None:
        """Addresses outside US-ASCII use the forms of RFC 6533."""
        report = RecipientReport(Address("jörg", "example.net"), Action.FAILED, Reply(550, "5.1.1", "Kein Jörg"))
        message = notification(
            report, header="Subject: Tee für Jörg\r\n\r\n".encode(), recipient=Address("zoë", "b.test")
        )
        self.assertIn("To: <zoë@b.test>\r\n".encode(), message)
        self.assertIn("Final-Recipient: utf-8; jörg@example.net\r\n".encode(), message)
        self.assertIn(b"Content-Type: message/global-delivery-status\r\n", message)
        self.assertIn(b"Content-Type: message/global-headers\r\n", message)

    def test_plain_report_stays_ascii(self) -> None:
        """Between ASCII addresses, odd octets of others do not make the report 8-bit where it may not be."""
        message = notification(refused("Schön \udcff war's"), header=b"Subject: \xff\r\n\r\n")
        self.assertTrue(parts_of(message)[1].as_bytes().isascii())
        self.assertTrue(parts_of(message)[2].as_bytes().isascii())

    def test_header_injection(self) -> None:
        """Neither a remote host's words nor the original can add a field or a part."""
        evil = "x\r\nBcc: eve@evil.test\r\n\r\n--" + "f00dfeed" * 3 + "\0\u2028"
        message = notification(
            evolve(refused(evil, remote=evil), original=evil),
            host=evil,
            envelope_id=evil,
            header=b"Message-ID: <a\rBcc: b>\r\nX: y\rZ: w\r\n\r\n",
        )
        self.assertNotIn("Bcc", message_from_bytes(message))
        self.assertEqual(len(parts_of(message)), 3)
        self.assertNotIn("Bcc", status_of(message)[1])
        self.assertEqual(message.count(b"\r"), message.count(b"\r\n"))
        self.assertEqual(message.count(b"\n"), message.count(b"\r\n"))

    def test_bad_arguments(self) -> None:
        """An address with a line end, or a boundary that could be guessed, is refused."""
        self.assertRaises(ValueError, notification, recipient=Address("a\r\nb", "c.test"))
        for unique in ("", "short", "with space " * 3, 'quote"' * 4, "x" * 80):
            self.assertRaises(ValueError, notification, unique=unique)

    def test_who_is_told(self) -> None:
        """Without NOTIFY failures and delays are told; with it, what it names (RFC 3461 §4.1)."""
        words = ("SUCCESS", "FAILURE", "DELAY")
        self.assertEqual([wants(None, word) for word in words], [False, True, True])
        self.assertEqual([wants("NEVER", word) for word in words], [False] * 3)
        self.assertEqual([wants("SUCCESS,DELAY", word) for word in words], [True, False, True])

    @given(st.text(max_size=300), st.binary(max_size=300), st.booleans())
    def test_anything_from_outside(self, text: str, header: bytes, whole: bool) -> None:
        """Whatever host and original say, it is a message of three parts in lines that SMTP takes."""
        report = evolve(refused(text, remote=text), original=text)
        message = notification(report, header=header, whole=whole, envelope_id=text)
        self.assertEqual(len(parse_structure(message).children), 3)
        lines = message.split(b"\r\n")
        self.assertFalse(any(b"\r" in line or b"\n" in line or b"\0" in line or len(line) > 998 for line in lines))
