"""Transactions with group commit, and content on its way to disk."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import TypeVar

from attrs import evolve, frozen
from sqlalchemy import Connection
from zope.interface import Attribute, Interface

T = TypeVar("T")


@frozen
class Content:
    """A message content that is complete but not yet durable.

    The octets are ``prefix`` (trace fields added by us) followed by ``body`` or by the file at ``path``;
    exactly one of the two is set. ``body_size`` counts the octets without ``prefix``. Line ends are CRLF as received.
    """

    body_size: int
    body: bytes | None = None
    path: Path | None = None
    prefix: bytes = b""

    @property
    def size(self) -> int:
        """All octets."""
        return len(self.prefix) + self.body_size

    def with_prefix(self, prefix: bytes) -> "Content":
        """The same content with ``prefix`` in front of everything."""
        return evolve(self, prefix=prefix + self.prefix)

    def read(self) -> bytes:
        """All octets in memory. Blocking when spooled; only for small messages or in a pool thread."""
        body = self.body if self.path is None else self.path.read_bytes()
        return self.prefix + (body or b"")


@frozen
class Foreseen:
    """``source`` will be renamed to ``target``, or with ``link`` get it as a second name. ``target`` is free now."""

    source: Path
    target: Path
    link: bool = False


@frozen
class FileNames:
    """Files of the directory ``source`` and what they are to be called in the directory ``target``: pairs of names."""

    source: Path
    target: Path
    pairs: Sequence[tuple[str, str]]


class ISpooled(Interface):
    """One content while it arrives. Small ones stay in memory, large ones go to a file."""

    size = Attribute("Octets written so far (int).")

    def write(data: bytes) -> Awaitable[None] | None:
        """Add octets. ``None``: go on. An awaitable: stop reading from the peer until it is done."""

    def finish() -> Awaitable[Content]:
        """No more octets."""

    def discard() -> None:
        """Forget it and remove its file. Harmless after ``finish``: call it when the content has been stored."""


class ISpool(Interface):
    """Holds content between the wire and its first durable place."""

    def create(memory: int | None = None) -> ISpooled:
        """Begin a content; of its octets no more than ``memory`` stay in memory, if given."""


class ITransaction(Interface):
    """One unit of work in the storage thread; everything in it happens or nothing does.

    Methods may be called only from the work function, in the storage thread. Files are made durable together with
    the rows: content and directories are synced before the commit, and a failed unit leaves no file behind.
    """

    connection: Connection = Attribute("The connection, inside a transaction.")
    now: datetime = Attribute("Time of this unit (aware, UTC).")

    def place(content: Content, path: Path) -> None:
        """Write ``content`` to ``path`` (which must not exist), by way of a temporary file and a rename."""

    def foresee(steps: Sequence[Foreseen]) -> None:
        """Make sure that a crash in the middle of these steps is undone at the next start.

        Called before the first of them; steps that are not taken do no harm. What ``place`` and ``make_directory`` make
        needs none of this.
        """

    def link(source: Path, target: Path) -> None:
        """Make ``target`` a second name of the file ``source``."""

    def rename(source: Path, target: Path) -> None:
        """Rename now; renamed back if the unit fails."""

    def link_all(files: FileNames) -> list[int]:
        """Give many files second names; answers the places in ``files.pairs`` of those that are not there.

        A crash in the middle is undone at the next start.
        """

    def rename_all(files: FileNames) -> list[int]:
        """Rename many files, in the same way."""

    def make_directory(path: Path) -> None:
        """Make a directory (and parents, mode 0700) and sync its parent before the commit."""

    def remove(path: Path) -> None:
        """Unlink a file, or remove an empty directory, after the commit. A missing one is not an error."""

    def remove_later(directory: Path, names: Sequence[str]) -> None:
        """Unlink files of a directory when the waiter has been told, before the next unit of work begins."""

    def after_commit(callback: Callable[[], None]) -> None:
        """Call ``callback`` in the reactor thread once the unit is durable, before the waiter is told."""

    def after_removal(callback: Callable[[], None]) -> None:
        """Call ``callback`` in the reactor thread once the unit is durable and what it removes later is gone."""


class IStorage(Interface):
    """The database. Writes are grouped: one transaction and one sync serve all that wait."""

    doubts: int = Attribute(
        "How often it was left open whether writes that failed are durable. Grows before they fail."
    )

    def write(work: Callable[[ITransaction], T]) -> Awaitable[T]:
        """Run ``work`` in the storage thread; the result comes when it is synced to disk.

        An exception from ``work`` undoes this unit alone and is raised here. ``work`` may run twice if its batch
        had to be split: it must have no side effect but through the transaction.

        Raises:
            Unavailable: the disk or the database failed; nothing of the unit remains.
        """

    def read(work: Callable[[Connection], T]) -> Awaitable[T]:
        """Run ``work`` in a reader thread on a consistent snapshot that includes all writes reported done."""
