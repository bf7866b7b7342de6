"""In-memory providers of the runtime seams: time stands still, threads are the caller's, ids count up."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import TypeVar
from uuid import UUID

from attrs import define
from twisted.internet.defer import Deferred, maybeDeferred
from zope.interface import implementer

from daptinmail.interfaces.runtime import IBlocking, IClock, IIdentifiers

T = TypeVar("T")

START = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


@implementer(IClock)
@define
class SteadyClock:
    """A clock that moves only when told."""

    time: datetime = START

    def now(self) -> datetime:
        """The time it was set to."""
        return self.time

    def advance(self, seconds: float) -> None:
        """Move on."""
        self.time += timedelta(seconds=seconds)


@implementer(IIdentifiers)
@define
class CountingIdentifiers:
    """UUIDv7-shaped ids that count up from 1."""

    last: int = 0

    def uuid7(self) -> UUID:
        """The next id."""
        self.last += 1
        return UUID(int=0x0198_0000_0000_7000_8000_000000000000 + self.last)

    def uuid7s(self, count: int) -> list[bytes]:
        """The next ids."""
        return [self.uuid7().bytes for _ in range(count)]


@implementer(IBlocking)
class SynchronousBlocking:
    """Runs calls at once, in the caller's thread."""

    def run(self, function: Callable[..., T], *arguments: object) -> "Deferred[T]":
        """The result of ``function(*arguments)``, already fired."""
        return maybeDeferred(function, *arguments)
