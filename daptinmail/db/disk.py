"""The thin layer over the operating system's file calls, so that tests can make each of them fail."""

import errno
import itertools
import os
import secrets
import stat
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

FILE_MODE = 0o600
DIRECTORY_MODE = 0o700
CHUNK = 1 << 20

TEMPORARY_PREFIX = ".tmp-"
"""Names that begin so were never content: a crash left them, and they may be removed at start."""

_CAN_ADVISE = hasattr(os, "posix_fadvise")
_CREATE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_APPEND = os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC
_DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
_OPEN = os.O_RDONLY | os.O_NOFOLLOW | os.O_CLOEXEC
_NO_KERNEL_COPY = {errno.EXDEV, errno.EINVAL, errno.ENOSYS, errno.EOPNOTSUPP, errno.EPERM}


class FileSystem:
    """Blocking calls, for the storage thread. All raise ``OSError``; none follows a symbolic link at the last name."""

    def __init__(self) -> None:
        self._mine = secrets.token_hex(6)
        self._count = itertools.count()

    def fresh_name(self) -> str:
        """A temporary name that no process has used."""
        return f"{TEMPORARY_PREFIX}{self._mine}-{next(self._count):x}"

    def create(self, path: Path) -> int:
        """A descriptor of a new file, mode 0600."""
        return os.open(path, _CREATE, FILE_MODE)

    def open(self, path: Path) -> int:
        """A descriptor of a file for reading."""
        return os.open(path, _OPEN)

    def open_to_append(self, path: Path) -> int:
        """A descriptor for writing at the end of a file, which is made with mode 0600 if need be."""
        return os.open(path, _APPEND, FILE_MODE)

    def close(self, descriptor: int) -> None:
        """Close a descriptor."""
        os.close(descriptor)

    def write(self, descriptor: int, pieces: Sequence[bytes]) -> None:
        """Write all octets of all pieces."""
        left = [memoryview(piece) for piece in pieces if piece]
        while left:
            written = os.writev(descriptor, left)
            while left and written >= len(left[0]):
                written -= len(left.pop(0))
            if left:
                left[0] = left[0][written:]

    def truncate(self, descriptor: int, size: int) -> None:
        """Take away what a file has after ``size`` octets."""
        os.ftruncate(descriptor, size)

    def copy(self, source: Path, descriptor: int) -> int:
        """Append the file ``source`` to ``descriptor``; answers the octets copied."""
        reading = self.open(source)
        try:
            return _copy(reading, descriptor)
        finally:
            os.close(reading)

    def start_sync(self, descriptor: int) -> None:
        """Ask the kernel to begin writing a file out, so that the syncs of a batch wait for one another less."""
        if _CAN_ADVISE:
            os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)

    def fsync(self, descriptor: int) -> None:
        """Wait until a file's octets are on stable storage."""
        os.fsync(descriptor)

    def fsync_dir(self, path: Path) -> None:
        """Wait until a directory's names are on stable storage."""
        with self.directory(path) as descriptor:
            os.fsync(descriptor)

    def rename(self, source: Path, target: Path) -> None:
        """Rename a file or directory."""
        os.rename(source, target)

    def link(self, source: Path, target: Path) -> None:
        """Make ``target`` a second name of a file."""
        os.link(source, target, follow_symlinks=False)

    def unlink(self, path: Path) -> None:
        """Remove a name of a file."""
        os.unlink(path)

    @contextmanager
    def directory(self, path: Path) -> Iterator[int]:
        """A descriptor of a directory: names in it are found several times faster than by their paths."""
        descriptor = os.open(path, _DIRECTORY)
        try:
            yield descriptor
        finally:
            os.close(descriptor)

    def link_at(self, source: str, target: str, source_directory: int, target_directory: int) -> None:
        """``link``, for names in directories."""
        os.link(source, target, src_dir_fd=source_directory, dst_dir_fd=target_directory, follow_symlinks=False)

    def rename_at(self, source: str, target: str, source_directory: int, target_directory: int) -> None:
        """``rename``, for names in directories."""
        os.rename(source, target, src_dir_fd=source_directory, dst_dir_fd=target_directory)

    def unlink_at(self, name: str, directory: int) -> None:
        """``unlink``, for a name in a directory."""
        os.unlink(name, dir_fd=directory)

    def exists_at(self, name: str, directory: int) -> bool:
        """``exists``, for a name in a directory."""
        try:
            os.lstat(name, dir_fd=directory)
        except FileNotFoundError:
            return False
        return True

    def make_directory(self, path: Path) -> None:
        """Make one directory, mode 0700."""
        os.mkdir(path, DIRECTORY_MODE)

    def remove_directory(self, path: Path) -> None:
        """Remove an empty directory."""
        os.rmdir(path)

    def exists(self, path: Path) -> bool:
        """True for any kind of name, a dangling symbolic link too."""
        return os.path.lexists(path)

    def is_directory(self, path: Path) -> bool:
        """True for a real directory; false for anything else or nothing."""
        try:
            return stat.S_ISDIR(os.lstat(path).st_mode)
        except FileNotFoundError:
            return False


def _copy(reading: int, writing: int) -> int:
    total = 0
    try:
        while count := os.copy_file_range(reading, writing, CHUNK):
            total += count
    except OSError as error:
        if error.errno not in _NO_KERNEL_COPY or total:
            raise
        while piece := os.read(reading, CHUNK):
            view = memoryview(piece)
            while view:
                view = view[os.write(writing, view) :]
            total += len(piece)
    return total
