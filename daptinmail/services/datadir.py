"""The data directory: made if missing, private, used by one process at a time; and private files in it."""

import fcntl
import os
from pathlib import Path
from typing import IO

from attrs import define

from daptinmail.errors import ConfigurationError
from daptinmail.settings import Boot

LOCK_NAME = "daptinmail.lock"


@define(eq=False)
class DataDirectory:
    """Holds the lock while it is open."""

    _path: Path
    _made: bool
    _lock: IO[str]

    @classmethod
    def open(cls, boot: Boot) -> "DataDirectory":
        """Make the directory and take its lock. Blocking.

        Raises:
            ConfigurationError: not writable, or another process uses it.
        """
        path = boot.data_dir
        made = not path.exists()
        try:
            path.mkdir(mode=0o700, parents=True, exist_ok=True)
            lock = os.fdopen(os.open(path / LOCK_NAME, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600), "w")
        except OSError as error:
            if made and path.is_dir():
                path.rmdir()
            raise ConfigurationError(f"cannot use data directory {path}: {error.strerror}") from error
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            lock.close()
            raise ConfigurationError(f"data directory {path} is in use by another process") from error
        lock.truncate()
        lock.write(f"{os.getpid()}\n")
        lock.flush()
        return cls(path, made, lock)

    def close(self) -> None:
        """Let another process have it."""
        self._lock.close()

    def unmake(self) -> None:
        """Close it after a start that failed; a directory made for that start goes again if nothing else is in it."""
        self.close()
        if self._made and [path.name for path in self._path.iterdir()] == [LOCK_NAME]:
            (self._path / LOCK_NAME).unlink()
            self._path.rmdir()


def write_private(path: Path, text: str) -> None:
    """Write a file that only its owner may read (0600), synced, whole or not at all. Blocking."""
    temporary = path.with_name(f"{path.name}.new")
    temporary.unlink(missing_ok=True)
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    try:
        with os.fdopen(descriptor, "w") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())
        temporary.replace(path)
    except OSError:
        temporary.unlink(missing_ok=True)
        raise
    directory = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)
