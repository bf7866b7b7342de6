"""The Maildir++ tree: where things lie, and making and removing folders in a transaction."""

import os
import shutil
from collections.abc import Iterator
from datetime import datetime, timedelta
from functools import lru_cache
from pathlib import Path
from uuid import UUID

from attrs import frozen

from daptinmail.db.disk import TEMPORARY_PREFIX
from daptinmail.interfaces.storage import Content, Foreseen, ITransaction
from daptinmail.store.filenames import base_of
from daptinmail.store.rows import Folder

PLACES = ("cur", "new", "tmp")
OLD = timedelta(hours=36)
"""Age from which nobody can still be writing a file in ``tmp`` (https://cr.yp.to/proto/maildir.html)."""
MARK = "maildirfolder"
"""An empty file that says a directory is a Maildir++ folder, not an account."""


@frozen
class Stamp:
    """When the names in ``cur`` and ``new`` changed last, in nanoseconds; 0 if the directory is not there."""

    cur: int
    new: int


@frozen
class Tree:
    """Paths below ``root``, the mail directory."""

    root: Path

    @property
    def staging(self) -> Path:
        """Large contents on their way; no domain's directory begins with a dot."""
        return self.root / ".staging"

    def folder(self, account_directory: str, directory: str) -> Path:
        """The folder of a mailbox."""
        return Path(f"{self.root}/{account_directory}/{directory}")

    def of(self, folder: Folder) -> Path:
        """The folder of a mailbox row."""
        return self.folder(folder.account_directory, folder.directory)

    def file(self, folder: Folder, name: str) -> Path:
        """A message file."""
        return _cur(self.root, folder.account_directory, folder.directory).joinpath(name)

    def cur(self, folder: Folder) -> Path:
        """Where message files lie."""
        return _cur(self.root, folder.account_directory, folder.directory)

    def make(self, transaction: ITransaction, account_directory: str, directory: str) -> None:
        """Make the directories of a mailbox."""
        path = self.folder(account_directory, directory)
        for place in PLACES:
            transaction.make_directory(path / place)
        if directory and not os.path.lexists(path / MARK):
            transaction.place(Content(0, b""), path / MARK)

    def discard(self, transaction: ITransaction, account_directory: str, directory: str, token: UUID) -> None:
        """Take a folder away: out of sight in the transaction, off the disk after the commit."""
        path = self.folder(account_directory, directory)
        if not path.is_dir():
            return
        account = self.root / account_directory
        away = account / "tmp" / f"{TEMPORARY_PREFIX}deleted-{token.hex}" if directory else None
        if away is not None:
            transaction.make_directory(away.parent)
            transaction.foresee([Foreseen(path, away)])
            transaction.rename(path, away)
        for found in _bottom_up(away or path):
            transaction.remove(found)


@lru_cache(maxsize=1024)
def _cur(root: Path, account_directory: str, directory: str) -> Path:
    """Kept, since this is asked for every message: a path joined to one that is read already is half the work."""
    return Path(f"{root}/{account_directory}/{directory}/cur")


def _bottom_up(path: Path) -> Iterator[Path]:
    """Everything in a directory, then the directory. Symbolic links are not followed."""
    for directory, subdirectories, files in os.walk(path, topdown=False):
        here = Path(directory)
        yield from (here / name for name in files)
        yield from (here / name for name in subdirectories)
    yield path


def stamp(path: Path) -> Stamp:
    """The stamp of a folder now. Blocking."""
    return Stamp(_changed_at(f"{path}/cur"), _changed_at(f"{path}/new"))


def _changed_at(path: str) -> int:
    try:
        return os.stat(path).st_mtime_ns  # a Path costs more than the look
    except FileNotFoundError:
        return 0


def listing(path: Path) -> list[tuple[str, str]]:
    """(place, file name) of all message files in ``cur`` and ``new``. Blocking.

    Hidden names are other tools' (Maildir readers skip them); names that are not UTF-8 come with surrogates.
    """
    found = []
    for place in ("cur", "new"):
        try:
            with os.scandir(path / place) as entries:
                found += [
                    (place, one.name) for one in entries if one.name[0] != "." and one.is_file(follow_symlinks=False)
                ]
        except FileNotFoundError:
            continue
    return found


def sweep(path: Path, now: datetime) -> None:
    """Remove what a crash of ours left in a folder's ``tmp`` long ago. Blocking."""
    try:
        left = [one for one in (path / "tmp").iterdir() if one.name.startswith(TEMPORARY_PREFIX)]
    except FileNotFoundError:
        return
    for one in left:
        if one.lstat().st_mtime > (now - OLD).timestamp():
            continue
        if one.is_dir() and not one.is_symlink():
            shutil.rmtree(one, ignore_errors=True)
        else:
            one.unlink(missing_ok=True)


def locate(path: Path, name: str) -> Path | None:
    """Where a message file is now, if another tool renamed it. Blocking; reads the directory only if it must."""
    usual = path / "cur" / name
    if usual.exists():
        return usual
    base = base_of(name)
    for place, other in listing(path):
        if base_of(other) == base:
            return path / place / other
    return None
