"""Group commit: many units of work in one transaction, each undone alone if it fails. Knows no threads."""

from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

from attrs import define, field, frozen
from sqlalchemy import Connection, Engine
from sqlalchemy.engine.interfaces import DBAPICursor
from sqlalchemy.exc import InterfaceError, InternalError, OperationalError
from twisted.internet.defer import Deferred
from twisted.logger import Logger
from twisted.python.failure import Failure
from zope.interface import implementer

from daptinmail.db.disk import FileSystem
from daptinmail.db.engine import reason
from daptinmail.db.files import FileEffects
from daptinmail.db.journal import Journal
from daptinmail.db.outcome import OutcomeUnknown, commit
from daptinmail.errors import Unavailable
from daptinmail.interfaces.runtime import IClock
from daptinmail.interfaces.storage import Content, FileNames, Foreseen, ITransaction

log = Logger()

OUR_FAULT = (OSError, OperationalError, InterfaceError, InternalError)
"""What the disk or the database raises when it, and not the caller, is at fault."""

GIVE_UP = 5
"""Units tried in vain, one after the other, before the rest of a batch fails untried: each may wait for seconds."""


@implementer(ITransaction)
@frozen(eq=False)
class Transaction:
    """What a unit of work may do."""

    connection: Connection
    now: datetime
    _files: FileEffects
    _unit: "Unit"

    def place(self, content: Content, path: Path) -> None:
        """Write a content to a file."""
        self._files.place(content, path)

    def foresee(self, steps: Sequence[Foreseen]) -> None:
        """Make sure that a crash in the middle of these steps is undone."""
        self._files.foresee(steps)

    def link(self, source: Path, target: Path) -> None:
        """Give a file a second name."""
        self._files.link(source, target)

    def rename(self, source: Path, target: Path) -> None:
        """Rename a file or directory."""
        self._files.rename(source, target)

    def link_all(self, files: FileNames) -> list[int]:
        """Give many files second names."""
        return self._files.link_all(files)

    def rename_all(self, files: FileNames) -> list[int]:
        """Rename many files."""
        return self._files.rename_all(files)

    def make_directory(self, path: Path) -> None:
        """Make a directory and its parents."""
        self._files.make_directory(path)

    def remove(self, path: Path) -> None:
        """Remove a file or an empty directory after the commit."""
        self._files.remove(path)

    def remove_later(self, directory: Path, names: Sequence[str]) -> None:
        """Remove files when the waiter has been told."""
        self._files.remove_later(directory, names)

    def after_commit(self, callback: Callable[[], None]) -> None:
        """Call back in the reactor thread."""
        self._unit.callbacks.append(callback)

    def after_removal(self, callback: Callable[[], None]) -> None:
        """Call back in the reactor thread, later."""
        self._unit.late_callbacks.append(callback)


@define(eq=False)
class Unit:
    """One piece of work, who waits for it, and how it went."""

    work: Callable[[ITransaction], Any]
    waiter: "Deferred[Any]" = field(factory=Deferred)
    callbacks: list[Callable[[], None]] = field(factory=list)
    late_callbacks: list[Callable[[], None]] = field(factory=list)
    result: Any = None
    failure: Failure | None = None

    def fail(self, error: Exception) -> None:
        """Note why the unit failed; what is our fault becomes ``Unavailable`` with its cause in the log only."""
        if isinstance(error, OUR_FAULT):
            log.error("storage failed: {error}", error=reason(error))
            error = Unavailable(cause=reason(error))
        self.failure = Failure(error)

    def tell(self) -> None:
        """Run the callbacks of a committed unit and fire its Deferred, which may have been cancelled."""
        if self.failure is None:
            for callback in self.callbacks:
                self._call(callback)
        if not self.waiter.called:
            self.waiter.callback(self.result if self.failure is None else self.failure)

    def tell_late(self) -> None:
        """Run the callbacks that wait for files to be removed."""
        if self.failure is None:
            for callback in self.late_callbacks:
                self._call(callback)

    def _call(self, callback: Callable[[], None]) -> None:
        try:
            callback()
        except Exception:  # noqa: BLE001 - one listener's fault must not reach the others
            log.failure("a listener failed after a commit")


@define(eq=False)
class GroupCommit:
    """Runs units together and makes them durable before it returns; ``clean_up`` removes what may go later."""

    engine: Engine
    clock: IClock
    disk: FileSystem
    journal: Journal | None = None
    doubts: int = field(default=0, init=False)
    """How often the outcome of a commit stayed unknown."""
    _ended: list[FileEffects] = field(factory=list, init=False)

    def recover(self) -> None:
        """Undo what a crash left half done. Blocking; before anything else.

        Raises:
            OSError: it cannot be undone.
        """
        if self.journal is None:
            return
        with self.engine.connect() as connection:
            undone = self.journal.recover(connection)
        if undone:
            log.warn("a crash interrupted a change of files: {count} steps were undone", count=undone)

    def run(self, units: Sequence[Unit]) -> None:
        """Run all units; each has its result or failure afterwards. Blocking."""
        try:
            self._together(units)
        except OutcomeUnknown as error:
            self.doubts += 1
            if self.journal is not None:
                self.journal.forget()
            for unit in units:
                unit.fail(error)
        except Exception as error:  # noqa: BLE001 - any fault of the batch is retried by unit
            log.warn("{count} units failed, trying one by one: {error}", count=len(units), error=reason(error))
            self._one_by_one(units)

    def clean_up(self) -> None:
        """Remove what committed units remove later. Blocking; when the waiters have been told."""
        while self._ended:
            self._ended.pop(0).clean_up()

    def close(self) -> None:
        """Give descriptors back."""
        if self.journal is not None:
            self.journal.close()

    def _one_by_one(self, units: Sequence[Unit]) -> None:
        """Each unit in its own transaction, until it is clear that none will succeed."""
        in_vain = 0
        for unit in units:
            if in_vain == GIVE_UP:
                unit.fail(OSError("the disk or the database does not work"))
            else:
                in_vain = 0 if self._again(unit) else in_vain + 1

    def _again(self, unit: Unit) -> bool:
        try:
            self._together([unit], may_link=False)
        except Exception as error:  # noqa: BLE001 - told to the waiter
            unit.fail(error if isinstance(error, OUR_FAULT) else OSError(repr(error)))
            return False
        return True

    def _together(self, units: Sequence[Unit], may_link: bool = True) -> None:
        files = FileEffects(self.disk, may_link, self.journal)
        with self.engine.connect() as connection, connection.begin() as transaction:
            savepoints = connection.connection.cursor() if len(units) > 1 else None
            try:
                for unit in units:
                    self._run(unit, connection, files, savepoints)
                if all(unit.failure for unit in units):
                    transaction.rollback()
                    return
                files.make_durable()
                if self.journal is not None:
                    self.journal.note(connection)
                commit(self.engine, connection, transaction)
            except OutcomeUnknown:
                raise  # a row may be durable, so its file must stay
            except BaseException:
                files.undo()
                _roll_back(connection)
                raise
        files.finish()
        self._ended.append(files)

    def _run(self, unit: Unit, connection: Connection, files: FileEffects, savepoints: DBAPICursor | None) -> None:
        """Run one unit. ``savepoints`` is the driver's cursor, several times faster than a ``Connection`` for these."""
        unit.failure, unit.callbacks, unit.late_callbacks = None, [], []
        now = self.clock.now()
        now = now.replace(microsecond=now.microsecond // 1000 * 1000)
        mark = files.mark()
        if savepoints is not None:
            savepoints.execute("SAVEPOINT unit")
        try:
            unit.result = unit.work(Transaction(connection, now, files, unit))
        except Exception as error:  # noqa: BLE001 - told to the waiter
            unit.fail(error)
            files.undo(mark)
            if savepoints is not None:
                savepoints.execute("ROLLBACK TO SAVEPOINT unit")
        if savepoints is not None:
            savepoints.execute("RELEASE SAVEPOINT unit")


def _roll_back(connection: Connection) -> None:
    """After a COMMIT that failed SQLite is still inside the transaction, and SQLAlchemy believes it is not."""
    if connection.invalidated:
        return
    driver = connection.connection.driver_connection
    if driver is not None:
        driver.rollback()
