"""``ISpool``: content between the wire and its first durable place.

Small contents stay in memory. A large one goes to a file in pool threads, in order, with back-pressure: once
``memory_limit`` octets wait for the disk, ``write`` answers something to wait for. Nothing here is synced: whoever
takes responsibility for the message makes it durable.
"""

import os
import secrets
from pathlib import Path

from attrs import define, field
from twisted.internet.defer import Deferred
from twisted.logger import Logger
from zope.interface import implementer

from daptinmail.errors import Unavailable
from daptinmail.interfaces.runtime import IBlocking
from daptinmail.interfaces.storage import Content, ISpool, ISpooled

MEMORY_LIMIT = 1024 * 1024
SUFFIX = ".spool"

_CREATE = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC | os.O_APPEND
log = Logger()


@implementer(ISpool)
@define(eq=False)
class Spool:
    """Makes contents in ``directory``. ``memory_limit`` in octets, for each content."""

    directory: Path
    blocking: IBlocking
    memory_limit: int = MEMORY_LIMIT

    def create(self, memory: int | None = None) -> "Spooled":
        """Begin a content."""
        limit = self.memory_limit if memory is None else min(memory, self.memory_limit)
        return Spooled(self.directory / f"{secrets.token_hex(16)}{SUFFIX}", self.blocking, limit)

    def clear(self) -> int:
        """Make the directory and remove what an earlier run left; answers how many. Blocking; call at start."""
        self.directory.mkdir(parents=True, exist_ok=True, mode=0o700)
        leftovers = list(self.directory.glob(f"*{SUFFIX}"))
        for path in leftovers:
            path.unlink(missing_ok=True)
        return len(leftovers)


@implementer(ISpooled)
@define(eq=False)
class Spooled:
    """One content. Reactor thread only."""

    _path: Path
    _blocking: IBlocking
    _limit: int
    size: int = field(default=0, init=False)
    _pieces: list[bytes] = field(factory=list, init=False)
    _pending: int = field(default=0, init=False)
    _on_disk: bool = field(default=False, init=False)
    _busy: bool = field(default=False, init=False)
    _task: "Deferred[None] | None" = field(default=None, init=False)
    _waiting: "list[Deferred[None]]" = field(factory=list, init=False)
    _failure: Unavailable | None = field(default=None, init=False)
    _discarded: bool = field(default=False, init=False)

    def write(self, data: bytes) -> "Deferred[None] | None":
        """Add octets; something to wait for when too many wait for the disk.

        The disk's failures are told by what is waited for, and by ``finish``.
        """
        self.size += len(data)
        if self._discarded:
            return None
        if self._failure is None:
            self._pieces.append(bytes(data))
            self._pending += len(data)
            if self._pending <= self._limit:
                return None
            self._flush()
        return self._wait() if self._busy or self._failure is not None else None

    async def finish(self) -> Content:
        """All octets have come.

        Raises:
            Unavailable: the disk failed.
        """
        if not self._on_disk:
            pieces, self._pieces = self._pieces, []
            return Content(self.size, body=b"".join(pieces))
        while self._pieces or self._busy or self._failure is not None:
            self._flush()
            if self._busy or self._failure is not None:
                await self._wait()
        return Content(self.size, path=self._path)

    def discard(self) -> None:
        """Forget it; its file goes, after the write that is under way."""
        self._discarded = True
        self._pieces.clear()
        if self._on_disk and not self._busy:
            self._task = Deferred.fromCoroutine(self._remove())

    def _flush(self) -> None:
        """Hand what waits to a pool thread, unless one is at work already."""
        if self._pieces and not self._busy and self._failure is None:
            self._busy = True
            self._task = Deferred.fromCoroutine(self._write_pending())

    async def _write_pending(self) -> None:
        """Write what waits, and what came meanwhile if that is much; then let those who wait go on."""
        try:
            while self._pieces:
                pieces, self._pieces, self._pending = self._pieces, [], 0
                first, self._on_disk = not self._on_disk, True
                await self._blocking.run(_append, self._path, pieces, first)
                if self._pending <= self._limit:
                    break
        except OSError as error:
            log.error("cannot spool a message: {error}", error=error)
            self._failure = Unavailable(cause=str(error))
        finally:
            self._busy = False
            self._wake()
        if self._discarded:
            await self._remove()

    def _wake(self) -> None:
        waiting, self._waiting = self._waiting, []
        for waiter in waiting:
            if waiter.called:
                continue
            if self._failure is None:
                waiter.callback(None)
            else:
                waiter.errback(self._failure)

    def _wait(self) -> "Deferred[None]":
        waiter: Deferred[None] = Deferred()
        if self._failure is not None:
            waiter.errback(self._failure)
        else:
            self._waiting.append(waiter)
        return waiter

    async def _remove(self) -> None:
        try:
            await self._blocking.run(_unlink, self._path)
        except OSError as error:
            log.warn("cannot remove a spool file: {error}", error=error)


def _append(path: Path, pieces: list[bytes], first: bool) -> None:
    """Write pieces at the end of a file, made on the first call."""
    if first:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    descriptor = os.open(path, _CREATE if first else os.O_WRONLY | os.O_APPEND | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.writelines(pieces)


def _unlink(path: Path) -> None:
    path.unlink(missing_ok=True)
