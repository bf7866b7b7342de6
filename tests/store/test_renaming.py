"""The names of message files follow their flags, and what other programs do to them in between is kept."""

from pathlib import Path

from twisted.internet.defer import Deferred
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from daptinmail.interfaces.messages import FlagMode, Flags
from daptinmail.store.renaming import PAUSE, SLICE, SOON
from tests.contracts.message_store_base import ANSWERED, DELETED, FLAGGED, SEEN, StoreCase
from tests.support.stored import Stored


class RenamingTests(StoreCase, SynchronousTestCase):
    """Over storage in memory and real files."""

    def setUp(self) -> None:
        self.stored = Stored.in_memory()
        self.store, self.clock = self.stored.store, self.stored.clock
        self.account = self.stored.now(lambda t: self.stored.open_account(t, "a@example.test"))
        self.folder = self.stored.mail_dir / "example.test" / "a"
        self.timers = Clock()

    def names(self) -> list[str]:
        """The info suffixes of the files in INBOX, by UID."""
        names = [path.name for path in (self.folder / "cur").iterdir()]
        by_uid = sorted((int(name.partition(",U=")[2].partition(",")[0]), name.rpartition(":2,")[2]) for name in names)
        return [letters for _, letters in by_uid]

    def file(self) -> Path:
        """The only file in INBOX."""
        (path,) = (self.folder / "cur").iterdir()
        return path

    def mark(self, uids: list[int], flags: Flags, mode: FlagMode = FlagMode.ADD) -> None:
        """STORE."""
        self.now(self.store.change_flags(self.inbox().id, uids, mode, flags))

    def found_as(self, letters: str) -> None:
        """Another program renames the only file."""
        path = self.file()
        path.rename(path.with_name(f"{path.name.partition(':')[0]}:2,{letters}"))

    def test_soon(self) -> None:
        """Half a second after STORE the name shows the flags, not before."""
        self.stored.store.renaming.start(self.timers)
        self.timers.advance(SOON)
        self.add()
        self.mark([1], frozenset({SEEN}))
        self.assertEqual(self.names(), [""])
        self.timers.advance(SOON)
        self.assertEqual(self.names(), ["S"])
        self.assertEqual(self.flags(1), {SEEN})

    def test_in_slices(self) -> None:
        """A large STORE is followed a slice at a time, with pauses for others."""
        for _ in range(SLICE + 1):
            self.add()
        self.stored.store.renaming.start(self.timers)
        self.timers.advance(SOON)
        self.mark(list(range(1, SLICE + 2)), frozenset({FLAGGED}))
        self.timers.advance(SOON)
        self.assertEqual(self.names().count("F"), SLICE)
        self.timers.advance(PAUSE)
        self.assertEqual(self.names().count("F"), SLICE + 1)

    def test_not_while_flags_change(self) -> None:
        """Who changes flags again has the storage for a while; the names follow all the same."""
        count = 2 * SLICE + 1
        for _ in range(count):
            self.add()
        self.stored.store.renaming.start(self.timers)
        self.timers.advance(SOON)
        self.mark(list(range(1, count + 1)), frozenset({FLAGGED}))
        self.timers.advance(SOON)
        self.mark([count], frozenset({SEEN}))
        self.timers.advance(PAUSE)
        self.assertEqual(self.names().count("F"), 2 * SLICE)
        self.timers.advance(PAUSE)
        self.assertEqual(self.names()[-1], "")
        self.timers.advance(SOON - PAUSE)
        self.assertEqual(self.names()[-1], "FS")

    def test_after_a_crash(self) -> None:
        """What was left to do is done after the next start."""
        self.add()
        self.mark([1], frozenset({SEEN}))
        self.stored.restart()
        self.stored.store.renaming.start(self.timers)
        self.timers.advance(SOON)
        self.assertEqual(self.names(), ["S"])

    def test_at_stop(self) -> None:
        """A clean stop leaves names that show the flags."""
        self.stored.store.renaming.start(self.timers)
        self.add()
        self.mark([1], frozenset({SEEN}))
        self.now(Deferred.fromCoroutine(self.stored.store.renaming.stop()))
        self.assertEqual(self.names(), ["S"])
        self.assertEqual(self.timers.getDelayedCalls(), [])

    def test_renamed_but_not_committed(self) -> None:
        """A crash between the rename and the commit changes no flag."""
        self.add()
        self.uids()
        self.mark([1], frozenset({SEEN}))
        self.found_as("S")
        before = self.inbox().highestmodseq
        self.stored.restart()
        self.store = self.stored.store
        self.assertEqual(self.flags(1), {SEEN})
        self.assertEqual(self.inbox().highestmodseq, before)

    def test_both_change_flags(self) -> None:
        """Another program's change and ours both hold: it wins only for the flags that it changed."""
        self.add(flags=frozenset({ANSWERED}))
        self.uids()
        self.mark([1], frozenset({SEEN}))
        self.found_as("F")
        self.assertEqual(self.flags(1), {SEEN, FLAGGED})
        self.now(self.stored.store.renaming.run())
        self.assertEqual(self.names(), ["FS"])

    def test_both_before_the_rename(self) -> None:
        """The same when we come to rename first: the file is looked for, and nothing is lost."""
        self.add()
        self.uids()
        self.mark([1], frozenset({SEEN}))
        self.found_as("T")
        self.now(self.stored.store.renaming.run())
        self.assertEqual((self.names(), self.flags(1)), (["ST"], {SEEN, DELETED}))

    def test_a_lost_file_is_not_waited_for(self) -> None:
        """A file that is gone stops nobody."""
        self.add()
        self.add()
        self.uids()
        self.mark([1, 2], frozenset({SEEN}))
        next(path for path in (self.folder / "cur").iterdir() if ",U=1," in path.name).unlink()
        self.now(self.stored.store.renaming.run())
        self.assertEqual((self.names(), self.uids()), (["S"], [2]))

    def test_copy_and_expunge_before_the_rename(self) -> None:
        """A message whose name is behind can be copied, moved and expunged; its copies have the right names."""
        self.add()
        self.mark([1], frozenset({SEEN, DELETED}))
        inbox = self.inbox().id
        self.now(self.store.copy(inbox, [1], inbox))
        self.assertEqual(self.names(), ["", "ST"])
        self.now(self.store.expunge(inbox, [1]))
        self.now(self.stored.store.renaming.run())
        self.assertEqual((self.names(), self.flags(2)), (["ST"], {SEEN, DELETED}))
