"""``IEventLog`` over the ``event`` table."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from attrs import define
from sqlalchemy import Row, bindparam, select
from zope.interface import implementer

from daptinmail.db.schema import event
from daptinmail.db.types import to_milliseconds
from daptinmail.interfaces.events import Event, IEventLog
from daptinmail.interfaces.runtime import IClock
from daptinmail.interfaces.storage import IStorage, ITransaction

MAX_DATA = 8192
"""Characters of JSON in one event."""

MAX_TRAIL = 10_000
"""Events answered for one trail."""

_INSERT = event.insert()
_INSERT_INTO = "INSERT INTO event (at, kind, trail, subject, data)"
_MARKS = {"qmark": "?, ?, ?, ?, ?", "pyformat": "%s, %s, %s, %s, %s", "format": "%s, %s, %s, %s, %s"}
_TRAIL = select(event).where(event.c.trail == bindparam("trail")).order_by(event.c.id).limit(MAX_TRAIL)


@implementer(IEventLog)
@define(eq=False)
class EventLog:
    """Writes each event in the transaction of what it tells of."""

    _storage: IStorage
    _clock: IClock

    def record_in(
        self, transaction: ITransaction, kind: str, trail: UUID | None, subject: str, data: Mapping[str, Any]
    ) -> None:
        """Write one event; of ``data`` that is too large the beginnings are kept."""
        values = (
            to_milliseconds(transaction.now),
            kind[:60],
            None if trail is None else trail.bytes,
            subject[:100],
            _text(data),
        )
        # Written with every message: by the driver it is a third of the work.
        marks = _MARKS[transaction.connection.dialect.paramstyle]
        transaction.connection.exec_driver_sql(f"{_INSERT_INTO} VALUES ({marks})", values)

    async def record(self, kind: str, trail: UUID | None, subject: str, data: Mapping[str, Any]) -> None:
        """Write one event, of this moment, in a transaction of its own."""
        row = _row(self._clock.now(), kind, trail, subject, data)

        def work(transaction: ITransaction) -> None:
            transaction.connection.execute(_INSERT, row)

        await self._storage.write(work)

    async def trail(self, trail: UUID) -> Sequence[Event]:
        """All events of one message, in order; the first ``MAX_TRAIL``."""
        rows = await self._storage.read(lambda connection: connection.execute(_TRAIL, {"trail": trail}).all())
        return [_event(row) for row in rows]


def _row(at: datetime, kind: str, trail: UUID | None, subject: str, data: Mapping[str, Any]) -> dict[str, Any]:
    return {"at": at, "kind": kind[:60], "trail": trail, "subject": subject[:100], "data": _text(data)}


def _text(data: Mapping[str, Any]) -> str:
    text = json.dumps(dict(data), default=_plain, ensure_ascii=True, separators=(",", ":"))
    if len(text) <= MAX_DATA:
        return text
    short = {name[:100]: _short(value) for name, value in list(data.items())[:20]}
    return json.dumps({**short, "truncated": True}, ensure_ascii=True)


def _short(value: Any) -> Any:
    """A number as it is; of anything else what fits twenty times into an event."""
    if value is None or isinstance(value, bool | int | float):
        return value
    return str(value)[:50]


def _plain(value: object) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)


def _event(row: Row[Any]) -> Event:
    return Event(row.id, row.at, row.kind, row.trail, row.subject, json.loads(row.data))
