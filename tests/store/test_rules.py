"""mail_box and mail rows over HTTP are what IMAP sees."""

import base64
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import select
from twisted.trial.unittest import SynchronousTestCase

from daptinmail.db.records import Records
from daptinmail.db.schema import mail_account
from daptinmail.errors import AlreadyExists, Forbidden, Invalid, NotFound
from daptinmail.interfaces.directory import Viewer
from daptinmail.interfaces.messages import FlagMode
from daptinmail.interfaces.records import Draft, Record
from daptinmail.store.rules import MailBoxRules, MailRules
from tests.contracts.message_store_base import DELETED, FLAGGED, SEEN, StoreCase, content
from tests.support.runtime import SynchronousBlocking
from tests.support.stored import Stored

ADMINISTRATOR = Viewer(is_administrator=True)
MIXED = (
    b"Subject: both\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=x\r\n\r\n"
    b"--x\r\nContent-Type: text/html\r\n\r\n<b>no</b>\r\n"
    b"--x\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n"
    b"Gr=C3=BC=C3=9Fe\r\n--x--\r\n"
)


class RulesTests(StoreCase, SynchronousTestCase):
    """An administrator at the API, a reader at IMAP."""

    def setUp(self) -> None:
        stored = Stored.in_memory()
        self.stored, self.store, self.clock = stored, stored.store, stored.clock
        self.account = stored.now(lambda t: stored.open_account(t, "a@example.test"))
        self.other = stored.now(lambda t: stored.open_account(t, "b@example.test"))
        rules = {"mail_box": MailBoxRules(stored.store), "mail": MailRules(stored.store, SynchronousBlocking())}
        self.records = Records(stored.storage, stored.clock, stored.identifiers, rules)

    def account_reference(self, account_id: int) -> UUID:
        """The reference of an account."""
        statement = select(mail_account.c.reference_id).where(mail_account.c.id == account_id)
        reference: UUID = self.stored.read(lambda connection: connection.execute(statement).scalar_one())
        return reference

    def make(self, kind: str, attributes: Mapping[str, Any], **to_one: UUID) -> Record:
        """Create a row."""
        return self.now(self.records.create(Draft(kind, attributes, to_one), ADMINISTRATOR))

    def make_box(self, name: str) -> Record:
        """Create a mailbox with nothing but what is needed."""
        return self.make("mail_box", {"name": name}, mail_account_id=self.account_reference(self.account))

    def reference(self, uid: int, name: str = "INBOX") -> UUID:
        """The reference of a message."""
        ((_, reference),) = self.now(self.store.columns(self.box(name).id, [uid], ("reference",)))
        return UUID(bytes=reference)

    def revise(self, kind: str, reference: UUID, **attributes: Any) -> Record:
        """Change attributes."""
        return self.now(self.records.patch(kind, reference, attributes, {}, ADMINISTRATOR))

    def test_create_mailbox(self) -> None:
        """A mailbox made over HTTP is one for IMAP, with parents and its own UIDVALIDITY."""
        record = self.make_box("Work/2026")
        made = self.box("Work/2026")
        self.assertEqual((made.reference, made.uidnext), (record.reference, 1))
        self.assertEqual(record.attributes["flags"], "\\*")
        self.assertIn("Work", self.names())
        self.assertEqual(self.add("Work/2026"), 1)
        self.assertNotEqual(made.uidvalidity, self.box("Work").uidvalidity)

    def test_create_mailbox_refused(self) -> None:
        """Names that IMAP refuses are refused here, with the field named."""
        link = {"mail_account_id": self.account_reference(self.account)}
        for name in ("", "../etc", "a//b"):
            self.refused(self.records.create(Draft("mail_box", {"name": name}, link), ADMINISTRATOR), Invalid)
        self.refused(self.records.create(Draft("mail_box", {"name": "inbox"}, link), ADMINISTRATOR), AlreadyExists)

    def test_rename_mailbox(self) -> None:
        """A new name renames the mailbox with its children; messages stay."""
        record = self.make_box("old")
        self.make_box("old/child")
        uid = self.add("old")
        changed = self.revise("mail_box", record.reference, name="new", subscribed=False)
        self.assertEqual(changed.attributes["name"], "new")
        self.assertIn("new/child", self.names())
        self.assertEqual(self.octets(uid, "new"), content().read())
        self.assertFalse(self.box("new").subscribed)
        inbox = self.inbox().reference
        self.refused(self.records.patch("mail_box", inbox, {"name": "x"}, {}, ADMINISTRATOR), Forbidden)
        other = {"mail_account_id": self.account_reference(self.other)}
        self.refused(self.records.patch("mail_box", record.reference, {}, other, ADMINISTRATOR), Forbidden)

    def test_delete_mailbox(self) -> None:
        """A deleted row is a deleted mailbox; INBOX stays."""
        record = self.make_box("gone")
        self.add("gone")
        self.now(self.records.delete("mail_box", record.reference, ADMINISTRATOR))
        self.assertNotIn("gone", self.names())
        self.refused(self.records.delete("mail_box", self.inbox().reference, ADMINISTRATOR), Forbidden)

    def test_show_mail(self) -> None:
        """One mail shows its content and text; lists do not."""
        uid = self.make("mail", {"mail": base64.b64encode(MIXED).decode()}, mail_box_id=self.inbox().reference)
        shown = self.now(self.records.get("mail", uid.reference, ADMINISTRATOR))
        self.assertEqual(base64.b64decode(shown.attributes["mail"]), MIXED)
        self.assertEqual(shown.attributes["body"], "Grüße")
        brief = self.now(self.records.get("mail", uid.reference, ADMINISTRATOR, hydrate=False))
        self.assertEqual((brief.attributes["mail"], brief.attributes["body"]), (None, None))

    def test_create_mail(self) -> None:
        """A mail made over HTTP is appended: UID, flags, metadata, a new modseq."""
        before = self.inbox().highestmodseq
        sent = {"mail": base64.b64encode(b"Subject: x\n\nbody\n").decode(), "flags": r"\Flagged", "seen": True}
        made = self.make("mail", sent, mail_box_id=self.inbox().reference)
        self.assertEqual((made.attributes["uid"], made.attributes["subject"]), (1, "x"))
        self.assertEqual(self.flags(1), {SEEN, FLAGGED})
        self.assertEqual(self.octets(1), b"Subject: x\r\n\r\nbody\r\n")
        found = self.now(self.store.columns(self.inbox().id, [1], ("reference", "header")))
        self.assertEqual(found, [(1, made.reference.bytes, b"Subject: x\r\n\r\n")])
        self.assertGreater(self.inbox().highestmodseq, before)

    def test_create_mail_refused(self) -> None:
        """Without content, or with what is not base64, nothing is made."""
        link = {"mail_box_id": self.inbox().reference}
        for sent in ({}, {"mail": "***"}, {"mail": "eA==", "flags": r"\Nope"}):
            self.refused(self.records.create(Draft("mail", sent, link), ADMINISTRATOR), Invalid)
        self.assertEqual(self.uids(), [])

    def test_delete_mail(self) -> None:
        """A deleted mail is expunged: IMAP sessions hear of it, its file goes."""
        uid = self.add()
        since, inbox = self.inbox().highestmodseq, self.inbox().id
        reference = self.reference(uid)
        self.now(self.records.delete("mail", reference, ADMINISTRATOR))
        self.assertEqual(list(self.now(self.store.changes(inbox, since)).expunged), [uid])
        self.assertEqual(list((self.stored.mail_dir / "example.test" / "a" / "cur").iterdir()), [])
        self.refused(self.records.get("mail", reference, ADMINISTRATOR), NotFound)

    def test_flags_of_mail(self) -> None:
        """Flags, seen and deleted change what IMAP sees, with a new modseq; the columns agree."""
        uid = self.add(flags=frozenset({FLAGGED}))
        reference, since = self.reference(uid), self.inbox().highestmodseq
        changed = self.revise("mail", reference, seen=True)
        self.assertEqual((changed.attributes["seen"], self.flags(uid)), (True, {SEEN, FLAGGED}))
        self.assertEqual([c.uid for c in self.now(self.store.changes(self.inbox().id, since)).changed], [uid])
        self.revise("mail", reference, flags=r"\Deleted,$Work")
        self.assertEqual(self.flags(uid), {DELETED, b"$Work"})
        self.assertFalse(self.revise("mail", reference, deleted=False).attributes["deleted"])
        self.assertEqual(self.flags(uid), {b"$Work"})
        self.now(self.store.change_flags(self.inbox().id, [uid], FlagMode.ADD, frozenset({SEEN})))
        self.refused(self.records.patch("mail", reference, {"flags": r"\Odd"}, {}, ADMINISTRATOR), Invalid)
        self.refused(self.records.patch("mail", reference, {"mail": "eA=="}, {}, ADMINISTRATOR), Forbidden)

    def test_move_mail(self) -> None:
        """Another mailbox moves the message; another account's is refused."""
        uid = self.add()
        reference = self.reference(uid)
        target = {"mail_box_id": self.box("Archive").reference}
        moved = self.now(self.records.patch("mail", reference, {"seen": True}, target, ADMINISTRATOR))
        self.assertEqual((self.uids(), self.uids("Archive")), ([], [1]))
        self.assertEqual((moved.reference, self.flags(1, "Archive")), (reference, {SEEN}))
        theirs = self.now(self.store.mailbox(self.other, "INBOX")).reference
        refused = self.records.patch("mail", reference, {}, {"mail_box_id": theirs}, ADMINISTRATOR)
        self.refused(refused, Forbidden)
        self.assertEqual(self.octets(1, "Archive"), content().read())
