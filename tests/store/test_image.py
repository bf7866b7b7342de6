"""The image of a mailbox is what its rows say, whatever happened; packing it changes nothing."""

from array import array

from attrs import evolve
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import Connection
from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from daptinmail.interfaces.messages import Change, Changes, FlagMode, Flags, Snapshot
from daptinmail.store import images, views
from daptinmail.store.image import MAX_LOGGED, Delta, Image, pack, packed_stamp, unpack
from daptinmail.store.maildir import Stamp
from daptinmail.store.rows import folder_by_id
from tests.contracts.message_store_base import ARRIVAL, DELETED, SEEN, StoreCase, content
from tests.support.stored import Stored

FLAGS = st.frozensets(st.sampled_from([SEEN, DELETED, b"$Work", b"$Other"]))
WORK = st.lists(
    st.one_of(
        st.tuples(st.just("append"), FLAGS),
        st.tuples(st.just("flags"), st.integers(1, 8), FLAGS, st.sampled_from(FlagMode)),
        st.tuples(st.just("copy"), st.integers(1, 8)),
        st.tuples(st.just("move"), st.integers(1, 8)),
        st.tuples(st.just("expunge")),
        st.tuples(st.just("look")),
    ),
    max_size=12,
)


class ImageTests(StoreCase, SynchronousTestCase):
    """Images of the real store."""

    def setUp(self) -> None:
        self.stored = Stored.in_memory()
        self.store, self.clock = self.stored.store, self.stored.clock
        self.account = self.stored.now(lambda t: self.stored.open_account(t, "a@example.test"))

    def view(self) -> Snapshot:
        """INBOX as sessions see it."""
        return self.now(self.store.snapshot(self.inbox().id))

    def rows(self) -> Image:
        """INBOX as its rows say."""

        def work(connection: Connection) -> Image:
            folder = folder_by_id(connection, self.inbox().id)
            return images.load(connection, folder, images.saved(connection, folder))

        return self.stored.read(work)

    def changes_in_rows(self, since: int) -> Changes:
        """What the rows say happened."""
        inbox = self.inbox().id
        return self.stored.read(lambda connection: views.changes(connection, folder_by_id(connection, inbox), since))

    def assert_same(self, since: int) -> None:
        """The image is what the rows say, and so are the changes."""
        view, rows = self.view(), self.rows()
        self.assertEqual((view.uids, view.modseqs, view.flags), (rows.uids, rows.modseqs, rows.flags))
        self.assertEqual((view.modseq, view.mailbox), (rows.modseq, self.inbox()))
        changes = self.now(self.store.changes(self.inbox().id, since))
        self.assertEqual(evolve(changes, changed=list(changes.changed)), self.changes_in_rows(since))
        self.assert_sizes(view.uids)

    def assert_sizes(self, uids: "array[int]") -> None:
        """Sizes are what the rows say: of all, of a stretch, of some."""
        inbox = self.inbox().id
        for some in (uids, uids[1:], uids[::2]):
            sizes = self.now(self.store.sizes(inbox, some))
            assert sizes is not None
            self.assertEqual(list(zip(some, sizes, strict=True)), self.now(self.store.columns(inbox, some, ("size",))))

    def do(self, step: tuple[object, ...]) -> None:
        """One piece of work."""
        inbox, sent = self.inbox().id, self.box("Sent").id
        match step:
            case ("append", frozenset() as flags):
                self.now(self.store.append(inbox, content(), flags, None, ARRIVAL))
            case ("flags", int() as uid, frozenset() as flags, FlagMode() as mode):
                self.now(self.store.change_flags(inbox, [uid, uid + 2], mode, flags))
            case ("copy", int() as uid):
                self.now(self.store.copy(inbox, [uid, uid + 1], inbox))
            case ("move", int() as uid):
                self.now(self.store.move(inbox, [uid], sent))
                self.now(self.store.move(sent, [1], inbox))
            case ("expunge",):
                self.now(self.store.expunge(inbox))
            case _:
                self.view()

    @settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
    @given(WORK)
    def test_random_work(self, work: list[tuple[object, ...]]) -> None:
        """After any work the image is what the rows say, and changes since any moment are too."""
        self.setUp()
        moments = [self.view().modseq]
        for step in work:
            self.do(step)
            moments.append(self.inbox().highestmodseq)
        for since in moments:
            self.assert_same(since)

    def test_a_snapshot_stays_as_it_is(self) -> None:
        """What a session was given does not change under it."""
        self.add()
        self.add()
        view = self.view()
        before = list(view.uids), list(view.modseqs), list(view.flags)
        self.now(self.store.change_flags(self.inbox().id, [1], FlagMode.ADD, frozenset({DELETED})))
        self.now(self.store.expunge(self.inbox().id))
        self.add()
        self.assertEqual((list(view.uids), list(view.modseqs), list(view.flags)), before)
        self.assertEqual(list(self.view().uids), [2, 3])

    def test_sizes_of_what_is_gone(self) -> None:
        """An expunged message has no size any more; the others keep theirs, and a new one is looked up."""
        for _ in range(3):
            self.add()
        uids, inbox = self.view().uids, self.inbox().id
        self.assert_sizes(uids)
        self.now(self.store.change_flags(inbox, [2], FlagMode.ADD, frozenset({DELETED})))
        self.now(self.store.expunge(inbox))
        self.add()
        self.assertIsNone(self.now(self.store.sizes(inbox, uids)))
        self.assert_sizes(self.view().uids)

    def test_idle_sessions_share(self) -> None:
        """Two sessions that select the same mailbox have the same sequences in memory."""
        self.add()
        one, two = self.view(), self.view()
        self.assertIs(one.uids, two.uids)
        self.assertIs(one.flags, two.flags)

    def test_another_process_writes(self) -> None:
        """Changes that this process did not make itself are seen: the database decides."""
        self.add()
        self.view()
        other = Stored(self.stored.storage, self.stored.mail_dir, identifiers=self.stored.identifiers)
        self.now(other.store.append(self.inbox().id, content(), frozenset({SEEN}), None, ARRIVAL))
        self.assert_same(1)
        self.now(other.store.change_flags(self.inbox().id, [1], FlagMode.ADD, frozenset({SEEN})))
        self.add()
        self.assert_same(1)

    def test_packed(self) -> None:
        """A large mailbox opens from its packed form and what happened since; its folder is not looked through."""
        inbox = self.inbox().id
        for _ in range(images.LARGE):
            self.add()
        timers = Clock()
        self.stored.store.start(timers)
        self.view()
        timers.advance(images.LATER)
        self.assertEqual(
            self.stored.read(lambda c: c.exec_driver_sql("SELECT count(*) FROM mailbox_image").scalar()), 1
        )
        self.now(self.store.change_flags(inbox, [2], FlagMode.ADD, frozenset({DELETED})))
        self.now(self.store.expunge(inbox))
        self.add()
        fresh = self.rows()
        self.assertEqual(fresh.drift, 2)
        self.stored.read(lambda c: c.exec_driver_sql("DELETE FROM mailbox_image"))
        rows = self.rows()
        self.assertEqual((fresh.uids, fresh.modseqs, fresh.flags), (rows.uids, rows.modseqs, rows.flags))
        self.now(Deferred.fromCoroutine(self.stored.store.stop()))


class PackingTests(SynchronousTestCase):
    """``pack`` and ``unpack``."""

    @given(st.lists(st.tuples(st.integers(1, 1 << 40), FLAGS)), st.integers(0, 1 << 62))
    def test_round_trip(self, messages: list[tuple[int, Flags]], stamp: int) -> None:
        """What was packed comes back."""
        uids = array("Q", range(1, len(messages) + 1))
        modseqs, flags = array("Q", [modseq for modseq, _ in messages]), [flags for _, flags in messages]
        sizes = array("Q", range(len(messages)))
        packed = pack(uids, modseqs, flags, sizes, Stamp(stamp, stamp))
        image = unpack(packed, 7, 9)
        assert image is not None
        self.assertEqual((image.modseq, image.uids, image.modseqs, image.flags), (7, uids, modseqs, flags))
        self.assertEqual(image.sizes, sizes)
        self.assertEqual(packed_stamp(packed), Stamp(stamp, stamp) if stamp else None)

    @given(st.binary(max_size=200))
    def test_nonsense(self, octets: bytes) -> None:
        """Anything else is no image."""
        self.assertIsNone(unpack(octets, 1, 1))
        packed = pack(array("Q", [1]), array("Q", [1]), [frozenset()], array("Q", [9]), Stamp(0, 0))
        self.assertIsNone(unpack(packed[:-1] + octets if len(octets) != 1 else packed[:-1], 1, 1))


class LogTests(SynchronousTestCase):
    """What an image remembers."""

    def test_bounded(self) -> None:
        """Very old changes are forgotten, and asked of the database again."""
        image = Image(1, 2, array("Q", [1]), array("Q", [1]), [frozenset()])
        for modseq in range(2, MAX_LOGGED):
            self.assertTrue(image.apply(Delta(1, modseq, 2, (Change(1, modseq, frozenset({SEEN})),))))
        self.assertIsNone(image.changes(1))
        latest = image.changes(MAX_LOGGED - 3)
        assert latest is not None
        self.assertEqual([change.modseq for change in latest.changed], [MAX_LOGGED - 1])

    def test_gap(self) -> None:
        """A change whose predecessors are not known cannot be followed."""
        image = Image(1, 2, array("Q", [1]), array("Q", [1]), [frozenset()])
        self.assertFalse(image.apply(Delta(1, 3, 2)))
        self.assertTrue(image.apply(Delta(1, 1, 2)))
