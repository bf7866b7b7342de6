"""Promises of ``daptinmail.db.journal``: a journal that could not be written, or was damaged, loses nobody's files."""

import errno
import os
from collections.abc import Sequence
from pathlib import Path

from attrs import define, field
from twisted.internet.defer import Deferred
from twisted.trial.unittest import SynchronousTestCase

from daptinmail.db.batch import GroupCommit, Unit
from daptinmail.db.journal import Journal
from daptinmail.errors import ConfigurationError, Unavailable
from daptinmail.interfaces.storage import Foreseen, ITransaction
from tests.contracts.storage import Work, put
from tests.support.runtime import SteadyClock
from tests.support.storage import HastyFiles, MemoryStorage


@define(eq=False)
class TornDisk(HastyFiles):
    """Each call fails as often as ``failing`` says; of what is written half arrives."""

    failing: dict[str, int] = field(factory=dict)
    calls: list[str] = field(factory=list)

    def __attrs_post_init__(self) -> None:
        HastyFiles.__init__(self)

    def _try(self, call: str) -> None:
        self.calls.append(call)
        if self.failing.get(call, 0) > 0:
            self.failing[call] -= 1
            raise OSError(errno.ENOSPC, "No space left on device")

    def write(self, descriptor: int, pieces: Sequence[bytes]) -> None:
        """All, or half and an error."""
        octets = b"".join(pieces)
        half = len(octets) // 2
        super().write(descriptor, [octets[:half]])
        self._try("write")
        super().write(descriptor, [octets[half:]])

    def fsync(self, descriptor: int) -> None:
        """Sync or fail."""
        self._try("fsync")

    def fsync_dir(self, path: Path) -> None:
        """Sync or fail."""
        self._try("fsync_dir")

    def truncate(self, descriptor: int, size: int) -> None:
        """Shorten or fail."""
        self._try("truncate")
        super().truncate(descriptor, size)


class JournalCase(SynchronousTestCase):
    """A storage whose units rename files."""

    def setUp(self) -> None:
        self.disk = TornDisk()
        self.storage = MemoryStorage(SteadyClock(), self.disk)
        self.path = self.storage.directory / "journal"
        self.journal = self.storage.journal = Journal(self.path, self.disk)
        self.addCleanup(self.journal.close)
        for name in "abc":
            (self.storage.directory / name).write_text(name)

    def rename(self, name: str) -> Work:
        """Work that renames the file ``name`` to a capital letter, and notes it in a row."""

        def work(transaction: ITransaction) -> str:
            put(name)(transaction)
            before, after = self.storage.directory / name, self.storage.directory / name.upper()
            transaction.foresee([Foreseen(before, after)])
            transaction.rename(before, after)
            return name

        return work

    def write(self, *works: Work) -> "list[Deferred[str]]":
        """Do works in one batch."""
        units = [Unit(work) for work in works]
        GroupCommit(self.storage.engine, self.storage.clock, self.disk, self.journal).run(units)
        for unit in units:
            unit.tell()
        return [unit.waiter for unit in units]

    def files(self) -> list[str]:
        """What there is beside the journal."""
        return sorted(path.name for path in self.storage.directory.iterdir() if path != self.path)

    def recover(self) -> int:
        """Start again after the process died."""
        journal = Journal(self.path, self.disk)
        with self.storage.engine.connect() as connection:
            return journal.recover(connection)

    def die(self, name: str) -> None:
        """Rename a file as a batch does that a crash interrupts before its commit."""
        before, after = self.storage.directory / name, self.storage.directory / name.upper()
        self.journal.write([Foreseen(before, after)])
        before.rename(after)


class FullDisk(JournalCase):
    """The disk fails while the journal is written."""

    def test_refused_and_the_next_works(self) -> None:
        """A move that cannot be written down is refused and leaves nothing; the next works, and a crash is undone."""
        for call in ("fsync_dir", "write", "fsync"):
            self.disk.failing = {call: 1}
            (refused,) = self.write(self.rename("a"))
            self.failureResultOf(refused, Unavailable)
            self.assertEqual(self.files(), ["a", "b", "c"], call)
        self.assertEqual(self.path.read_bytes(), b"")
        (moved,) = self.write(self.rename("b"))
        self.assertEqual(self.successResultOf(moved), "b")
        self.die("c")
        self.assertEqual(self.files(), ["B", "C", "a"])
        self.assertEqual(self.recover(), 1)
        self.assertEqual(self.files(), ["B", "a", "c"])

    def test_in_the_middle_of_a_batch(self) -> None:
        """When one of three moves cannot be written down the batch is undone, and each tried on its own."""
        self.disk.failing = {"write": 1}
        whole = [self.successResultOf(one) for one in self.write(*map(self.rename, "abc"))]
        self.assertEqual((whole, self.files()), (["a", "b", "c"], ["A", "B", "C"]))

    def test_the_others_are_not_harmed(self) -> None:
        """A move whose line never fits is refused; those that waited with it are done."""
        self.journal.max_size = 150

        def much(transaction: ITransaction) -> None:
            transaction.foresee([Foreseen(self.storage.directory / "b", self.storage.directory / ("B" * 200))])

        first, second, third = self.write(self.rename("a"), much, self.rename("c"))
        self.assertEqual([self.successResultOf(one) for one in (first, third)], ["a", "c"])
        self.failureResultOf(second, Unavailable)
        self.assertEqual(self.files(), ["A", "C", "b"])
        self.assertLessEqual(self.path.stat().st_size, 150)

    def test_a_torn_line_that_stays(self) -> None:
        """While half a line cannot be taken away nothing is written behind it: moves are refused, then work again."""
        self.disk.failing = {"write": 1, "truncate": 3}
        for _ in range(2):
            (refused,) = self.write(self.rename("a"))
            self.failureResultOf(refused, Unavailable)
        self.assertEqual(self.files(), ["a", "b", "c"])
        self.disk.failing = {}
        self.assertEqual(self.successResultOf(self.write(self.rename("a"))[0]), "a")
        self.die("b")
        self.assertEqual((self.recover(), self.files()), (1, ["A", "b", "c"]))

    def test_a_commit_stands_although_the_journal_cannot_be_emptied(self) -> None:
        """What is committed is done once, whatever becomes of the journal afterwards."""
        self.write(self.rename("a"))
        self.disk.failing = {"truncate": 1}
        self.assertEqual(self.successResultOf(self.write(self.rename("b"))[0]), "b")
        self.assertEqual((self.recover(), self.files()), (0, ["A", "B", "c"]))

    def test_undone_for_good(self) -> None:
        """Names that were given back are synced before the journal forgets them."""
        self.write(self.rename("a"))
        del self.disk.calls[:]
        self.disk.failing = {"fsync_dir": 1}
        self.assertEqual(self.successResultOf(self.write(self.rename("b"))[0]), "b")
        failed, undone = ["write", "fsync", "fsync_dir"], ["fsync_dir", "truncate"]
        self.assertEqual(self.disk.calls, [*failed, *undone, "write", "fsync", "fsync_dir", "truncate"])


class Recovering(JournalCase):
    """A process starts where another died."""

    def test_no_journal(self) -> None:
        """Without one there is nothing to undo."""
        self.assertEqual(self.recover(), 0)

    def test_cut_short_anywhere(self) -> None:
        """Whatever part of the last line reached the disk: what the lines before it tell is undone, and no more."""
        self.die("a")
        whole = self.path.read_bytes()
        self.journal.write([Foreseen(self.storage.directory / "b", self.storage.directory / "B")])
        last = self.path.read_bytes()[len(whole) :]
        for size in range(len(last)):
            self.path.write_bytes(whole + last[:size])
            self.assertEqual((self.recover(), self.files()), (1, ["a", "b", "c"]), size)
            (self.storage.directory / "a").rename(self.storage.directory / "A")

    def test_a_hole_in_the_last_line(self) -> None:
        """A last line whose end reached the disk before its middle was not acted on either."""
        self.die("a")
        whole = self.path.read_bytes()
        self.path.write_bytes(whole + b"\0" * len(whole[:-1]) + b"\n")
        self.assertEqual((self.recover(), self.files()), (1, ["a", "b", "c"]))

    def test_a_damaged_line(self) -> None:
        """A line that was acted on and cannot be read any more stops the start, with the file's name."""
        self.die("a")
        self.die("b")
        octets = bytearray(self.path.read_bytes())
        for at in (3, 20, 60):
            damaged = octets[:]
            damaged[at] ^= 1
            self.path.write_bytes(damaged)
            error = self.assertRaises(ConfigurationError, self.recover)
            self.assertIn(f"{self.path}: the journal", str(error))
            self.assertIn("line 1 is not whole", str(error))
        self.assertEqual(self.files(), ["A", "B", "c"])

    def test_not_a_journal(self) -> None:
        """A line with a checksum that says something else is damage, not a Python error."""
        self.path.write_bytes(b"0d4cbb29 []\n" * 2)
        self.assertIn("line 1", str(self.assertRaises(ConfigurationError, self.recover)))

    def test_too_large(self) -> None:
        """A file larger than what is ever written is refused, not read in part."""
        self.die("a")
        with self.path.open("ab") as file:
            os.truncate(file.fileno(), 10_000)
        journal = Journal(self.path, self.disk, max_size=9_999)
        with self.storage.engine.connect() as connection:
            error = self.assertRaises(ConfigurationError, journal.recover, connection)
        self.assertIn("larger than 9999 octets", str(error))
        self.assertEqual(self.files(), ["A", "b", "c"])
