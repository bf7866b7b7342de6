"""The promises of ``IMessageStore`` about names, subscriptions and accounts."""

from daptinmail.errors import AlreadyExists, Forbidden, Invalid, NotFound
from daptinmail.interfaces.messages import SPECIAL_USE_MAILBOXES, Delivery
from daptinmail.mail.address import Address
from tests.contracts.message_store_base import ARRIVAL, Listening, StoreCase, content


class MailboxNamesContract(StoreCase):
    """Making, finding, renaming and deleting mailboxes."""

    def test_new_account(self) -> None:
        """A new account has INBOX and the special-use mailboxes, INBOX first, all subscribed."""
        mailboxes = self.now(self.store.mailboxes(self.account))
        self.assertEqual(mailboxes[0].name, "INBOX")
        marks = {mailbox.name: mailbox.special_use for mailbox in mailboxes[1:]}
        self.assertEqual(marks, SPECIAL_USE_MAILBOXES)
        self.assertEqual([mailbox.name for mailbox in mailboxes[1:]], sorted(marks))
        self.assertEqual(self.now(self.store.subscriptions(self.account)), ["INBOX", *sorted(marks)])

    def test_unknown_account(self) -> None:
        """An account that does not exist has no mailboxes and gets none."""
        self.assertEqual(self.now(self.store.mailboxes(9999)), [])
        self.refused(self.store.mailbox(9999, "INBOX"), NotFound)
        self.refused(self.store.create(9999, "Work"), NotFound)

    def test_inbox_in_any_case(self) -> None:
        """inbox, Inbox and INBOX are one mailbox; other names keep their case."""
        self.assertEqual(self.box("iNbOx"), self.inbox())
        self.refused(self.store.create(self.account, "Inbox"), AlreadyExists)
        self.now(self.store.create(self.account, "work"))
        self.now(self.store.create(self.account, "Work"))
        self.now(self.store.create(self.account, "inbox/below"))
        self.assertIn("INBOX/below", self.names())
        self.assertNotEqual(self.box("work").id, self.box("Work").id)

    def test_create_makes_parents(self) -> None:
        """Creating a/b/c makes a and a/b too."""
        self.now(self.store.create(self.account, "a/b/c"))
        self.assertLessEqual({"a", "a/b", "a/b/c"}, set(self.names()))
        self.refused(self.store.create(self.account, "a/b"), AlreadyExists)

    def test_create_does_not_subscribe(self) -> None:
        """A mailbox made by its owner is subscribed when the owner says so; one made by a delivery is shown."""
        self.assertFalse(self.now(self.store.create(self.account, "quiet")).subscribed)
        self.now(self.store.deliver(content(), [Delivery(self.account, "a@example.test", "Lists")], ARRIVAL))
        self.assertTrue(self.box("Lists").subscribed)

    def test_unicode_names(self) -> None:
        """Names in any script, with dots and ampersands, are kept; both forms of é are one name."""
        for name in ("Entwürfe", "日本語/受信", "v1.2 & more", "~peter", "a\\b", "100%"):
            made = self.now(self.store.create(self.account, name))
            self.assertEqual(self.box(name).id, made.id)
            self.assertIn(name, self.names())
        self.now(self.store.create(self.account, "caf\u00e9"))
        self.refused(self.store.create(self.account, "cafe\u0301"), AlreadyExists)

    def test_impossible_names(self) -> None:
        """Names that would be unclear or dangerous on disk are refused."""
        for name in ("", "/", "a/", "/a", "a//b", ".", "..", "a/../b", "a\x00", "a\r\nb", "#news", "x" * 2000):
            self.refused(self.store.create(self.account, name), Invalid)
            self.refused(self.store.rename(self.account, "Sent", name), Invalid)
            self.refused(self.store.mailbox(self.account, name), NotFound)
        self.refused(self.store.create(self.account, "/".join("a" * 60)), Invalid)

    def test_special_use(self) -> None:
        """A mailbox may be created with a special-use mark."""
        made = self.now(self.store.create(self.account, "Everything", rb"\All"))
        self.assertEqual(made.special_use, rb"\All")
        self.assertEqual(self.box("Everything").special_use, rb"\All")

    def test_delete(self) -> None:
        """A deleted mailbox is gone with its messages; its children stay; who listens is told."""
        self.now(self.store.create(self.account, "a/b"))
        self.add("a")
        gone, ear = self.box("a"), Listening()
        self.store.listen(gone.id, ear)
        self.now(self.store.delete(self.account, "a"))
        self.assertEqual(ear.deleted, [gone.id])
        self.assertNotIn("a", self.names())
        self.assertIn("a/b", self.names())
        self.refused(self.store.snapshot(gone.id), NotFound)
        self.refused(self.store.changes(gone.id, 0), NotFound)
        self.refused(self.store.status(gone.id), NotFound)
        self.refused(self.store.delete(self.account, "a"), NotFound)

    def test_inbox_stays(self) -> None:
        """INBOX cannot be deleted."""
        self.refused(self.store.delete(self.account, "inbox"), Forbidden)

    def test_uidvalidity_after_delete(self) -> None:
        """A mailbox made again under the same name, in the same second, has a greater UIDVALIDITY."""
        first = self.now(self.store.create(self.account, "again"))
        self.now(self.store.delete(self.account, "again"))
        second = self.now(self.store.create(self.account, "again"))
        self.assertGreater(second.uidvalidity, first.uidvalidity)
        self.assertEqual(self.uids("again"), [])

    def test_uidvalidity_differs(self) -> None:
        """No two mailboxes of an account share a UIDVALIDITY, which is a 32 bit number about now."""
        values = [mailbox.uidvalidity for mailbox in self.now(self.store.mailboxes(self.account))]
        self.assertEqual(len(set(values)), len(values))
        seconds = int(self.clock.now().timestamp())
        self.assertTrue(all(seconds <= value < seconds + 100 for value in values))

    def test_rename_takes_children(self) -> None:
        """Renaming a mailbox renames what is below it; messages, UIDs and UIDVALIDITY stay."""
        self.now(self.store.create(self.account, "a/b/c"))
        uid = self.add("a/b", "kept")
        before = self.box("a/b")
        self.now(self.store.rename(self.account, "a", "x/y"))
        self.assertLessEqual({"x", "x/y", "x/y/b", "x/y/b/c"}, set(self.names()))
        self.assertNotIn("a/b", self.names())
        after = self.box("x/y/b")
        self.assertEqual((after.id, after.uidvalidity), (before.id, before.uidvalidity))
        self.assertIn(b"kept", self.octets(uid, "x/y/b"))

    def test_rename_refused(self) -> None:
        """A rename needs a source, a free target, free names for the children, and no circle."""
        self.now(self.store.create(self.account, "a/b"))
        self.now(self.store.create(self.account, "z"))
        self.refused(self.store.rename(self.account, "nothing", "y"), NotFound)
        self.refused(self.store.rename(self.account, "a", "Sent"), AlreadyExists)
        self.refused(self.store.rename(self.account, "a", "a"), AlreadyExists)
        self.refused(self.store.rename(self.account, "a", "inbox"), AlreadyExists)
        self.refused(self.store.rename(self.account, "a", "a/b/c"), Invalid)
        self.now(self.store.create(self.account, "q/b"))
        self.now(self.store.delete(self.account, "q"))
        self.refused(self.store.rename(self.account, "a", "q"), AlreadyExists)
        self.assertLessEqual({"a", "a/b", "q/b", "z"}, set(self.names()))

    def test_rename_and_make_again(self) -> None:
        """After a rename the old name is free and makes another mailbox."""
        old = self.now(self.store.create(self.account, "old"))
        uid = self.add("old", "first")
        self.now(self.store.rename(self.account, "old", "new"))
        fresh = self.now(self.store.create(self.account, "old"))
        self.assertNotEqual((fresh.id, fresh.uidvalidity), (old.id, old.uidvalidity))
        self.assertEqual(self.uids("old"), [])
        self.assertIn(b"first", self.octets(uid, "new"))

    def test_rename_inbox(self) -> None:
        """Renaming INBOX moves its messages to a new mailbox; INBOX and its children stay."""
        self.now(self.store.create(self.account, "INBOX/child"))
        uid = self.add("INBOX", "moved")
        since = self.inbox().highestmodseq
        self.now(self.store.rename(self.account, "INBOX", "2025"))
        self.assertEqual(self.uids("INBOX"), [])
        self.assertEqual(list(self.now(self.store.changes(self.inbox().id, since)).expunged), [uid])
        (moved,) = self.uids("2025")
        self.assertIn(b"moved", self.octets(moved, "2025"))
        self.assertIn("INBOX/child", self.names())

    def test_subscriptions(self) -> None:
        """Any possible name may be subscribed, existing or not; unsubscribing is never an error."""
        self.now(self.store.subscribe(self.account, "Not/Yet", True))
        self.now(self.store.subscribe(self.account, "Trash", False))
        self.now(self.store.subscribe(self.account, "Never", False))
        self.now(self.store.subscribe(self.account, "a//b", False))
        self.refused(self.store.subscribe(self.account, "a//b", True), Invalid)
        names = self.now(self.store.subscriptions(self.account))
        self.assertIn("Not/Yet", names)
        self.assertNotIn("Trash", names)
        self.assertFalse(self.box("Trash").subscribed)
        self.assertTrue(self.now(self.store.create(self.account, "Not/Yet")).subscribed)
        self.assertEqual(self.now(self.store.subscriptions(self.account)).count("Not/Yet"), 1)

    def test_subscription_outlives_mailbox(self) -> None:
        """A subscription stays when its mailbox is deleted (RFC 3501 §6.3.9), and ends when asked."""
        self.now(self.store.create(self.account, "gone"))
        self.now(self.store.subscribe(self.account, "gone", True))
        self.now(self.store.delete(self.account, "gone"))
        self.assertIn("gone", self.now(self.store.subscriptions(self.account)))
        self.now(self.store.subscribe(self.account, "gone", False))
        self.assertNotIn("gone", self.now(self.store.subscriptions(self.account)))

    def test_accounts_are_apart(self) -> None:
        """What one account makes or subscribes is not seen by another."""
        self.now(self.store.create(self.account, "mine"))
        self.now(self.store.subscribe(self.account, "far", True))
        self.refused(self.store.mailbox(self.neighbour, "mine"), NotFound)
        self.assertNotIn("far", self.now(self.store.subscriptions(self.neighbour)))

    def test_directories(self) -> None:
        """Each address has a directory of its own, relative and harmless."""
        names = {
            self.store.directory_for(address)
            for address in (
                Address("a", "example.test"),
                Address("b", "example.test"),
                Address("a", "example.org"),
                Address("../../etc", "example.test"),
                Address("a/b", "example.test"),
                Address("..", "example.test"),
                Address("ä", "example.test"),
            )
        }
        self.assertEqual(len(names), 7)
        self.assertIn("example.test/a", names)
        for name in names:
            self.assertEqual([part in {"", ".", ".."} for part in name.split("/")], [False, False])

    def test_close_account(self) -> None:
        """Closing an account removes its mailboxes; another account's stay."""
        inbox, ear = self.inbox(), Listening()
        self.add()
        self.store.listen(inbox.id, ear)
        self.in_transaction(lambda transaction: self.store.close_account_in(transaction, self.account))
        self.assertEqual(ear.deleted, [inbox.id])
        self.assertEqual(self.now(self.store.mailboxes(self.account)), [])
        self.refused(self.store.snapshot(inbox.id), NotFound)
        self.assertTrue(self.now(self.store.mailboxes(self.neighbour)))
