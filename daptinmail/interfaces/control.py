"""Restart, listener state, configuration."""

from collections.abc import Awaitable, Mapping, Sequence

from attrs import frozen
from zope.interface import Interface

from daptinmail.settings import Live


@frozen
class ListenerReport:
    """What reconcile did with one wanted listener.

    ``action`` is "kept", "started", "stopped", "changed" or "failed"; ``message`` says why it failed.
    """

    name: str
    interface: str
    action: str
    message: str = ""


class IControl(Interface):
    """The running services, as the API may command them."""

    def reconcile() -> Awaitable[Sequence[ListenerReport]]:
        """Read ``Live`` afresh and make listeners match it. Concurrent calls queue."""

    def live() -> Live:
        """What the services run with now."""


class IConfiguration(Interface):
    """The ``_config`` table: raw text by key."""

    def get(key: str) -> Awaitable[str | None]:
        """The value as stored, ``None`` if unset."""

    def all() -> Awaitable[Mapping[str, str]]:
        """Every key that is not secret."""

    def set(key: str, value: str) -> Awaitable[None]:
        """Store a value as it is. ``Invalid`` if too long, ``Forbidden`` for keys the server keeps to itself."""

    def delete(key: str) -> Awaitable[None]:
        """Unset a key."""
