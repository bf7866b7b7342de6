"""What a batch is about to do to files that are there already, so that a crash in its middle can be undone.

The database undoes its rows by itself; names in the file system stay as they were when the process died. So before a
batch renames or links what earlier batches made, it writes here what it will do, synced, under a token; its transaction
writes the same token into the table ``file_journal``. At the next start the two tell what happened: equal, and the
batch was committed; else everything that was done of it is taken back.
"""

import errno
import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from attrs import define, field
from sqlalchemy import Connection, bindparam, select, update
from twisted.logger import Logger

from daptinmail.db.disk import FileSystem
from daptinmail.db.schema import file_journal
from daptinmail.interfaces.storage import Foreseen

log = Logger()

MAX_SIZE = 256 * 1024 * 1024
"""Octets; more than any batch writes."""

_NOTE = update(file_journal).values(token=bindparam("latest"))
_LATEST = select(file_journal.c.token)


@define(eq=False)
class Journal:
    """The journal file at ``path``; what it names lies below the directory it stands in."""

    path: Path
    disk: FileSystem
    _token: str | None = field(default=None, init=False)
    _descriptor: int | None = field(default=None, init=False)

    @property
    def written(self) -> bool:
        """True while the running batch stands here."""
        return self._token is not None

    def write(self, foreseen: Sequence[Foreseen]) -> None:
        """Add to what the running batch will do; durable when this returns."""
        if self._descriptor is None:
            self._descriptor = self._open()
        if self._token is None:
            self._token = os.urandom(16).hex()
        pairs = [[self._relative(one.source), self._relative(one.target), one.link] for one in foreseen]
        line = json.dumps({"token": self._token, "foreseen": pairs}).encode("ascii") + b"\n"
        self.disk.write(self._descriptor, [line])
        self.disk.fsync(self._descriptor)

    def note(self, connection: Connection) -> None:
        """Write the batch's token into its transaction, if it has one."""
        if self._token is not None:
            connection.execute(_NOTE, {"latest": self._token})

    def forget(self) -> None:
        """The batch ended, one way or the other, and its files with it."""
        if self._token is not None and self._descriptor is not None:
            os.ftruncate(self._descriptor, 0)
        self._token = None

    def recover(self, connection: Connection) -> int:
        """Undo what the last batch of a process that died did, unless it was committed; answers how much.

        Raises:
            OSError: a name cannot be given back; the journal stays.
        """
        lines = self._read()
        if not lines:
            return 0
        latest = connection.execute(_LATEST).scalar()
        undone = 0
        for line in reversed(lines):
            if line["token"] != latest:
                undone += sum(self._undo(*pair) for pair in reversed(line["foreseen"]))
        self.disk.unlink(self.path)
        self.disk.fsync_dir(self.path.parent)
        return undone

    def close(self) -> None:
        """Give the descriptor back."""
        if self._descriptor is not None:
            self.disk.close(self._descriptor)
            self._descriptor = None

    def _open(self) -> int:
        descriptor = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
        self.disk.fsync_dir(self.path.parent)
        return descriptor

    def _relative(self, path: Path) -> str:
        name, root = str(path), f"{self.path.parent}/"
        below = name[len(root) :] if name.startswith(root) else os.path.relpath(name, root)  # which takes long
        return os.fsencode(below).decode("latin-1")

    def _absolute(self, name: str) -> Path:
        return self.path.parent / os.fsdecode(name.encode("latin-1"))

    def _read(self) -> list[dict[str, Any]]:
        """Whole lines; one that a crash cut short was not acted on."""
        try:
            with self.path.open("rb") as file:
                lines = file.read(MAX_SIZE).split(b"\n")[:-1]
        except FileNotFoundError:
            return []
        return [json.loads(line) for line in lines]

    def _undo(self, source: str, target: str, link: bool) -> bool:
        """Take back one step if it was taken; true if it was."""
        before, after = self._absolute(source), self._absolute(target)
        if not self.disk.exists(after) or (not link and self.disk.exists(before)):
            return False
        if link:
            self.disk.unlink(after)
        else:
            self.disk.rename(after, before)
        for directory in {before.parent, after.parent}:
            self._sync(directory)
        return True

    def _sync(self, directory: Path) -> None:
        try:
            self.disk.fsync_dir(directory)
        except OSError as error:
            if error.errno != errno.ENOENT:  # it lay in a directory that was given back its name since
                raise
