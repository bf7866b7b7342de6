"""The event log: one row for each thing that happens to a message or to the server."""

from collections.abc import Awaitable, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from attrs import frozen
from zope.interface import Interface

from daptinmail.interfaces.storage import ITransaction


@frozen
class Event:
    """One entry. ``kind`` is dotted (``message.received``), ``subject`` is ``<type>/<reference>`` or empty."""

    id: int
    at: datetime
    kind: str
    trail: UUID | None
    subject: str
    data: Mapping[str, Any]


class IEventLog(Interface):
    """Append-only. ``data`` holds JSON values; never a body, a password or a token."""

    def record_in(
        transaction: ITransaction, kind: str, trail: UUID | None, subject: str, data: Mapping[str, Any]
    ) -> None:
        """Write one event in the transaction of the change it tells of."""

    def record(kind: str, trail: UUID | None, subject: str, data: Mapping[str, Any]) -> Awaitable[None]:
        """Write one event in a transaction of its own."""

    def trail(trail: UUID) -> Awaitable[Sequence[Event]]:
        """All events of one message, in order."""
