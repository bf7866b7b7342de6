"""Clock, randomness, identifiers, threads: what tests replace."""

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import ParamSpec, TypeVar
from uuid import UUID

from zope.interface import Interface

P = ParamSpec("P")
T = TypeVar("T")


class IClock(Interface):
    """Wall-clock time; timers use Twisted's ``IReactorTime``."""

    def now() -> datetime:
        """The time now, aware, UTC."""


class IIdentifiers(Interface):
    """Makes identifiers."""

    def uuid7() -> UUID:
        """A new UUIDv7 (RFC 9562 §5.7), ordered by time."""

    def uuid7s(count: int) -> list[bytes]:
        """The octets of so many new ones, ascending."""


class IBlocking(Interface):
    """Runs blocking calls outside the reactor thread."""

    def run(function: Callable[..., T], *arguments: object) -> Awaitable[T]:
        """Run ``function(*arguments)`` in a pool thread; its result or exception comes back to the reactor."""
