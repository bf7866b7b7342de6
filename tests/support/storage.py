"""``IStorage`` in memory: rows in SQLite's memory, files in a temporary directory, everything done at once."""

import shutil
import sqlite3
import tempfile
import weakref
from collections.abc import Callable
from functools import cache, partial
from pathlib import Path
from queue import Queue
from typing import Any, TypeVar

from attrs import define, field
from sqlalchemy import Connection, Engine, StaticPool, create_engine
from twisted.internet.defer import Deferred, maybeDeferred
from twisted.internet.interfaces import IReactorFromThreads
from twisted.trial.unittest import SynchronousTestCase
from zope.interface import implementer

from daptinmail.db.batch import GroupCommit, Unit
from daptinmail.db.disk import FileSystem
from daptinmail.db.engine import listen_sqlite
from daptinmail.db.journal import Journal
from daptinmail.db.schema import metadata
from daptinmail.interfaces.runtime import IClock
from daptinmail.interfaces.storage import IStorage, ITransaction
from tests.support.runtime import SteadyClock

T = TypeVar("T")


class HastyFiles(FileSystem):
    """Real files, never synced."""

    def fsync(self, descriptor: int) -> None:
        """Trust that the machine stays up for this test."""

    def fsync_dir(self, path: Path) -> None:
        """The same; a missing directory is still an error."""
        if not self.is_directory(path):
            raise FileNotFoundError(path)


@cache
def _empty_tables() -> bytes:
    """The image of a database with all tables and no rows, made once."""
    engine = create_engine("sqlite://", poolclass=StaticPool)
    metadata.create_all(engine)
    with engine.connect() as connection:
        image: bytes = connection.connection.dbapi_connection.serialize()  # type: ignore[union-attr] # sqlite3's own
    engine.dispose()
    return image


def memory_engine() -> Engine:
    """A database in memory with all tables, on one connection."""
    opened = sqlite3.connect(":memory:", check_same_thread=False)
    opened.deserialize(_empty_tables())
    engine = create_engine("sqlite://", poolclass=StaticPool, creator=lambda: opened, hide_parameters=True)
    listen_sqlite(engine, "BEGIN")
    return engine


@implementer(IStorage)
@define(eq=False)
class MemoryStorage:
    """Each write is a batch of one, done in the caller's thread; Deferreds have fired when they are returned.

    ``directory`` is a temporary directory for files, removed with this object. ``disk`` may be one that fails, and
    ``engine`` that of another database.
    """

    clock: IClock = field(factory=SteadyClock)
    disk: FileSystem = field(factory=HastyFiles)
    engine: Engine = field(factory=memory_engine)
    journal: Journal | None = None
    doubts: int = 0
    _directory: Path | None = field(default=None, init=False)

    @property
    def directory(self) -> Path:
        """A place for files."""
        if self._directory is None:
            self._directory = Path(tempfile.mkdtemp(prefix="daptinmail-test-"))
            weakref.finalize(self, shutil.rmtree, self._directory, ignore_errors=True)
        return self._directory

    def write(self, work: Callable[[ITransaction], T]) -> "Deferred[T]":
        """Do ``work`` now."""
        unit = Unit(work)
        commit = GroupCommit(self.engine, self.clock, self.disk, self.journal)
        commit.run([unit])
        unit.tell()
        commit.clean_up()
        unit.tell_late()
        return unit.waiter

    def read(self, work: Callable[[Connection], T]) -> "Deferred[T]":
        """Do ``work`` now."""
        return maybeDeferred(self._read, work)

    def _read(self, work: Callable[[Connection], T]) -> T:
        with self.engine.connect() as connection:
            return work(connection)


class StorageCase(SynchronousTestCase):
    """A case whose rows are in memory, unless a mixin in front of it has another place for them."""

    def make_storage(self, clock: IClock) -> MemoryStorage:
        """Where the rows are."""
        return MemoryStorage(clock)


@implementer(IReactorFromThreads)
@define(eq=False)
class ThreadCalls:
    """The reactor's side of threads, turned by hand: ``settle`` runs what threads asked for until a result is there."""

    _calls: "Queue[Callable[[], object]]" = field(factory=Queue, init=False)

    def callFromThread(self, callable: Callable[..., Any], *args: object, **kwargs: object) -> None:
        """Keep a call for ``settle``."""
        self._calls.put(partial(callable, *args, **kwargs))

    def settle(self, waiting: "Deferred[Any]") -> Any:
        """The result of ``waiting``, or its ``Failure``; fails the test after a minute without news from a thread."""
        results: list[Any] = []
        waiting = waiting.addBoth(results.append)
        while not results:
            self.turn()
        return results[0]

    def turn(self) -> None:
        """Run one call, when a thread asks for it."""
        self._calls.get(timeout=60)()
