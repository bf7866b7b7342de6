"""The promises of ``IMessageStore.find``: what SEARCH finds, and what it does not."""

from datetime import UTC, date, datetime, timedelta

from daptinmail.errors import NotFound
from daptinmail.interfaces.messages import FlagMode
from daptinmail.interfaces.search import (
    BodyContains,
    Criterion,
    EmailId,
    HeaderContains,
    InternalDate,
    SavedAt,
    SentDate,
    Size,
    TextContains,
    ThreadId,
)
from daptinmail.interfaces.storage import Content
from tests.contracts.message_store_base import ARRIVAL, DELETED, StoreCase

PLAIN = (
    b"From: Ada <ada@example.test>\r\nTo: b@example.test\r\nSubject: Hello world\r\n"
    b"Date: Tue, 02 Jan 2024 23:30:00 -0800\r\nList-Id: <dev.example.test>\r\n\r\nThe quick brown fox\r\nruns.\r\n"
)
GERMAN = (
    b"From: =?utf-8?q?J=C3=BCrgen?= <j@example.test>\r\nCc: Ada <ada@example.test>\r\n"
    b"Subject: =?iso-8859-1?q?Gr=FC=DFe?= aus\r\n =?utf-8?b?S8O2bG4=?=\r\n"
    b"Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n"
    b"Stra=C3=9Fen=\r\nbahn und Caf=C3=A9\r\n"
)
PARTS = (
    b"From: c@example.test\r\nSubject: parts\r\nContent-Type: multipart/mixed; boundary=cut\r\n\r\n"
    b"preamble\r\n--cut\r\n"
    b"Content-Type: text/html; charset=utf-8\r\nContent-Transfer-Encoding: base64\r\n\r\n"
    b"PHA+aGFsbG8gdyYjMjI4O2w8Yj50PC9iPmU8L3A+\r\n--cut\r\n"
    b"Content-Type: message/rfc822\r\n\r\nSubject: inside\r\n\r\ninner words\r\n--cut\r\n"
    b'Content-Type: application/pdf; name="invoice.pdf"\r\n\r\nsecret octets\r\n--cut--\r\n'
)


class SearchCase(StoreCase):
    """Three messages; a provider's case may index them before they are looked for."""

    def fill(self) -> None:
        """Put the messages in place."""
        for octets in (PLAIN, GERMAN, PARTS):
            self.put(octets)

    def put(self, octets: bytes, name: str = "INBOX") -> int:
        """Append one; its UID."""
        content = Content(body_size=len(octets), body=octets)
        return self.now(self.store.append(self.box(name).id, content, frozenset(), None, ARRIVAL)).uid

    def settle_index(self) -> None:
        """Let the index catch up, where there is one."""

    def find(self, criterion: Criterion, uids: list[int] | None = None, name: str = "INBOX") -> list[int]:
        """UIDs."""
        return list(self.now(self.store.find(self.box(name).id, criterion, uids)))

    def finds(self, criterion: Criterion, *uids: int) -> None:
        """Assert that these are found, whether the index knows the messages or not."""
        self.assertEqual(self.find(criterion), list(uids), criterion)
        for some in ([1], [3, 2, 3, 99], []):
            self.assertEqual(self.find(criterion, some), sorted(set(some).intersection(uids)), criterion)

    def both(self, expected: list[tuple[Criterion, tuple[int, ...]]]) -> None:
        """Assert what is found before the index knows the messages, and after."""
        self.fill()
        for criterion, uids in expected:
            self.finds(criterion, *uids)
        self.settle_index()
        for criterion, uids in expected:
            self.finds(criterion, *uids)


class SearchContract(SearchCase):
    """The promises."""

    def test_headers(self) -> None:
        """Fields are found by a part of their decoded value in any case, with names and addresses."""
        self.both(
            [
                (HeaderContains(b"subject", "HELLO w"), (1,)),
                (HeaderContains(b"subject", "grüsse AUS köln"), (2,)),
                (HeaderContains(b"subject", "GRÜSSE"), (2,)),
                (HeaderContains(b"subject", "ko\u0308ln"), (2,)),
                (HeaderContains(b"subject", ""), (1, 2, 3)),
                (HeaderContains(b"subject", "=?utf"), ()),
                (HeaderContains(b"from", "jürgen"), (2,)),
                (HeaderContains(b"from", "@example"), (1, 2, 3)),
                (HeaderContains(b"from", "jürgen@"), ()),
                (HeaderContains(b"to", "b@"), (1,)),
                (HeaderContains(b"to", ""), (1,)),
                (HeaderContains(b"cc", "ada <ada"), (2,)),
                (HeaderContains(b"bcc", ""), ()),
                (HeaderContains(b"list-id", "DEV."), (1,)),
                (HeaderContains(b"list-id", ""), (1,)),
                (HeaderContains(b"list-id", "ada"), ()),
                (HeaderContains(b"id", ""), ()),
                (HeaderContains(b"content-type", "pdf"), ()),
                (HeaderContains(b"x'\"%[", "'\"%["), ()),
            ]
        )

    def test_bodies(self) -> None:
        """Text is found decoded, across soft line breaks, in HTML as read and as written, in messages inside."""
        self.both(
            [
                (BodyContains("QUICK brown"), (1,)),
                (BodyContains("fox\r\nruns"), (1,)),
                (BodyContains("strassenbahn"), (2,)),
                (BodyContains("Straßenbahn und café"), (2,)),
                (BodyContains("wälte"), (3,)),
                (BodyContains("&#228;l<b>t"), (3,)),
                (BodyContains("subject: inside"), (3,)),
                (BodyContains("inner words"), (3,)),
                (BodyContains("secret"), ()),
                (BodyContains("preamble"), ()),
                (BodyContains("hello"), ()),
                (BodyContains("in"), (3,)),
                (BodyContains("ß"), (2,)),
                (BodyContains("x"), (1,)),
                (BodyContains(""), (1, 2, 3)),
                (BodyContains("%_*?[a]'\""), ()),
                (BodyContains("no such words anywhere"), ()),
            ]
        )

    def test_texts(self) -> None:
        """TEXT looks everywhere: header section, MIME headers of parts, text."""
        self.both(
            [
                (TextContains("hello"), (1,)),
                (TextContains("quick"), (1,)),
                (TextContains("list-id: <dev"), (1,)),
                (TextContains("grüße aus"), (2,)),
                (TextContains("INVOICE.pdf"), (3,)),
                (TextContains("inside"), (3,)),
                (TextContains("ada"), (1, 2)),
                (TextContains("aus\tköln"), (2,)),
                (TextContains(""), (1, 2, 3)),
                (TextContains("secret octets"), ()),
            ]
        )

    def test_sizes_and_dates(self) -> None:
        """Sizes are more and less, not equal; a date is the day in UTC, or as written in the Date field."""
        arrived = self.clock.now()
        today, second = arrived.date(), timedelta(seconds=1)
        self.both(
            [
                (Size(larger=len(PLAIN)), (2, 3)),
                (Size(smaller=len(PLAIN)), ()),
                (Size(len(PLAIN) - 1, len(PLAIN) + 1), (1,)),
                (InternalDate(since=today), (1, 2, 3)),
                (InternalDate(before=today), ()),
                (InternalDate(today, today + timedelta(days=1)), (1, 2, 3)),
                (InternalDate(since=arrived + second), ()),
                (SavedAt(arrived - second, arrived + second), (1, 2, 3)),
                (SavedAt(before=datetime(2000, 1, 1, tzinfo=UTC)), ()),
                (SentDate(since=date(2024, 1, 2)), (1,)),
                (SentDate(before=date(2024, 1, 3)), (1,)),
                (SentDate(since=date(2024, 1, 3)), ()),
                (SentDate(), (1,)),
            ]
        )

    def test_identifiers(self) -> None:
        """A content is found by its identifier in every mailbox that has a copy."""
        self.fill()
        inbox = self.inbox().id
        rows = self.now(self.store.columns(inbox, [2], ("email_id", "thread_id")))
        ((_, email_id, thread_id),) = rows
        self.now(self.store.copy(inbox, [2], self.box("Archive").id))
        self.assertEqual(self.find(EmailId(email_id)), [2])
        self.assertEqual(self.find(EmailId(email_id), name="Archive"), [1])
        self.assertEqual(self.find(ThreadId(thread_id)), [2])
        self.assertEqual(self.find(EmailId(bytes(16))), [])

    def test_only_this_mailbox(self) -> None:
        """Messages of other mailboxes and accounts are not found; copies are, and the expunged are not."""
        self.fill()
        inbox = self.inbox().id
        self.settle_index()
        self.now(self.store.copy(inbox, [1, 2], self.box("Archive").id))
        self.assertEqual(self.find(BodyContains("quick"), name="Archive"), [1])
        self.assertEqual(self.find(HeaderContains(b"subject", "köln"), name="Archive"), [2])
        self.now(self.store.change_flags(inbox, [1], FlagMode.ADD, frozenset({DELETED})))
        self.now(self.store.expunge(inbox))
        self.assertEqual(self.find(BodyContains("quick")), [])
        self.assertEqual(self.find(TextContains("ada")), [2])
        self.settle_index()
        self.assertEqual(self.find(BodyContains("quick"), name="Archive"), [1])
        theirs = self.now(self.store.mailbox(self.neighbour, "INBOX")).id
        self.assertEqual(list(self.now(self.store.find(theirs, TextContains("ada")))), [])

    def test_new_messages_are_found_at_once(self) -> None:
        """A message is found as soon as it is stored, indexed or not, in the order of UIDs."""
        self.fill()
        self.settle_index()
        self.assertEqual(self.put(PLAIN), 4)
        self.finds(BodyContains("quick"), 1, 4)
        self.finds(HeaderContains(b"list-id", "dev"), 1, 4)
        self.assertEqual(self.find(HeaderContains(b"subject", "hello")), [1, 4])

    def test_no_such_mailbox(self) -> None:
        """A mailbox that is gone is told so."""
        for criterion in (BodyContains("x"), HeaderContains(b"subject", "x"), Size(larger=1)):
            self.refused(self.store.find(31337, criterion), NotFound)
