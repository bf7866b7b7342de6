"""A process that is killed at a chosen step: one call to the file system, or one statement of the database."""

import itertools
import os
import shutil
import signal
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from attrs import define, field
from sqlalchemy import Engine, event

from daptinmail.db.disk import FileSystem
from daptinmail.db.engine import open_engine
from daptinmail.db.journal import Journal
from daptinmail.net.runtime import RandomIdentifiers, SystemClock
from tests.support.storage import MemoryStorage
from tests.support.stored import Stored

STEPS = (
    "create",
    "write",
    "copy",
    "truncate",
    "fsync",
    "fsync_dir",
    "rename",
    "link",
    "unlink",
    "rename_at",
    "link_at",
    "unlink_at",
    "make_directory",
    "remove_directory",
)
"""Calls that change something."""

STATEMENTS = frozenset({"INSERT", "UPDATE", "DELETE", "REPLACE", "COMMIT"})


@define
class Fuse:
    """Kills the process just before step number ``at``; 0 never does. ``names`` are the steps that were taken."""

    at: int
    names: list[str] = field(factory=list)

    def statement(self, word: str) -> None:
        """A statement is about to be run; those that only read make no difference."""
        if word in STATEMENTS:
            self.step(word)

    def step(self, name: str) -> None:
        """A step is about to be taken."""
        self.names.append(name)
        if len(self.names) == self.at:
            os.kill(os.getpid(), signal.SIGKILL)


class FusedFiles(FileSystem):
    """Real files behind a fuse; half of what is written reaches the file when it burns there."""

    def __init__(self, fuse: Fuse) -> None:
        super().__init__()
        for name in STEPS:
            setattr(self, name, self._fused(fuse, name, getattr(self, name)))

    def _fused(self, fuse: Fuse, name: str, call: Callable[..., Any]) -> Callable[..., Any]:
        def step(*arguments: Any) -> Any:
            if name == "write" and len(fuse.names) + 1 == fuse.at:
                octets = b"".join(arguments[1])
                os.write(arguments[0], octets[: len(octets) // 2])
            fuse.step(name)
            return call(*arguments)

        return step


def opened(base: Path, fuse: Fuse) -> tuple[Stored, Engine]:
    """The store on the disk at ``base``, in this thread alone."""
    engine = open_engine(f"sqlite:///{base / 'db'}")

    def connected(connection: Any, _: object) -> None:
        connection.execute("PRAGMA synchronous=OFF")
        connection.set_trace_callback(lambda statement: fuse.statement(statement.split(" ", 1)[0].upper()))

    event.listen(engine, "connect", connected)
    engine.dispose()
    files = FusedFiles(fuse)
    journal = Journal(base / "journal", files)
    with engine.connect() as connection:
        journal.recover(connection)
    storage = MemoryStorage(engine=engine, disk=files, journal=journal)
    identifiers = RandomIdentifiers(SystemClock())
    return Stored(storage, base / "mail", identifiers=identifiers), engine  # type: ignore[arg-type] # real ids


def killed(base: Path, at: int, work: Callable[[Stored], object]) -> tuple[bool, bool]:
    """Do ``work`` in a process that dies at step ``at``: was it killed, and had the work been acknowledged?"""
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        try:
            os.close(reading)
            stored, _ = opened(base, Fuse(at))
            work(stored)
            os.write(writing, b"done")
        except Exception:  # noqa: BLE001 - whatever it is, the parent sees that nothing was acknowledged
            traceback.print_exc()
        finally:
            os._exit(0)
    os.close(writing)
    acknowledged = os.read(reading, 4) == b"done"
    os.close(reading)
    _, status = os.waitpid(child, 0)
    return os.WIFSIGNALED(status), acknowledged


def deaths(base: Path, work: Callable[[Stored], object]) -> Iterator[tuple[int, Path, bool, bool]]:
    """Do ``work`` on copies of ``base / "before"``, each time dying a step later, until it survives.

    The step, the copy as it was left, whether ``work`` had been acknowledged, whether it survived.
    """
    for at in itertools.count(1):
        here = shutil.copytree(base / "before", base / str(at))
        was_killed, acknowledged = killed(here, at, work)
        yield at, here, acknowledged, not was_killed
        if not was_killed:
            return
