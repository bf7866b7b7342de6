"""Content files that a crash left behind: no row needs them any more, or the one that would never came to be."""

import os
from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from uuid import UUID

from sqlalchemy import Connection, select

from daptinmail.db.schema import outbox
from daptinmail.interfaces.storage import IStorage, ITransaction
from daptinmail.queue.content import ContentFiles, needed

AGE = timedelta(hours=1)
"""Younger files may belong to a transaction that is not done yet."""

SOME = 200


async def clear(storage: IStorage, files: ContentFiles, now: datetime) -> int:
    """Remove them; answers how many."""
    found = await storage.read(lambda connection: _orphans(connection, files.directory, now - AGE))
    for start in range(0, len(found), SOME):
        await storage.write(partial(_remove, files=files, names=found[start : start + SOME]))
    return len(found)


def _orphans(connection: Connection, directory: Path, before: datetime) -> list[str]:
    """Names of old files that nothing needs. In a reader thread."""
    found: list[str] = []
    for names in _old_names(directory, before.timestamp()):
        trails = {trail: name for name in names if (trail := _trail(name))}
        query = select(outbox.c.trail).where(outbox.c.trail.in_(trails), needed()).distinct()
        kept = set(connection.execute(query).scalars()) if trails else set()
        found += [name for name in names if _trail(name) not in kept]
    return found


def _old_names(directory: Path, before: float) -> Iterator[list[str]]:
    """A few hundred at a time."""
    names: list[str] = []
    if not directory.is_dir():
        return
    with os.scandir(directory) as entries:
        for entry in entries:
            if entry.is_file(follow_symlinks=False) and entry.stat(follow_symlinks=False).st_mtime < before:
                names.append(entry.name)
            if len(names) == SOME:
                yield names
                names = []
    yield names


def _trail(name: str) -> UUID | None:
    try:
        return UUID(hex=name)
    except ValueError:
        return None


def _remove(transaction: ITransaction, files: ContentFiles, names: list[str]) -> None:
    for name in names:
        trail = _trail(name)
        if trail is None:
            transaction.remove(files.directory / name)
        else:
            files.drop_in(transaction, trail)
