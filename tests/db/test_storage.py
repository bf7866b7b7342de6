"""Promises of ``daptinmail.db.storage``: what the storage thread adds to the contract of ``IStorage``."""

import errno
import threading
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

from attrs import define, field
from sqlalchemy import Connection
from twisted.internet.defer import CancelledError, Deferred
from twisted.python.failure import Failure
from twisted.python.threadpool import ThreadPool
from twisted.trial.unittest import SynchronousTestCase

from daptinmail.db.disk import FileSystem
from daptinmail.db.engine import open_engine
from daptinmail.db.migrate import migrate
from daptinmail.db.storage import MAX_BATCH, MAX_WAITING, Storage
from daptinmail.errors import AlreadyExists, Unavailable
from daptinmail.interfaces.runtime import IBlocking
from daptinmail.interfaces.storage import Content, ITransaction
from daptinmail.net.blocking import PoolBlocking
from tests.contracts.storage import StorageContract, Work, put, small
from tests.support.runtime import SteadyClock, SynchronousBlocking
from tests.support.storage import MemoryStorage, ThreadCalls


class InMemory(StorageContract, SynchronousTestCase):
    """The provider for tests keeps the promises."""

    def setUp(self) -> None:
        provider = MemoryStorage()
        self.storage, self.directory = provider, provider.directory

    def settled(self, waiting: Any) -> Any:
        """It has fired already."""
        results: list[Any] = []
        waiting.addBoth(results.append)
        return results[0]


@define(eq=False)
class FailingDisk(FileSystem):
    """Counts syncs and fails those calls that a test names."""

    failing: dict[str, int] = field(factory=dict)
    """Name of a call -> how many times more it fails."""
    calls: list[str] = field(factory=list)
    before_unlink: Callable[[], object] = field(default=lambda: None)

    def __attrs_post_init__(self) -> None:
        FileSystem.__init__(self)

    def _try(self, call: str) -> None:
        self.calls.append(call)
        if self.failing.get(call, 0) > 0:
            self.failing[call] -= 1
            raise OSError(errno.ENOSPC, "No space left on device")

    def fsync(self, descriptor: int) -> None:
        """Sync or fail."""
        self._try("fsync")
        super().fsync(descriptor)

    def fsync_dir(self, path: Path) -> None:
        """Sync or fail."""
        self._try("fsync_dir")
        super().fsync_dir(path)

    def write(self, descriptor: int, pieces: Any) -> None:
        """Write or fail."""
        self._try("write")
        super().write(descriptor, pieces)

    def rename(self, source: Path, target: Path) -> None:
        """Rename or fail."""
        self._try("rename")
        super().rename(source, target)

    def unlink_at(self, name: str, directory: int) -> None:
        """Unlink when the test lets it."""
        self.before_unlink()
        super().unlink_at(name, directory)


class StorageCase(SynchronousTestCase):
    """A storage thread over a database file."""

    storage: Any
    max_waiting = MAX_WAITING

    def setUp(self) -> None:
        base = Path(self.mktemp()).absolute()
        self.directory = base / "files"
        self.directory.mkdir(parents=True)
        self.reactor = ThreadCalls()
        self.disk = FailingDisk()
        engine = open_engine(f"sqlite:///{base / 'db'}")
        migrate(engine)
        self.storage = self.running = Storage(
            engine, SteadyClock(), self.reactor, self.blocking(), self.disk, self.max_waiting
        )
        self.running.start()
        self.addCleanup(lambda: self.settled(self.running.stop()))

    def blocking(self) -> IBlocking:
        """Where readers run."""
        return SynchronousBlocking()

    def settled(self, waiting: Any) -> Any:
        """What comes of it, with the reactor turned by hand."""
        return self.reactor.settle(waiting)


class Threaded(StorageCase, StorageContract):
    """The real provider keeps the promises."""


class Grouping(StorageCase):
    """Units that wait together are made durable together, and fail alone."""

    def together(self, *works: Work) -> list[Any]:
        """The results of works that the thread takes as one batch."""
        hold, entered = threading.Event(), threading.Event()

        def first(transaction: ITransaction) -> None:
            entered.set()
            hold.wait(60)

        waiting = [self.storage.write(first)]
        entered.wait(60)
        waiting += [self.storage.write(work) for work in works]
        hold.set()
        return [self.settled(result) for result in waiting][1:]

    def names(self) -> list[str]:
        """The rows that are there."""
        rows = self.settled(self.storage.read(lambda c: c.exec_driver_sql("SELECT name FROM _config").all()))
        return sorted(row[0] for row in rows)

    def place(self, name: str) -> Work:
        """Work that writes a row and a file."""

        def work(transaction: ITransaction) -> str:
            put(name)(transaction)
            transaction.place(small(name.encode()), self.directory / name)
            return name

        return work

    def files(self) -> list[str]:
        """The files that are there."""
        return sorted(path.name for path in self.directory.iterdir())

    def test_one_directory_sync_for_all(self) -> None:
        """Ten messages into one directory cost ten file syncs and one directory sync."""
        names = [f"m{n}" for n in range(10)]
        self.assertEqual(self.together(*map(self.place, names)), names)
        self.assertEqual(self.disk.calls.count("fsync"), 10)
        self.assertEqual(self.disk.calls.count("fsync_dir"), 1)
        self.assertEqual(self.names(), names)

    def test_files_before_names_before_directory(self) -> None:
        """A file is synced before it has its name, and its name is synced before the commit."""
        self.together(self.place("a"), self.place("b"))
        self.assertEqual(self.disk.calls, ["write", "write", "fsync", "fsync", "rename", "rename", "fsync_dir"])

    def test_a_failing_unit_fails_alone(self) -> None:
        """One bad unit leaves its neighbours alone."""

        def bad(transaction: ITransaction) -> None:
            self.place("bad")(transaction)
            raise AlreadyExists

        results = self.together(self.place("a"), bad, self.place("b"))
        self.assertEqual((results[0], results[2]), ("a", "b"))
        self.assertIsInstance(results[1].value, AlreadyExists)
        self.assertEqual((self.names(), self.files()), (["a", "b"], ["a", "b"]))

    def test_a_failed_sync_is_tried_again_by_unit(self) -> None:
        """When the sync of a batch fails once, every unit still succeeds on its own."""
        for call in ("fsync", "rename", "fsync_dir"):
            self.disk.failing = {call: 1}
            names = [f"{call}{n}" for n in range(3)]
            self.assertEqual(self.together(*map(self.place, names)), names)
        self.assertEqual(self.names(), self.files())

    def test_a_disk_that_stays_broken(self) -> None:
        """When syncing keeps failing the waiters hear ``Unavailable``, and neither row nor file remains."""
        for call in ("fsync", "rename", "fsync_dir", "write"):
            self.disk.failing = {call: 1000}
            results = self.together(self.place("a"), self.place("b"))
            self.assertEqual([type(result.value) for result in results], [Unavailable, Unavailable], call)
            self.disk.failing = {}
            self.assertEqual((self.names(), self.files()), ([], []), call)

    def test_a_dead_disk_is_not_tried_for_ever(self) -> None:
        """With a hundred messages waiting for a disk that is gone, all are told soon, not after a hundred attempts."""
        self.disk.failing = {"fsync": 1000}
        results = self.together(*[self.place(f"m{number}") for number in range(100)])
        self.assertEqual({type(result.value) for result in results}, {Unavailable})
        self.assertLess(self.disk.calls.count("fsync"), 10)
        self.disk.failing = {}
        self.assertEqual((self.names(), self.files()), ([], []))

    def test_a_commit_that_fails(self) -> None:
        """A unit that only the commit finds fault with fails alone; the others are kept."""

        def deferred_violation(transaction: ITransaction) -> None:
            self.place("bad")(transaction)
            transaction.connection.exec_driver_sql("PRAGMA defer_foreign_keys=ON")
            transaction.connection.exec_driver_sql("INSERT INTO subscription (mail_account_id, name) VALUES (99, 'x')")

        results = self.together(self.place("a"), deferred_violation, self.place("b"))
        self.assertEqual((results[0], results[2]), ("a", "b"))
        self.assertIsInstance(results[1], Failure)
        self.assertEqual((self.names(), self.files()), (["a", "b"], ["a", "b"]))

    def test_units_of_a_batch_see_files_of_earlier_ones(self) -> None:
        """A message delivered and at once flagged, copied and moved by others in the same batch ends up right."""
        a, b, c, d = (self.directory / name for name in "abcd")

        def failing(transaction: ITransaction) -> None:
            transaction.rename(b, d)
            raise AlreadyExists

        results = self.together(
            self.place("a"),
            lambda t: t.rename(a, b),
            lambda t: t.link(b, c),
            failing,
            lambda t: t.remove(b),
        )
        self.assertEqual([type(result) for result in results], [str, type(None), type(None), Failure, type(None)])
        self.assertEqual(self.files(), ["c"])
        self.assertEqual(c.read_bytes(), b"a")

    def test_many_files_in_one_batch(self) -> None:
        """More files than may be open at once are fine."""
        names = [f"m{n:03}" for n in range(MAX_BATCH)]
        self.assertEqual(self.together(*map(self.place, names)), names)
        self.assertEqual(self.files(), names)

    def test_a_batch_is_bounded(self) -> None:
        """However many wait, one transaction takes only so many."""
        connections = self.together(*[lambda t: t.connection] * (MAX_BATCH + 10))
        self.assertLessEqual(max(Counter(map(id, connections)).values()), MAX_BATCH)

    def test_a_cancelled_waiter(self) -> None:
        """A client that went away hurts neither the thread nor the others in its batch."""
        hold, entered = threading.Event(), threading.Event()

        def first(transaction: ITransaction) -> str:
            entered.set()
            hold.wait(60)
            return str(put("first")(transaction))

        running = self.storage.write(first)
        entered.wait(60)
        queued, last = self.storage.write(put("queued")), self.storage.write(put("z"))
        failures: list[Any] = []
        for waiting in (running, queued):
            assert isinstance(waiting, Deferred)
            waiting.addErrback(failures.append).cancel()
        hold.set()
        self.assertEqual(self.settled(last), "z")
        self.assertEqual([failure.type for failure in failures], [CancelledError, CancelledError])
        self.assertEqual(self.names(), ["first", "z"])


class RemovingLater(StorageCase):
    """What need not be gone when the waiter hears."""

    def test_told_first(self) -> None:
        """The waiter hears while the files are there; the next unit finds them gone and the callback called."""
        told: list[str] = []
        names = ["a", "b", "gone"]
        for name in names[:2]:
            (self.directory / name).touch()

        def work(transaction: ITransaction) -> None:
            transaction.remove_later(self.directory, names)
            transaction.after_commit(lambda: told.append("done"))
            transaction.after_removal(lambda: told.append("removed"))

        hold = threading.Event()
        self.disk.before_unlink = hold.wait
        self.settled(self.storage.write(work))
        self.assertEqual((told, (self.directory / "a").exists()), (["done"], True))
        hold.set()
        found = self.settled(self.storage.write(lambda transaction: list(self.directory.iterdir())))
        self.assertEqual((told, found), (["done", "removed"], []))

    def test_a_unit_that_fails(self) -> None:
        """It removes nothing, and its callback is not called."""
        (self.directory / "a").touch()

        def work(transaction: ITransaction) -> None:
            transaction.remove_later(self.directory, ["a"])
            transaction.after_removal(lambda: self.fail("called"))
            raise AlreadyExists

        self.assertIsInstance(self.settled(self.storage.write(work)).value, AlreadyExists)
        self.settled(self.storage.write(put("next")))
        self.assertTrue((self.directory / "a").exists())

    def test_stop_removes(self) -> None:
        """A server that stops leaves nothing behind; what cannot be removed holds up nothing."""
        for name in ("a", "c"):
            (self.directory / name).touch()
        (self.directory / "b").mkdir()
        waiting = [
            self.storage.write(lambda transaction: transaction.remove_later(self.directory, ["a", "b", "c"])),
            self.storage.write(lambda transaction: transaction.remove_later(self.directory / "nowhere", ["a"])),
        ]
        self.settled(self.running.stop())
        self.assertEqual([self.successResultOf(one) for one in waiting], [None, None])
        self.assertEqual([path.name for path in self.directory.iterdir()], ["b"])


class Reading(StorageCase):
    """Readers in threads of their own."""

    def blocking(self) -> PoolBlocking:
        """A real pool."""
        pool = ThreadPool(0, 2)
        pool.start()
        self.addCleanup(pool.stop)
        return PoolBlocking(self.reactor, pool)

    def test_a_snapshot(self) -> None:
        """A reader sees one state of everything, whatever is committed meanwhile, and holds up no writer."""
        began, written = threading.Event(), threading.Event()
        count = "SELECT count(*) FROM _config"

        def work(connection: Connection) -> tuple[Any, Any]:
            before = connection.exec_driver_sql(count).scalar()
            began.set()
            written.wait(60)
            return before, connection.exec_driver_sql(count).scalar()

        reading = self.storage.read(work)
        began.wait(60)
        self.assertEqual(self.settled(self.storage.write(put("a"))), "a")
        written.set()
        self.assertEqual(self.settled(reading), (0, 0))
        self.assertEqual(self.settled(self.storage.read(lambda c: c.exec_driver_sql(count).scalar())), 1)

    def test_stop_waits_for_readers(self) -> None:
        """The database is not closed under a reader."""
        hold = threading.Event()

        def work(connection: Connection) -> Any:
            hold.wait(60)
            return connection.exec_driver_sql("SELECT 5").scalar()

        reading = self.storage.read(work)
        stopping = self.running.stop()
        self.reactor.turn()
        self.assertNoResult(stopping)
        hold.set()
        self.assertEqual(self.settled(reading), 5)
        self.assertIsNone(self.settled(stopping))


class Overload(StorageCase):
    """More than the disk can take."""

    max_waiting = 3

    def test_too_many_wait(self) -> None:
        """Beyond the limit a write fails at once; when the disk has caught up writes are taken again."""
        hold, entered = threading.Event(), threading.Event()

        def first(transaction: ITransaction) -> None:
            entered.set()
            hold.wait(60)

        waiting = [self.storage.write(first), self.storage.write(put("a")), self.storage.write(put("b"))]
        self.failureResultOf(self.storage.write(put("c")), Unavailable)
        hold.set()
        self.assertEqual([self.settled(result) for result in waiting], [None, "a", "b"])
        self.assertEqual(self.settled(self.storage.write(put("c"))), "c")


class Ending(StorageCase):
    """Stopping loses nothing."""

    def test_stop_drains(self) -> None:
        """Everything that waited when the server stops is durable before it ends."""
        waiting = [self.storage.write(put(f"n{n}")) for n in range(20)]
        self.settled(self.running.stop())
        self.assertEqual([self.successResultOf(result) for result in waiting], [f"n{n}" for n in range(20)])

    def test_nothing_after_stop(self) -> None:
        """After stop nothing is taken; stopping again is harmless."""
        self.settled(self.running.stop())
        self.failureResultOf(self.storage.write(put("a")), Unavailable)
        self.failureResultOf(self.storage.read(lambda c: None), Unavailable)
        self.settled(self.running.stop())

    def test_readers_cannot_write(self) -> None:
        """A mistake in a reading function cannot change anything."""
        result = self.settled(self.storage.read(lambda c: c.exec_driver_sql("DELETE FROM _config")))
        self.assertIsInstance(result.value, Unavailable)

    def test_spooled_content_of_the_wrong_size(self) -> None:
        """A spool file that was cut short is never delivered."""
        spool = self.directory / "spool"
        spool.write_bytes(b"short")
        content = Content(body_size=500, path=spool, prefix=b"T: 1\r\n")
        result = self.settled(self.storage.write(lambda t: t.place(content, self.directory / "m")))
        self.assertIsInstance(result.value, Unavailable)
        self.assertEqual([path.name for path in self.directory.iterdir()], ["spool"])
