"""Promises of ``IMessageStore``: what is known of messages without opening them, and appending several at once."""

from daptinmail.errors import Invalid, NotFound
from daptinmail.interfaces.columns import COLUMNS
from daptinmail.interfaces.messages import NewMessage
from daptinmail.interfaces.storage import Content
from daptinmail.mail.kept import pack_kept
from tests.contracts.message_store_base import ARRIVAL, SEEN, content
from tests.contracts.message_store_names import MailboxNamesContract

FIRST = b"Message-ID: <1@x>\r\nSubject: Re: [list] Tea\r\n"
FIRST += b"From: Zo\xc3\xab <zoe@x>\r\nDate: Thu, 1 Jan 2026 01:00:00 +0200\r\n"
SECOND = b"Message-ID: <2@x>\r\nReferences: <0@x> <1@x>\r\n"
THIRD = b"Message-ID: <3@x>\r\nIn-Reply-To: <2@x>\r\n"


class ColumnsContract(MailboxNamesContract):
    """Columns, and APPEND of many."""

    def append_header(self, header: bytes, name: str = "INBOX") -> int:
        """Append a message with this header section; its UID."""
        octets = header + b"\r\nSome  words\r\nhere.\r\n"
        mailbox_id = self.box(name).id
        return self.now(self.store.append(mailbox_id, Content(len(octets), octets), frozenset(), None, ARRIVAL)).uid

    def column(self, name: str, uid: int, mailbox: str = "INBOX") -> object:
        """One value."""
        ((_, value),) = self.now(self.store.columns(self.box(mailbox).id, [uid], (name,)))
        return value

    def test_columns(self) -> None:
        """Rows of those that exist, in UID order, with the values in the order asked for."""
        for text in ("one", "two", "three"):
            self.add(text=text)
        found = self.now(self.store.columns(self.inbox().id, [3, 1, 77], ("header", "size")))
        self.assertEqual([row[0] for row in found], [1, 3])
        header = b"From: A <a@example.test>\r\nSubject: three\r\n\r\n"
        self.assertEqual(found[1], (3, header, content("three").size))
        self.assertIn(b"three", str(self.column("envelope", 3)).encode())
        self.assertNotEqual(self.column("reference", 1), self.column("reference", 3))
        self.assertEqual(self.now(self.store.columns(self.inbox().id, [1, 2], ())), [(1,), (2,)])

    def test_columns_of_many(self) -> None:
        """Sets with holes larger than one statement takes come back whole."""
        for _ in range(30):
            self.add()
        odd = list(range(1, 31, 2))
        self.assertEqual([row[0] for row in self.now(self.store.columns(self.inbox().id, odd, ("size",)))], odd)
        far = [*odd, *range(100, 3000, 2)]
        self.assertEqual([row[0] for row in self.now(self.store.columns(self.inbox().id, far, ("size",)))], odd)
        self.assertEqual(self.now(self.store.columns(self.inbox().id, [], ("size",))), [])

    def test_columns_refused(self) -> None:
        """Unknown columns and mailboxes that are not there are errors."""
        with self.assertRaises(ValueError):
            self.now(self.store.columns(self.inbox().id, [1], ("password",)))
        self.refused(self.store.columns(987654, [1], ("size",)), NotFound)

    def test_every_column(self) -> None:
        """Every column can be asked for, of any message."""
        self.append_header(b"")
        for name in sorted(COLUMNS):
            self.column(name, 1)

    def test_terms(self) -> None:
        """Sort keys, dates, ids and the preview are worked out when a message arrives."""
        self.append_header(FIRST)
        names = ("base_subject", "is_reply", "sort_from", "display_from", "message_id", "preview", "sent_day")
        self.assertEqual(
            [tuple(row) for row in self.now(self.store.columns(self.inbox().id, [1], names))],
            [(1, "TEA", True, "ZOE", "ZOE\u0308", b"1@x", b"Some words here.", 20454)],
        )
        self.assertEqual(self.column("sent_at", 1), 1767222000000)
        self.assertEqual(self.column("fields", 1), pack_kept(FIRST + b"\r\n"))

    def test_without_terms(self) -> None:
        """A message without fields has empty ones, and no date."""
        self.append_header(b"X-Nothing: here\r\n")
        names = ("sent_at", "sent_day", "message_id", "references", "sort_to", "fields")
        self.assertEqual(
            self.now(self.store.columns(self.inbox().id, [1], names)),
            [(1, None, None, b"", b"", "", pack_kept(b"\r\n"))],
        )

    def test_threads(self) -> None:
        """A message joins the thread of the first one it refers to, in any mailbox of the account."""
        self.append_header(FIRST)
        self.append_header(SECOND, "Sent")
        self.append_header(THIRD)
        self.append_header(b"Message-ID: <9@x>\r\n")
        first = self.column("thread_id", 1)
        self.assertEqual([self.column("thread_id", 1, "Sent"), self.column("thread_id", 2)], [first, first])
        self.assertNotEqual(self.column("thread_id", 3), first)
        self.assertEqual(self.column("references", 1, "Sent"), b"0@x 1@x")

    def test_copies_are_the_same_email(self) -> None:
        """Copies and moved messages keep EMAILID and THREADID, other messages have others (RFC 8474 §5)."""
        self.add()
        self.add()
        email_id = self.column("email_id", 1)
        self.now(self.store.copy(self.inbox().id, [1], self.box("Sent").id))
        self.now(self.store.move(self.inbox().id, [1], self.box("Trash").id))
        self.assertEqual(
            (self.column("email_id", 1, "Sent"), self.column("email_id", 1, "Trash")), (email_id, email_id)
        )
        self.assertEqual(self.column("thread_id", 1, "Sent"), self.column("thread_id", 1, "Trash"))
        self.assertNotEqual(self.column("email_id", 2), email_id)
        self.assertEqual(len(email_id) if isinstance(email_id, bytes) else 0, 16)

    def test_a_copy_outlives_its_source(self) -> None:
        """What is known of a message stays as long as one copy is there."""
        self.add(text="kept")
        self.now(self.store.copy(self.inbox().id, [1], self.box("Sent").id))
        self.now(self.store.move(self.inbox().id, [1], self.box("Trash").id))
        self.now(self.store.delete(self.account, "Trash"))
        self.assertIn(b"kept", str(self.column("envelope", 1, "Sent")).encode())

    def test_append_many(self) -> None:
        """Several messages are appended in one go, each with its flags and date."""
        new = [NewMessage(content("a"), frozenset({SEEN})), NewMessage(content("b"))]
        done = self.now(self.store.append_many(self.inbox().id, new, ARRIVAL))
        self.assertEqual([one.uid for one in done], [1, 2])
        self.assertEqual((self.flags(1), self.flags(2), self.octets(2)), ({SEEN}, set(), content("b").read()))

    def test_append_many_all_or_none(self) -> None:
        """If one message cannot be stored, none is."""
        new = [NewMessage(content("a")), NewMessage(content("b"), frozenset({rb"\Nope"}))]
        self.refused(self.store.append_many(self.inbox().id, new, ARRIVAL), Invalid)
        self.assertEqual(self.uids(), [])

    def test_replace(self) -> None:
        """A message takes the place of another one, here or in another mailbox, in one step (RFC 8508)."""
        self.add(text="old")
        inbox, drafts = self.inbox().id, self.box("Drafts").id
        self.now(self.store.append_many(inbox, [NewMessage(content("new"))], ARRIVAL, (inbox, 1)))
        self.assertEqual((self.uids(), self.octets(2)), ([2], content("new").read()))
        self.now(self.store.append_many(drafts, [NewMessage(content("draft"))], ARRIVAL, (inbox, 2)))
        self.assertEqual((self.uids(), self.uids("Drafts")), ([], [1]))

    def test_replace_refused(self) -> None:
        """What is not there cannot be replaced, and nothing is appended then."""
        self.refused(
            self.store.append_many(self.inbox().id, [NewMessage(content())], ARRIVAL, (self.inbox().id, 5)), NotFound
        )
        self.assertEqual(self.uids(), [])
