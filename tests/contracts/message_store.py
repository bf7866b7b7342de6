"""The promises of ``IMessageStore``: the real store and the one in memory keep them all."""

from datetime import UTC, datetime
from uuid import UUID

from zope.interface.verify import verifyObject

from daptinmail.db.types import to_milliseconds
from daptinmail.errors import DaptinmailError, Invalid, NotFound
from daptinmail.interfaces.messages import Appended, Delivery, FlagMode, IMessageStore
from daptinmail.interfaces.storage import ITransaction
from tests.contracts.message_store_base import ARRIVAL, DELETED, FLAGGED, SEEN, Listening, content
from tests.contracts.message_store_columns import ColumnsContract


class MessageStoreContract(ColumnsContract):
    """Messages, views, flags and listeners; names and columns come from the bases."""

    def test_provides_interface(self) -> None:
        """The store provides IMessageStore, method by method."""
        self.assertTrue(verifyObject(IMessageStore, self.store))

    # Append and read

    def test_append_and_open(self) -> None:
        """A message comes back byte for byte, in parts too, also when a prefix was put in front."""
        prefixed = content("one").with_prefix(b"Received: from x\r\n")
        done = self.now(self.store.append(self.inbox().id, prefixed, frozenset(), None, ARRIVAL))
        self.assertEqual(done, Appended(self.inbox().id, self.inbox().uidvalidity, 1))
        self.assertEqual(self.octets(1), prefixed.read())
        opened = self.now(self.store.open(self.inbox().id, 1))
        self.assertEqual((opened.size, opened.read(3, 5)), (prefixed.size, prefixed.read()[3:8]))
        self.assertEqual(opened.read(opened.size, 10), b"")
        opened.close()

    def test_append_date_and_flags(self) -> None:
        r"""An append keeps its date and flags in canonical spelling; \Recent is never stored."""
        date = datetime(2001, 2, 3, 4, 5, 6, tzinfo=UTC)
        flags = frozenset({rb"\SEEN", b"$Forwarded", rb"\Recent", b"odd,word"})
        self.now(self.store.append(self.inbox().id, content(), flags, date, ARRIVAL))
        self.assertEqual(self.flags(1), {SEEN, b"$Forwarded", b"odd,word"})
        dates = self.now(self.store.columns(self.inbox().id, [1], ("internal_date", "saved_at")))
        self.assertEqual(dates, [(1, to_milliseconds(date), to_milliseconds(self.clock.now()))])

    def test_append_without_date(self) -> None:
        """Without a date a message is dated when it comes."""
        self.add()
        dates = self.now(self.store.columns(self.inbox().id, [1], ("internal_date",)))
        self.assertEqual(dates, [(1, to_milliseconds(self.clock.now()))])

    def test_append_refused(self) -> None:
        """Unknown system flags, bad keywords and missing mailboxes are refused and leave nothing."""
        for flag in (rb"\Foo", b"two words", b"", b"x" * 500, b"a*", b"\xff"):
            self.refused(self.store.append(self.inbox().id, content(), frozenset({flag}), None, ARRIVAL), Invalid)
        many = frozenset(b"k%d" % number for number in range(1000))
        self.refused(self.store.append(self.inbox().id, content(), many, None, ARRIVAL), Invalid)
        self.refused(self.store.append(987654, content(), frozenset(), None, ARRIVAL), NotFound)
        self.assertEqual(self.uids(), [])

    def test_open_many(self) -> None:
        """Several contents are opened in one go; those that are not there are left out."""
        self.add(text="a")
        self.add(text="b")
        opened = self.now(self.store.open_many(self.inbox().id, [2, 1, 8]))
        texts = {uid: file.read(0, file.size) for uid, file in opened.items()}
        for file in opened.values():
            file.close()
        self.assertEqual(texts, {1: content("a").read(), 2: content("b").read()})

    def test_open_missing(self) -> None:
        """What is not there cannot be opened."""
        self.refused(self.store.open(self.inbox().id, 5), NotFound)
        self.refused(self.store.open(424242, 1), NotFound)

    # UIDs, modseq, views

    def test_uids_grow(self) -> None:
        """UIDs grow by one and are never used again, uidnext tells the next."""
        self.assertEqual([self.add(), self.add(flags=frozenset({DELETED}))], [1, 2])
        self.now(self.store.expunge(self.inbox().id))
        self.assertEqual(self.inbox().uidnext, 3)
        self.assertEqual(self.add(), 3)
        self.assertEqual(self.uids(), [1, 3])

    def test_snapshot(self) -> None:
        """A snapshot is the whole mailbox in UID order at one modseq."""
        self.add(flags=frozenset({SEEN}))
        self.add()
        view = self.now(self.store.snapshot(self.inbox().id))
        self.assertEqual((list(view.uids), view.flags), ([1, 2], [{SEEN}, frozenset()]))
        self.assertEqual(view.mailbox, self.inbox())
        self.assertEqual(view.modseq, max(view.modseqs))
        self.assertLess(view.modseqs[0], view.modseqs[1])

    def test_changes(self) -> None:
        """Changes after a modseq: new messages, new flags, expunges, each once and as they are now."""
        for _ in range(3):
            self.add()
        since = self.inbox().highestmodseq
        self.assertEqual(self.now(self.store.changes(self.inbox().id, since)).changed, [])
        self.now(self.store.change_flags(self.inbox().id, [1], FlagMode.ADD, frozenset({SEEN})))
        self.now(self.store.change_flags(self.inbox().id, [1, 2], FlagMode.ADD, frozenset({DELETED})))
        self.now(self.store.expunge(self.inbox().id, [2]))
        self.add()
        found = self.now(self.store.changes(self.inbox().id, since))
        self.assertEqual([(change.uid, change.flags) for change in found.changed], [(1, {SEEN, DELETED}), (4, set())])
        self.assertEqual(list(found.expunged), [2])
        self.assertEqual((found.modseq, found.uidnext), (self.inbox().highestmodseq, 5))
        self.assertTrue(all(since < change.modseq <= found.modseq for change in found.changed))
        later = self.now(self.store.changes(self.inbox().id, found.modseq))
        self.assertEqual((list(later.changed), list(later.expunged)), ([], []))

    def test_recent(self) -> None:
        """Messages are recent until a session claims them."""
        self.add()
        self.assertEqual(self.now(self.store.status(self.inbox().id)).recent, 1)
        self.assertEqual(self.now(self.store.snapshot(self.inbox().id)).first_recent_uid, 1)
        self.assertEqual(self.now(self.store.snapshot(self.inbox().id, claim_recent=True)).first_recent_uid, 1)
        self.assertEqual(self.now(self.store.snapshot(self.inbox().id)).first_recent_uid, 2)
        self.assertEqual(self.now(self.store.status(self.inbox().id)).recent, 0)
        self.add()
        self.assertEqual(self.now(self.store.status(self.inbox().id)).recent, 1)

    def test_claim_changes_nothing_else(self) -> None:
        """Claiming recent messages moves no modseq."""
        self.add()
        before = self.inbox().highestmodseq
        self.now(self.store.snapshot(self.inbox().id, claim_recent=True))
        self.assertEqual(self.inbox().highestmodseq, before)

    def test_status(self) -> None:
        """Counts are those of the messages."""
        self.add(flags=frozenset({SEEN}))
        self.add(flags=frozenset({DELETED}))
        status = self.now(self.store.status(self.inbox().id))
        self.assertEqual((status.messages, status.unseen, status.deleted), (2, 1, 1))
        self.assertEqual(status.size, 2 * content().size)
        self.assertEqual((status.uidnext, status.uidvalidity), (3, self.inbox().uidvalidity))
        self.assertEqual(status.highestmodseq, self.inbox().highestmodseq)

    def test_overview(self) -> None:
        """Counts and latest message by reference; unknown references are left out."""
        self.add()
        self.add()
        ((_, latest),) = self.now(self.store.columns(self.inbox().id, [2], ("reference",)))
        found = self.now(self.store.overview([self.inbox().reference, UUID(int=1), self.box("Sent").reference]))
        self.assertEqual(
            {one.mailbox.name: (one.status.messages, one.latest) for one in found},
            {"INBOX": (2, UUID(bytes=latest)), "Sent": (0, None)},
        )
        self.assertEqual(self.now(self.store.overview([])), [])

    # Flags

    def test_flag_modes(self) -> None:
        """Add, remove, replace; the answer is the new state of what exists, in UID order."""
        self.add(flags=frozenset({SEEN}))
        self.add()
        inbox = self.inbox().id
        added = self.now(self.store.change_flags(inbox, [2, 1, 9], FlagMode.ADD, frozenset({FLAGGED, b"$Work"})))
        self.assertEqual([(c.uid, c.flags) for c in added], [(1, {SEEN, FLAGGED, b"$Work"}), (2, {FLAGGED, b"$Work"})])
        self.now(self.store.change_flags(inbox, {1}, FlagMode.REMOVE, frozenset({SEEN, b"$WORK"})))
        self.assertEqual(self.flags(1), {FLAGGED})
        self.now(self.store.change_flags(inbox, {1}, FlagMode.REPLACE, frozenset({rb"\draft"})))
        self.assertEqual(self.flags(1), {rb"\Draft"})
        self.refused(self.store.change_flags(inbox, {1}, FlagMode.ADD, frozenset({rb"\Nope"})), Invalid)

    def test_unchanged_flags_keep_modseq(self) -> None:
        """A message whose flags do not change keeps its modseq, and nobody is told."""
        self.add(flags=frozenset({SEEN}))
        self.add()
        ear, inbox = Listening(), self.inbox()
        self.store.listen(inbox.id, ear)
        before = self.now(self.store.snapshot(inbox.id)).modseqs
        self.now(self.store.change_flags(inbox.id, [1], FlagMode.ADD, frozenset({SEEN})))
        self.assertEqual((ear.heard, self.inbox().highestmodseq), ([], inbox.highestmodseq))
        self.now(self.store.change_flags(inbox.id, [1, 2], FlagMode.ADD, frozenset({SEEN})))
        after = self.now(self.store.snapshot(inbox.id)).modseqs
        self.assertEqual((after[0], after[1] > before[1]), (before[0], True))

    def test_unchanged_since(self) -> None:
        """A message changed after the given modseq is left alone and not answered (RFC 7162 §3.1.3)."""
        self.add()
        self.add()
        since = self.inbox().highestmodseq
        inbox = self.inbox().id
        self.now(self.store.change_flags(inbox, [1], FlagMode.ADD, frozenset({SEEN})))
        done = self.now(self.store.change_flags(inbox, [1, 2], FlagMode.ADD, frozenset({FLAGGED}), since))
        self.assertEqual([change.uid for change in done], [2])
        self.assertEqual(self.flags(1), {SEEN})

    # Copy, move, expunge

    def test_copy(self) -> None:
        """A copy has flags, date and content of its source; uids map in order; missing ones are left out."""
        date = datetime(2020, 1, 1, tzinfo=UTC)
        inbox, sent = self.inbox().id, self.box("Sent").id
        self.now(self.store.append(inbox, content("a"), frozenset({SEEN}), date, ARRIVAL))
        self.add(text="b")
        done = self.now(self.store.copy(inbox, [2, 1, 8], sent))
        self.assertEqual((list(done.sources), list(done.targets)), ([1, 2], [1, 2]))
        self.assertEqual(done.uidvalidity, self.box("Sent").uidvalidity)
        self.assertEqual((self.flags(1, "Sent"), self.octets(1, "Sent")), ({SEEN}, content("a").read()))
        self.assertEqual(self.now(self.store.columns(sent, [1], ("internal_date",))), [(1, to_milliseconds(date))])
        self.assertEqual(self.uids(), [1, 2])
        self.assertEqual(self.now(self.store.status(sent)).recent, 2)

    def test_copy_onto_itself(self) -> None:
        """A mailbox may get copies of its own messages."""
        self.add(text="a")
        self.now(self.store.copy(self.inbox().id, [1], self.inbox().id))
        self.assertEqual((self.uids(), self.octets(2)), ([1, 2], content("a").read()))

    def test_move(self) -> None:
        """A move is a copy and an expunge in one; the source keeps a tombstone."""
        self.add(text="a", flags=frozenset({FLAGGED}))
        self.add(text="b")
        inbox, since = self.inbox().id, self.inbox().highestmodseq
        done = self.now(self.store.move(inbox, [1], self.box("Trash").id))
        self.assertEqual((list(done.sources), list(done.targets)), ([1], [1]))
        self.assertEqual((self.uids(), self.uids("Trash")), ([2], [1]))
        self.assertEqual((self.flags(1, "Trash"), self.octets(1, "Trash")), ({FLAGGED}, content("a").read()))
        self.assertEqual(list(self.now(self.store.changes(inbox, since)).expunged), [1])
        self.refused(self.store.open(inbox, 1), NotFound)

    def test_move_onto_itself(self) -> None:
        """A mailbox may get its own messages: they have new UIDs then."""
        self.add(text="a")
        self.add(text="b")
        inbox = self.inbox()
        done = self.now(self.store.move(inbox.id, [1], inbox.id))
        self.assertEqual((list(done.sources), list(done.targets)), ([1], [3]))
        self.assertEqual((self.uids(), self.octets(3)), ([2, 3], content("a").read()))
        changes = self.now(self.store.changes(inbox.id, inbox.highestmodseq))
        self.assertEqual(([change.uid for change in changes.changed], list(changes.expunged)), ([3], [1]))

    def test_copy_and_move_refused(self) -> None:
        """To or from a mailbox that is not there nothing moves; no messages, nothing done."""
        self.add()
        inbox = self.inbox()
        for method in (self.store.copy, self.store.move):
            self.refused(method(inbox.id, [1], 31337), NotFound)
            self.refused(method(31337, [1], inbox.id), NotFound)
            self.assertEqual(list(self.now(method(inbox.id, [44], self.box("Sent").id)).targets), [])
        self.assertEqual((self.uids(), self.inbox()), ([1], inbox))

    def test_expunge(self) -> None:
        r"""Expunge removes only what is flagged \Deleted, all or among some UIDs."""
        for flags in ({DELETED}, set(), {DELETED}, {DELETED}):
            self.add(flags=frozenset(flags))
        inbox, before = self.inbox().id, self.inbox().highestmodseq
        self.assertEqual(list(self.now(self.store.expunge(inbox, [2, 3, 99]))), [3])
        self.assertEqual(list(self.now(self.store.expunge(inbox))), [1, 4])
        self.assertEqual(self.uids(), [2])
        self.assertEqual(list(self.now(self.store.changes(inbox, before)).expunged), [1, 3, 4])
        standing = self.inbox().highestmodseq
        self.assertEqual(list(self.now(self.store.expunge(inbox))), [])
        self.assertEqual(self.inbox().highestmodseq, standing)

    # Delivery

    def test_deliver(self) -> None:
        """One content reaches several accounts, in the mailbox asked for, made if missing."""
        done = self.now(
            self.store.deliver(
                content("mail"),
                [
                    Delivery(self.account, "a@example.test"),
                    Delivery(self.neighbour, "b@example.test", "Lists/dev", frozenset({SEEN})),
                ],
                ARRIVAL,
            )
        )
        theirs = self.now(self.store.mailbox(self.neighbour, "Lists/dev"))
        self.assertEqual([one.mailbox_id for one in done], [self.inbox().id, theirs.id])
        self.assertEqual(self.octets(1), content("mail").read())
        self.assertEqual(self.now(self.store.snapshot(theirs.id)).flags, [{SEEN}])

    def test_deliver_by_special_use(self) -> None:
        """A delivery for a special use finds the mailbox by it, renamed or not; one that is gone is made with it."""
        copy = Delivery(self.account, "a@example.test", "Sent", frozenset(), rb"\Sent")
        self.now(self.store.rename(self.account, "Sent", "Gesendet"))
        (done,) = self.now(self.store.deliver(content(), [copy], ARRIVAL))
        self.assertEqual(done.mailbox_id, self.now(self.store.mailbox(self.account, "Gesendet")).id)
        self.now(self.store.delete(self.account, "Gesendet"))
        (done,) = self.now(self.store.deliver(content(), [copy], ARRIVAL))
        made = self.now(self.store.mailbox(self.account, "Sent"))
        self.assertEqual((done.mailbox_id, made.special_use), (made.id, rb"\Sent"))

    def test_deliver_all_or_none(self) -> None:
        """If one account is not there, nobody gets the message."""
        both = [Delivery(self.account, "a@example.test"), Delivery(9999, "nobody@example.test")]
        self.refused(self.store.deliver(content(), both, ARRIVAL), NotFound)
        self.assertEqual(self.uids(), [])

    def test_deliver_in_transaction(self) -> None:
        """Delivery as part of a larger change happens with it, or not at all."""
        ear, mine = Listening(), [Delivery(self.account, "a@example.test")]
        inbox = self.inbox().id
        self.store.listen(inbox, ear)

        def fails(transaction: ITransaction) -> None:
            self.store.deliver_in(transaction, content(), mine, ARRIVAL)
            raise Invalid("the rest failed")

        self.assertRaises(DaptinmailError, self.in_transaction, fails)
        self.assertEqual((self.uids(), ear.heard), ([], []))
        (done,) = self.in_transaction(lambda t: self.store.deliver_in(t, content("ok"), mine, ARRIVAL))
        self.assertEqual(self.octets(done.uid), content("ok").read())
        self.assertEqual(len(ear.heard), 1)

    # Listeners

    def test_listeners(self) -> None:
        """Every kind of change is told to who listens to that mailbox, with the modseq it stands at."""
        ear, deaf = Listening(), Listening()
        inbox, sent = self.inbox().id, self.box("Sent").id
        self.store.listen(inbox, ear)
        self.store.listen(inbox, deaf)
        self.store.unlisten(inbox, deaf)
        self.store.unlisten(sent, deaf)
        self.add()
        self.now(self.store.change_flags(inbox, [1], FlagMode.ADD, frozenset({SEEN})))
        self.now(self.store.copy(sent, [1], inbox))
        self.now(self.store.copy(inbox, [1], inbox))
        self.now(self.store.move(inbox, [2], sent))
        self.now(self.store.change_flags(inbox, [1], FlagMode.ADD, frozenset({DELETED})))
        self.now(self.store.expunge(inbox))
        self.assertEqual({heard[0] for heard in ear.heard}, {inbox})
        modseqs = [heard[1] for heard in ear.heard]
        self.assertEqual((len(modseqs), modseqs), (6, sorted(set(modseqs))))
        self.assertEqual((modseqs[-1], deaf.heard), (self.inbox().highestmodseq, []))

    def test_listener_sees_the_change(self) -> None:
        """When a listener hears, the change can be read already."""
        store, seen = self.store, []
        case = self

        class Reader(Listening):
            def mailbox_changed(self, mailbox_id: int, modseq: int) -> None:
                seen.append([change.uid for change in case.now(store.changes(mailbox_id, modseq - 1)).changed])

        self.store.listen(self.inbox().id, Reader())
        self.add()
        self.assertEqual(seen, [[1]])
