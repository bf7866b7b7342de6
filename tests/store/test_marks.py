"""STORE: what the image of a mailbox knows saves reading rows, and never makes an answer wrong."""

from array import array

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from daptinmail.interfaces.messages import Change, FlagMode, Flags
from daptinmail.store.flags import changed, to_column
from daptinmail.store.image import Known
from daptinmail.store.marks import CLASSES, Order
from tests.contracts.message_store_base import ARRIVAL, DELETED, FLAGGED, SEEN, StoreCase, content
from tests.support.stored import Stored

FLAGS = st.frozensets(st.sampled_from([SEEN, DELETED, FLAGGED, b"$Work", b"a,b"]))
COLUMNS = "uid, modseq, flags, seen, deleted, name_due"


class MarksTests(StoreCase, SynchronousTestCase):
    """Over storage in memory."""

    def setUp(self) -> None:
        self.stored = Stored.in_memory()
        self.store, self.clock = self.stored.store, self.stored.clock
        self.account = self.stored.now(lambda t: self.stored.open_account(t, "a@example.test"))

    def fill(self, flags: list[Flags]) -> None:
        """A message for each."""
        for one in flags:
            self.now(self.store.append(self.inbox().id, content(), one, None, ARRIVAL))

    def rows(self) -> list[tuple[object, ...]]:
        """INBOX in the database."""
        statement = f"SELECT {COLUMNS} FROM mail WHERE mail_box_id = {self.inbox().id} ORDER BY uid"
        return [tuple(row) for row in self.stored.read(lambda c: c.exec_driver_sql(statement).all())]

    def state(self) -> list[Change]:
        """INBOX as a session would see it."""
        view = self.now(self.store.snapshot(self.inbox().id))
        return list(map(Change, view.uids, view.modseqs, view.flags))

    @settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
    @given(
        st.lists(FLAGS, min_size=1, max_size=8),
        st.integers(1, 8),
        st.integers(1, 8),
        st.sampled_from(FlagMode),
        FLAGS,
        st.booleans(),
    )
    def test_known(self, flags: list[Flags], low: int, high: int, mode: FlagMode, wanted: Flags, known: bool) -> None:
        """With an image or without: flags, modseqs, columns and the answer are what STORE says."""
        self.setUp()
        self.fill(flags)
        if known:
            self.state()
        before, modseq = self.rows(), self.inbox().highestmodseq
        uids = range(low, high + 1)
        done = self.now(self.store.change_flags(self.inbox().id, uids, mode, wanted))
        expected, moved = [], False
        for uid, was, (_, at, *_rest) in zip(range(1, len(flags) + 1), flags, before, strict=True):
            after = changed(was, mode, wanted) if uid in uids else was
            moved |= after != was
            expected.append((uid, at if after == was else modseq + 1, after))
        self.assertEqual([tuple(change) for change in done], [one for one in expected if one[0] in uids])
        self.assertEqual(done.steps, (modseq + 1,) if moved else ())
        self.assertEqual(self.inbox().highestmodseq, modseq + moved)
        self.assertEqual([tuple(change) for change in self.state()], expected)
        for row, (uid, at, after) in zip(self.rows(), expected, strict=True):
            self.assertEqual(row[:5], (uid, at, to_column(after), SEEN in after, DELETED in after))
            self.assertTrue(row[5] or at != modseq + 1)

    def test_the_image_is_behind(self) -> None:
        """Another process changed flags, expunged and appended: nothing is answered from memory."""
        self.fill([frozenset()] * 4)
        self.state()
        inbox = self.inbox().id
        other = Stored(self.stored.storage, self.stored.mail_dir, identifiers=self.stored.identifiers)
        self.now(other.store.change_flags(inbox, [2], FlagMode.ADD, frozenset({SEEN})))
        self.now(other.store.change_flags(inbox, [3], FlagMode.ADD, frozenset({DELETED})))
        self.now(other.store.expunge(inbox))
        done = self.now(self.store.change_flags(inbox, [1, 2, 3, 4], FlagMode.ADD, frozenset({FLAGGED})))
        modseq = self.inbox().highestmodseq
        expected = [(1, {FLAGGED}), (2, {SEEN, FLAGGED}), (4, {FLAGGED})]
        self.assertEqual([(c.uid, c.flags) for c in done], expected)
        self.assertEqual({c.modseq for c in done}, {modseq})
        self.assertEqual(list(done), self.state())
        again = self.now(self.store.change_flags(inbox, [1, 2, 4], FlagMode.ADD, frozenset({FLAGGED})))
        self.assertEqual((list(again), again.steps), (list(done), ()))

    def test_all_is_as_wanted_but_for_others(self) -> None:
        """Flags that need no change by the image are looked at if another process changed anything."""
        self.fill([frozenset({SEEN})] * 2)
        self.state()
        inbox = self.inbox().id
        other = Stored(self.stored.storage, self.stored.mail_dir, identifiers=self.stored.identifiers)
        self.now(other.store.change_flags(inbox, [2], FlagMode.REMOVE, frozenset({SEEN})))
        self.now(self.store.change_flags(inbox, [1, 2], FlagMode.ADD, frozenset({SEEN})))
        self.assertEqual([c.flags for c in self.state()], [{SEEN}, {SEEN}])

    def test_newcomers_in_between(self) -> None:
        """A message that came between two known ones is left alone."""
        self.fill([frozenset()] * 3)
        inbox = self.inbox().id
        order = Order(inbox, array("Q", [1, 3]), FlagMode.ADD, frozenset({SEEN}))
        known = Known(self.inbox().highestmodseq, array("Q", [2, 4]), [frozenset(), frozenset()])
        self.now(self.store.change_flags(inbox, [2], FlagMode.ADD, frozenset({FLAGGED})))
        done = self.stored.now(lambda t: self.stored.store.parts.marks.change(t, order, known))
        self.assertEqual([(c.uid, c.flags) for c in done], [(1, {SEEN}), (3, {SEEN})])
        self.assertEqual([c.flags for c in self.state()], [{SEEN}, {FLAGGED}, {SEEN}])

    def test_many_sets_of_flags(self) -> None:
        """However many sets of flags there are, each message keeps its own."""
        flags = [frozenset({b"key%d" % number}) for number in range(2 * CLASSES + 3)]
        self.fill(flags)
        self.state()
        uids = range(1, len(flags) + 1)
        done = self.now(self.store.change_flags(self.inbox().id, uids, FlagMode.ADD, frozenset({SEEN})))
        self.assertEqual([c.flags for c in done], [one | {SEEN} for one in flags])
        self.assertEqual([c.flags for c in self.state()], [one | {SEEN} for one in flags])

    def test_other_spelling_in_the_column(self) -> None:
        """A row whose flags stand in another order than ours is changed like all others."""
        self.fill([frozenset({SEEN, FLAGGED})] * 2)
        text = "UPDATE mail SET flags = '\\Flagged,\\Seen' WHERE uid = 1"
        self.stored.now(lambda t: t.connection.exec_driver_sql(text))
        self.state()
        done = self.now(self.store.change_flags(self.inbox().id, [1, 2], FlagMode.REMOVE, frozenset({SEEN})))
        self.assertEqual([c.flags for c in done], [{FLAGGED}, {FLAGGED}])
        self.assertEqual([row[2] for row in self.rows()], [rb"\Flagged".decode()] * 2)
