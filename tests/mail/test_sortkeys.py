"""Promises of ``daptinmail.mail.sortkeys`` and ``references``."""

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from daptinmail.mail.collation import MAX_KEY
from daptinmail.mail.header import HeaderSection
from daptinmail.mail.references import MAX_REFERENCES, message_id, references
from daptinmail.mail.sortkeys import display_key, mailbox_key, sent


def section(text: str) -> HeaderSection:
    """A header section."""
    return HeaderSection(text.replace("\n", "\r\n").encode() + b"\r\n\r\n")


class SortKeyTests(SynchronousTestCase):
    """What SORT compares."""

    def test_first_mailbox(self) -> None:
        """The local part of the first address, whatever its case."""
        header = section("From: Zoë <Zoe@example.com>, b@c\nTo: team:;\nCc: =?x?=")
        self.assertEqual(mailbox_key(header, b"from"), "ZOE")
        self.assertEqual(mailbox_key(header, b"to"), "TEAM")
        self.assertEqual(mailbox_key(header, b"bcc"), "")

    def test_display(self) -> None:
        """The display name if there is one, decoded, else the address; the name of a group (RFC 5957 §3)."""
        header = section("From: =?utf-8?q?Zo=C3=AB?= <a@b>\nTo: <Bob@x.org>\nCc: Team: a@b;")
        self.assertEqual(display_key(header, b"from"), "ZOE\u0308")
        self.assertEqual(display_key(header, b"to"), "BOB@X.ORG")
        self.assertEqual(display_key(header, b"cc"), "TEAM")

    def test_dates(self) -> None:
        """The moment in UTC, and the day as written."""
        for text, at, day in (
            ("Thu, 1 Jan 1970 00:30:00 +0100", -1_800_000, 0),
            ("Thu, 1 Jan 1970 23:30:00 -0100", 88_200_000, 0),
            ("2 Jan 1970 00:00", 86_400_000, 1),
            ("nonsense", None, None),
            ("Thu, 45 Jan 1970 00:00:00 +0000", None, None),
        ):
            self.assertEqual(sent(section(f"Date: {text}")), (at, day), text)
        self.assertEqual(sent(section("Subject: x")), (None, None))

    @given(st.binary())
    def test_anything(self, octets: bytes) -> None:
        """Whatever stands in the fields, keys are short text that any database takes, and nothing is raised."""
        header = HeaderSection(b"From: %b\r\nTo: x\r\nDate: %b\r\n\r\n" % (octets, octets))
        for key in (mailbox_key(header, b"from"), display_key(header, b"from")):
            self.assertLessEqual(len(key), MAX_KEY)
            self.assertNotIn("\x00", key)
            key.encode("utf-8")
        at, day = sent(header)
        self.assertEqual(at is None, day is None)

    @given(st.text(alphabet="0123456789 +-:JanFebDec,Th", max_size=60))
    def test_nearly_dates(self, text: str) -> None:
        """What nearly is a date is one, or none."""
        at, day = sent(section(f"Date: {text}"))
        if at is not None and day is not None:
            self.assertLess(abs(at - day * 86_400_000), 3 * 86_400_000)


class ReferencesTests(SynchronousTestCase):
    """Message-IDs in their normal form."""

    def test_message_id(self) -> None:
        """Without brackets, comments and needless quotes."""
        for text, wanted in (
            ("<1@x>", b"1@x"),
            (' <"a b"@x>', b""),
            ('<"ab"@x> (again)', b"ab@x"),
            ("bare@x", b"bare@x"),
            ("", b""),
            (f"<{'x' * 600}@y>", b""),
        ):
            self.assertEqual(message_id(section(f"Message-ID: {text}")), wanted, text)

    def test_references(self) -> None:
        """References come first, all as they stand; In-Reply-To names one message at most (RFC 5256 §2.2)."""
        found = references(section("References: <1@x>\n <2@x> junk <1@x>\nIn-Reply-To: <9@x>"))
        self.assertEqual(found, b"1@x 2@x 1@x")  # the last one is the parent (RFC 5256 §3)
        self.assertEqual(references(section("In-Reply-To: your message of Monday <3@x> <4@x>")), b"3@x")
        self.assertEqual(references(section("Subject: x")), b"")

    def test_long_thread(self) -> None:
        """Of a very long list the first and the latest are kept."""
        found = references(section("References: " + "\n ".join(f"<{n}@x>" for n in range(1000)))).split(b" ")
        self.assertEqual((len(found), found[0], found[-1]), (MAX_REFERENCES, b"0@x", b"999@x"))

    @given(st.binary())
    def test_anything(self, octets: bytes) -> None:
        """Ids hold no blanks, so that they can be joined by them."""
        header = HeaderSection(b"Message-ID: %b\r\nReferences: %b\r\n\r\n" % (octets, octets))
        self.assertNotIn(b" ", message_id(header))
        self.assertNotIn(b"", references(header).split(b" ") if references(header) else [])
