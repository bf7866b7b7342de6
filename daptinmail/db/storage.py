"""``IStorage``: one thread that writes, with group commit, and pool threads that read."""

from collections.abc import Callable
from pathlib import Path
from queue import Empty, SimpleQueue
from threading import Thread
from typing import TypeVar

from attrs import define, field
from sqlalchemy import Connection, Engine
from twisted.internet.defer import Deferred, fail, succeed
from twisted.internet.interfaces import IReactorFromThreads
from twisted.logger import Logger
from zope.interface import implementer

from daptinmail.db.batch import OUR_FAULT, GroupCommit, Unit
from daptinmail.db.disk import FileSystem
from daptinmail.db.engine import open_readers, reason
from daptinmail.db.journal import Journal
from daptinmail.errors import ConfigurationError, Unavailable
from daptinmail.interfaces.runtime import IBlocking, IClock
from daptinmail.interfaces.storage import IStorage, ITransaction

log = Logger()

T = TypeVar("T")

MAX_BATCH = 256
"""Units in one transaction."""

MAX_WAITING = 20_000
"""Units that may wait; beyond this the disk is too slow for what comes in, and callers must hear it."""


@implementer(IStorage)
@define(eq=False)
class Storage:
    """The database of a running server. ``start`` before use; ``stop`` when the services above have stopped.

    ``_journal`` is where steps that a crash may interrupt are written down (``db.journal``).
    """

    _engine: Engine
    _clock: IClock
    _reactor: IReactorFromThreads
    _blocking: IBlocking
    _disk: FileSystem = field(factory=FileSystem)
    _max_waiting: int = MAX_WAITING
    _journal: Path | None = None
    _readers: Engine = field(init=False)
    _commit: GroupCommit = field(init=False)
    _queue: "SimpleQueue[Unit | None]" = field(factory=SimpleQueue, init=False)
    _thread: Thread | None = field(default=None, init=False)
    _running: bool = field(default=False, init=False)
    _waiting: int = field(default=0, init=False)
    _reading: int = field(default=0, init=False)
    _stopped: "list[Deferred[None]]" = field(factory=list, init=False)

    def __attrs_post_init__(self) -> None:
        self._readers = open_readers(self._engine)
        journal = None if self._journal is None else Journal(self._journal, self._disk)
        self._commit = GroupCommit(self._engine, self._clock, self._disk, journal)

    @property
    def doubts(self) -> int:
        """How often it was left open whether writes are durable."""
        return self._commit.doubts

    def start(self) -> None:
        """Undo what a crash left half done, and begin to take work.

        Raises:
            ConfigurationError: it cannot be undone.
        """
        try:
            self._commit.recover()
        except OUR_FAULT as error:
            raise ConfigurationError(f"storage: a crash cannot be recovered from: {reason(error)}") from error
        self._running = True
        self._thread = Thread(target=self._write_all, name="storage", daemon=True)
        self._thread.start()

    def stop(self) -> "Deferred[None]":
        """Refuse new work; fires when all that waits is done and the database is closed."""
        if self._thread is None:
            self._close()
            return succeed(None)
        stopped: Deferred[None] = Deferred()
        self._stopped.append(stopped)
        if self._running:
            self._running = False
            self._queue.put(None)
        return stopped

    def write(self, work: Callable[[ITransaction], T]) -> "Deferred[T]":
        """Do ``work`` in the storage thread; the result comes when it is durable."""
        if not self._running:
            return fail(Unavailable(cause="storage is not running"))
        if self._waiting >= self._max_waiting:
            return fail(Unavailable(cause="too many writes wait for the disk"))
        unit = Unit(work)
        self._waiting += 1
        self._queue.put(unit)
        return unit.waiter

    def read(self, work: Callable[[Connection], T]) -> "Deferred[T]":
        """Do ``work`` in a pool thread on a connection that cannot write."""
        if not self._running:
            return fail(Unavailable(cause="storage is not running"))
        self._reading += 1
        reading = Deferred.fromCoroutine(self._read(work))
        return reading.addBoth(self._read_done)

    async def _read(self, work: Callable[[Connection], T]) -> T:
        return await self._blocking.run(self._read_now, work)

    def _read_now(self, work: Callable[[Connection], T]) -> T:
        try:
            with self._readers.connect() as connection, connection.begin():
                return work(connection)
        except OUR_FAULT as error:
            log.error("reading failed: {error}", error=reason(error))
            raise Unavailable(cause=reason(error)) from error

    def _read_done(self, result: T) -> T:
        self._reading -= 1
        self._close_if_idle()
        return result

    def _write_all(self) -> None:
        """The storage thread."""
        while batch := self._take():
            wanted = [unit for unit in batch if not unit.waiter.called]
            try:
                if wanted:
                    self._commit.run(wanted)
            except BaseException as error:  # noqa: BLE001 - whatever it is, nobody may wait for ever
                log.failure("the storage thread failed")
                for unit in wanted:
                    unit.fail(OSError(repr(error)))
            self._reactor.callFromThread(self._tell, batch)
            self._clean_up(batch)
        self._reactor.callFromThread(self._thread_done)

    def _clean_up(self, batch: list[Unit]) -> None:
        try:
            self._commit.clean_up()
        except Exception:  # noqa: BLE001 - what was to be removed is junk; the thread has to go on
            log.failure("what was expunged cannot be removed")
        late = [unit for unit in batch if unit.late_callbacks]
        if late:
            self._reactor.callFromThread(_tell_late, late)

    def _take(self) -> list[Unit]:
        """All units that wait, up to ``MAX_BATCH``; empty when it is time to stop."""
        first = self._queue.get()
        batch: list[Unit] = []
        while first is not None:
            batch.append(first)
            if len(batch) == MAX_BATCH:
                break
            try:
                first = self._queue.get_nowait()
            except Empty:
                return batch
            if first is None:
                self._queue.put(None)
        return batch

    def _tell(self, batch: list[Unit]) -> None:
        self._waiting -= len(batch)
        for unit in batch:
            unit.tell()

    def _thread_done(self) -> None:
        if self._thread is not None:
            self._thread.join()
        self._thread = None
        self._close_if_idle()

    def _close_if_idle(self) -> None:
        if self._running or self._reading or self._thread is not None:
            return
        self._close()
        stopped, self._stopped = self._stopped, []
        for waiter in stopped:
            waiter.callback(None)

    def _close(self) -> None:
        self._readers.dispose()
        self._engine.dispose()
        self._commit.close()


def _tell_late(units: list[Unit]) -> None:
    for unit in units:
        unit.tell_late()
