"""What the units of one batch do to files, and how it is undone.

Files are written and synced under temporary names, then renamed, then every touched directory is synced; only then
may the database commit. Each step leaves a way back, in order, so that the last unit or the whole batch can be undone.
"""

import errno
import os
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

from attrs import define, field, frozen
from twisted.logger import Logger

from daptinmail.db.disk import FileSystem
from daptinmail.db.journal import Journal
from daptinmail.interfaces.storage import Content, FileNames, Foreseen

log = Logger()

MAX_OPEN = 256
"""Files kept open until the batch is synced; further ones are synced at once."""

_CANNOT_LINK = {errno.EXDEV, errno.EPERM, errno.EMLINK, errno.EACCES, errno.EOPNOTSUPP}
_MAILDIR_PLACES = ("cur", "new")


def _directory(path: Path) -> str:
    """``path.parent``, in a tenth of the time: a batch may touch many thousand files of one directory."""
    return os.path.dirname(path)


@define(eq=False)
class _Placement:
    """A file on its way: now at ``at``, under a temporary name until renamed to ``target``."""

    at: Path
    target: Path
    descriptor: int | None = None


@frozen
class Mark:
    """How far the effects had come when a unit began."""

    undo: int
    removals: int
    later: int


@define(eq=False)
class FileEffects:
    """The effects of one batch, in order. Used in one thread."""

    _disk: FileSystem
    _may_link: bool = True
    """False after a failed sync: a copy, unlike a link, writes every octet afresh."""
    _journal: Journal | None = None
    _undo: list[Callable[[], None]] = field(factory=list, init=False)
    _waiting: dict[Path, _Placement] = field(factory=dict, init=False)
    _directories: list[str] = field(factory=list, init=False)
    _removals: list[Path] = field(factory=list, init=False)
    _later: list[tuple[Path, Sequence[str]]] = field(factory=list, init=False)
    _open: int = field(default=0, init=False)
    _broken: OSError | None = field(default=None, init=False)

    def mark(self) -> Mark:
        """Where a unit begins."""
        return Mark(len(self._undo), len(self._removals), len(self._later))

    def foresee(self, steps: Sequence[Foreseen]) -> None:
        """Write down what will be done to files of earlier batches.

        Raises:
            OSError: it cannot be written down; the caller undoes the batch.
        """
        if self._journal is not None and steps:
            self._write_down(self._journal.write, steps)

    def _write_down(self, write: Callable[..., None], *steps: object) -> None:
        try:
            write(*steps)
        except OSError as error:
            self._broken = error  # some of it may be on the disk, under the batch's token
            raise

    def place(self, content: Content, path: Path) -> None:
        """Write ``content`` under a temporary name; ``make_durable`` gives it the name ``path``.

        Raises:
            FileExistsError: the name is taken.
            OSError: disk full and the like; what was written is undone with the unit.
        """
        self._must_be_free(path)
        placement = _Placement(self._temporary(path), path)
        self._wait_for(placement)
        if (
            content.path is not None
            and not content.prefix
            and self._may_link
            and self._linked(content.path, placement.at)
        ):
            placement.descriptor = self._disk.open(placement.at)
        else:
            placement.descriptor = self._disk.create(placement.at)
            self._write(content, placement.descriptor)
        self._open += 1
        if self._open > MAX_OPEN:
            self._sync_file(placement)
        else:
            self._disk.start_sync(placement.descriptor)

    def link(self, source: Path, target: Path) -> None:
        """Make ``target`` a second name of ``source``, which may have been placed in this batch."""
        self._must_be_free(target)
        waiting = self._waiting.get(source) if self._waiting else None  # a path is slow to look up
        if waiting is not None:
            placement = _Placement(self._temporary(target), target)
            self._wait_for(placement)
            self._disk.link(waiting.at, placement.at)
            return
        self._disk.link(source, target)
        self._undo.append(partial(self._unlink, target))
        self._directories.append(_directory(target))

    def rename(self, source: Path, target: Path) -> None:
        """Rename a file or directory now."""
        if str(source) == str(target):
            return
        self._must_be_free(target)
        waiting = self._waiting.get(source) if self._waiting else None  # a path is slow to look up
        if waiting is not None:
            self._redirect(waiting, target)
            self._undo.append(partial(self._redirect, waiting, source))
        else:
            if self._disk.is_directory(source):
                self.make_durable()
            self._disk.rename(source, target)
            self._undo.append(partial(self._rename_back, target, source))
        self._directories += dict.fromkeys((_directory(source), _directory(target)))

    def link_all(self, files: FileNames) -> list[int]:
        """Give many files second names; answers the places of those that are not there."""
        return self._name_all(files, self.link, self._disk.link_at, self._unlink_all, link=True)

    def rename_all(self, files: FileNames) -> list[int]:
        """Rename many files now; answers the places of those that are not there."""
        return self._name_all(files, self.rename, self._rename_if_free, self._rename_all_back, link=False)

    def _name_all(
        self,
        files: FileNames,
        one: Callable[[Path, Path], None],
        step: Callable[[str, str, int, int], None],
        undo: Callable[[FileNames], None],
        link: bool,
    ) -> list[int]:
        if self._journal is not None:
            self._write_down(self._journal.write_all, files, link)
        if self._waiting:  # some of them may have other names yet
            return _absent(files.pairs, lambda before, after: one(files.source / before, files.target / after))
        done: list[tuple[str, str]] = []
        self._undo.append(partial(undo, FileNames(files.source, files.target, done)))
        self._directories += dict.fromkeys(map(str, (files.target,) if link else (files.source, files.target)))
        with self._disk.directory(files.source) as source, self._disk.directory(files.target) as target:

            def name(before: str, after: str) -> None:
                step(before, after, source, target)
                done.append((before, after))

            return _absent(files.pairs, name)

    def make_directory(self, path: Path) -> None:
        """Make a directory and the parents it lacks."""
        if self._disk.is_directory(path):
            return
        if path.parent != path:
            self.make_directory(path.parent)
        self._disk.make_directory(path)
        self._undo.append(partial(self._remove_made, path))
        self._directories.append(_directory(path))

    def remove(self, path: Path) -> None:
        """Remove ``path`` in ``finish``."""
        self._removals.append(path)

    def remove_later(self, directory: Path, names: Sequence[str]) -> None:
        """Remove files of one directory in ``clean_up``."""
        self._later.append((directory, names))

    def make_durable(self) -> None:
        """Sync files, give them their names, sync directories.

        Raises:
            OSError: something failed; the caller undoes the batch.
        """
        if self._broken is not None:
            raise self._broken
        waiting = list(self._waiting.values())
        for placement in waiting:
            self._sync_file(placement)
        for placement in waiting:
            self._disk.rename(placement.at, placement.target)
            placement.at = placement.target
        self._waiting.clear()
        self._sync_directories()

    def finish(self) -> None:
        """After the commit: remove what was to go. Failures are logged; what remains is junk, not a loss."""
        self._forget()
        for path in self._removals:
            self._attempt(partial(self._remove, path))

    def clean_up(self) -> None:
        """After that: remove what was to go later. Failures are logged too."""
        for directory, names in self._later:
            self._attempt(partial(self._unlink_names, directory, names))

    def undo(self, mark: Mark | None = None) -> None:
        """Take back everything since ``mark``, latest first. Failures are logged."""
        mark = mark or Mark(0, 0, 0)
        while len(self._undo) > mark.undo:
            self._attempt(self._undo.pop())
        del self._removals[mark.removals :], self._later[mark.later :]
        if not self._undo:
            self._take_back_for_good()

    def _take_back_for_good(self) -> None:
        """Nothing is left of the batch, and nothing may come back of it: the journal will not tell of it any more."""
        if self._journal is not None and self._journal.written:
            self._attempt(self._sync_directories)
        self._forget()

    def _forget(self) -> None:
        if self._journal is not None:
            self._journal.forget()

    def _temporary(self, path: Path) -> Path:
        """In Maildir's ``tmp``, else hidden beside ``path``."""
        folder, place = os.path.split(os.path.dirname(path))
        if place in _MAILDIR_PLACES:
            return Path(folder, "tmp", self._disk.fresh_name())
        return path.parent / self._disk.fresh_name()

    def _must_be_free(self, path: Path) -> None:
        """Renames replace silently, so look first; this thread alone makes these names."""
        if (self._waiting and path in self._waiting) or self._disk.exists(path):
            raise FileExistsError(errno.EEXIST, "already there", str(path))

    def _wait_for(self, placement: _Placement) -> None:
        self._waiting[placement.target] = placement
        self._undo.append(partial(self._drop, placement))
        self._directories.append(_directory(placement.target))

    def _redirect(self, placement: _Placement, target: Path) -> None:
        if self._waiting.pop(placement.target, None) is None:
            self._disk.rename(placement.at, target)
            placement.at = target
        else:
            self._waiting[target] = placement
        placement.target = target

    def _linked(self, spooled: Path, temporary: Path) -> bool:
        """Spooled content on the same file system needs no copy."""
        try:
            self._disk.link(spooled, temporary)
        except OSError as error:
            if error.errno in _CANNOT_LINK:
                return False
            raise
        return True

    def _write(self, content: Content, descriptor: int) -> None:
        if content.path is None:
            self._disk.write(descriptor, [content.prefix, content.body or b""])
            return
        self._disk.write(descriptor, [content.prefix])
        if self._disk.copy(content.path, descriptor) != content.body_size:
            raise OSError(errno.EIO, "spooled content has not its size", str(content.path))

    def _sync_file(self, placement: _Placement) -> None:
        if placement.descriptor is None:
            return
        try:
            self._disk.fsync(placement.descriptor)
        except OSError as error:
            self._broken = error  # a second fsync may succeed although the octets are lost
            raise
        self._close(placement)

    def _close(self, placement: _Placement) -> None:
        if placement.descriptor is not None:
            descriptor, placement.descriptor = placement.descriptor, None
            self._open -= 1
            self._disk.close(descriptor)

    def _sync_directories(self) -> None:
        """Those of units that were undone too: neither what they did nor its end may be lost alone."""
        for directory in map(Path, dict.fromkeys(self._directories)):
            if self._disk.is_directory(directory):  # a unit that was undone may have taken it away
                self._disk.fsync_dir(directory)

    def _drop(self, placement: _Placement) -> None:
        self._close(placement)
        self._waiting.pop(placement.target, None)
        self._unlink(placement.at)

    def _rename_back(self, target: Path, source: Path) -> None:
        self._disk.rename(target, source)

    def _unlink(self, path: Path) -> None:
        if self._disk.exists(path):
            self._disk.unlink(path)

    def _rename_if_free(self, before: str, after: str, source: int, target: int) -> None:
        if self._disk.exists_at(after, target):
            raise FileExistsError(errno.EEXIST, "already there", after)
        self._disk.rename_at(before, after, source, target)

    def _rename_all_back(self, files: FileNames) -> None:
        with self._disk.directory(files.source) as source, self._disk.directory(files.target) as target:
            for before, after in files.pairs:
                self._attempt(partial(self._disk.rename_at, after, before, target, source))

    def _unlink_all(self, files: FileNames) -> None:
        self._unlink_names(files.target, [after for _, after in files.pairs])

    def _unlink_names(self, directory: Path, names: Sequence[str]) -> None:
        with self._disk.directory(directory) as opened:
            for name in names:
                try:
                    self._disk.unlink_at(name, opened)
                except FileNotFoundError:
                    continue
                except OSError as error:
                    _warn(error)

    def _remove_made(self, path: Path) -> None:
        self._disk.remove_directory(path)

    def _remove(self, path: Path) -> None:
        try:
            self._disk.unlink(path)
        except FileNotFoundError:
            return
        except (IsADirectoryError, PermissionError):
            self._disk.remove_directory(path)

    def _attempt(self, step: Callable[[], None]) -> None:
        try:
            step()
        except OSError as error:
            _warn(error)


def _absent(pairs: Sequence[tuple[str, str]], name: Callable[[str, str], None]) -> list[int]:
    """Name all; the places of those that are not there."""
    absent = []
    for place, (before, after) in enumerate(pairs):
        try:
            name(before, after)
        except FileNotFoundError:
            absent.append(place)
    return absent


def _warn(error: OSError) -> None:
    log.warn("storage could not clean up: {error}", error=error)
