"""What a batch is about to do to files that are there already, so that a crash in its middle can be undone.

The database undoes its rows by itself; names in the file system stay as they were when the process died. So before a
batch renames or links what earlier batches made, it writes here what it will do, synced, under a token; its transaction
writes the same token into the table ``file_journal``. At the next start the two tell what happened: equal, and the
batch was committed; else everything that was done of it is taken back.

Each line begins with its checksum. Nothing is done before the line that foresees it is whole and synced, so a last line
that is not whole was never acted on; one in the middle that is not whole is a damaged file.
"""

import errno
import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple
from zlib import crc32

from attrs import define, field
from sqlalchemy import Connection, bindparam, select, update
from twisted.logger import Logger

from daptinmail.db.disk import FileSystem
from daptinmail.db.schema import file_journal
from daptinmail.errors import ConfigurationError
from daptinmail.interfaces.storage import FileNames, Foreseen

log = Logger()

MAX_SIZE = 256 * 1024 * 1024
"""Octets; a batch that would need more is refused."""

_NOTE = update(file_journal).values(token=bindparam("latest"))
_LATEST = select(file_journal.c.token)


class _Steps(NamedTuple):
    """Names in one directory, given to files of another (both relative to the journal's), or links to them."""

    source: str
    target: str
    link: bool
    pairs: Sequence[tuple[str, str]]


class _Line(NamedTuple):
    """What one unit was about to do."""

    token: str
    steps: Sequence[_Steps]


@define(eq=False)
class Journal:
    """The journal file at ``path``; what it names lies below the directory it stands in."""

    path: Path
    disk: FileSystem
    max_size: int = MAX_SIZE
    _token: str | None = field(default=None, init=False)
    _descriptor: int | None = field(default=None, init=False)
    _length: int = field(default=0, init=False)
    """Octets of the running batch's whole lines."""
    _surplus: bool = field(default=False, init=False)
    """True while the file may be longer than that."""

    @property
    def written(self) -> bool:
        """True while something of the running batch may stand here."""
        return self._token is not None

    def write(self, foreseen: Sequence[Foreseen]) -> None:
        """Add to what the running batch will do; durable when this returns.

        Raises:
            OSError: it is not durable, or too much; nothing of it stays in the file, and the batch must not go on.
        """
        self._write(
            [
                self._steps(one.source.parent, one.target.parent, one.link, [(one.source.name, one.target.name)])
                for one in foreseen
            ]
        )

    def write_all(self, files: FileNames, link: bool) -> None:
        """The same for many files of one directory. Raises what ``write`` does."""
        self._write([self._steps(files.source, files.target, link, files.pairs)])

    def _write(self, steps: Sequence[_Steps]) -> None:
        if self._token is None:
            self._token = os.urandom(16).hex()
        line = _octets(_Line(self._token, steps))
        if self._length + len(line) > self.max_size:
            raise OSError(errno.EFBIG, "too many files at once", str(self.path))
        descriptor = self._opened()
        self._cut(descriptor)
        self._surplus = True
        try:
            self.disk.write(descriptor, [line])
            self.disk.fsync(descriptor)
        except OSError:
            self._try_to_cut(descriptor)
            raise
        self._length, self._surplus = self._length + len(line), False

    def note(self, connection: Connection) -> None:
        """Write the batch's token into its transaction, if it has one."""
        if self._token is not None:
            connection.execute(_NOTE, {"latest": self._token})

    def forget(self) -> None:
        """The batch ended, one way or the other, and its files with it. Raises nothing: what was committed stays so.

        Not synced, and it need not be. If a crash brings the lines back, either their token is the database's, or what
        they tell was taken back and there is nothing to undo. The sync of the next line makes this durable too.
        """
        if self._token is not None and self._descriptor is not None:
            self._length, self._surplus = 0, True
            self._try_to_cut(self._descriptor)
        self._token = None

    def recover(self, connection: Connection) -> int:
        """Undo what the last batch of a process that died did, unless it was committed; answers how much.

        Raises:
            ConfigurationError: the file is damaged.
            OSError: a name cannot be given back; the journal stays.
        """
        try:
            lines = self._read()
        except FileNotFoundError:
            return 0
        latest = connection.execute(_LATEST).scalar()
        undone = 0
        for line in reversed(lines):
            if line.token != latest:
                undone += sum(map(self._undo, reversed(line.steps)))
        self.disk.unlink(self.path)
        self.disk.fsync_dir(self.path.parent)
        return undone

    def close(self) -> None:
        """Give the descriptor back."""
        if self._descriptor is not None:
            self.disk.close(self._descriptor)
            self._descriptor = None

    def _opened(self) -> int:
        if self._descriptor is None:
            descriptor = self.disk.open_to_append(self.path)
            try:
                self.disk.fsync_dir(self.path.parent)
            except OSError:
                self.disk.close(descriptor)
                raise
            self._descriptor, self._length, self._surplus = descriptor, 0, True
        return self._descriptor

    def _cut(self, descriptor: int) -> None:
        """Take away what does not belong to the running batch or is not whole."""
        if self._surplus:
            self.disk.truncate(descriptor, self._length)
            self._surplus = False

    def _try_to_cut(self, descriptor: int) -> None:
        try:
            self._cut(descriptor)
        except OSError as error:  # the next line is refused until it can be done
            log.error("{path} cannot be shortened: {error}", path=str(self.path), error=error)

    def _steps(self, source: Path, target: Path, link: bool, pairs: Sequence[tuple[str, str]]) -> _Steps:
        root = self.path.parent
        return _Steps(os.path.relpath(source, root), os.path.relpath(target, root), link, pairs)

    def _read(self) -> list[_Line]:
        """The whole lines."""
        with self.path.open("rb") as file:
            octets = file.read(self.max_size + 1)
        if len(octets) > self.max_size:
            raise self._damaged(f"it is larger than {self.max_size} octets")
        lines: list[_Line] = []
        *texts, rest = octets.split(b"\n")
        for number, text in enumerate(texts, 1):
            line = _parse(text)
            if line is not None:
                lines.append(line)
            elif number < len(texts) or rest:
                raise self._damaged(f"line {number} is not whole")
            else:
                rest = text
        if rest:
            log.warn("{path}: the last line is not whole, and was not acted on", path=str(self.path))
        return lines

    def _damaged(self, why: str) -> ConfigurationError:
        return ConfigurationError(
            f"{self.path}: the journal of a crash is damaged ({why}), so its interrupted changes of files"
            " cannot be undone; move this file away, start again, and let 'verify' compare mailboxes with files"
        )

    def _undo(self, steps: _Steps) -> int:
        """Take back those steps that were taken; answers how many."""
        source, target = self.path.parent / steps.source, self.path.parent / steps.target
        undone = sum(self._undo_one(source / before, target / after, steps.link) for before, after in steps.pairs)
        for directory in {source, target} if undone else ():
            self._sync(directory)
        return undone

    def _undo_one(self, before: Path, after: Path, link: bool) -> bool:
        if not self.disk.exists(after) or (not link and self.disk.exists(before)):
            return False
        if link:
            self.disk.unlink(after)
        else:
            self.disk.rename(after, before)
        return True

    def _sync(self, directory: Path) -> None:
        try:
            self.disk.fsync_dir(directory)
        except OSError as error:
            if error.errno != errno.ENOENT:  # it lay in a directory that was given back its name since
                raise


def _octets(line: _Line) -> bytes:
    text = json.dumps(line, separators=(",", ":")).encode("ascii")
    return b"%08x %b\n" % (crc32(text), text)


def _parse(text: bytes) -> _Line | None:
    """``None`` if the line is not whole."""
    checksum, _, body = text.partition(b" ")
    if checksum != b"%08x" % crc32(body):
        return None
    try:
        token, steps = json.loads(body)
        return _Line(token, [_Steps(*one) for one in steps])
    except (ValueError, TypeError):
        return None
