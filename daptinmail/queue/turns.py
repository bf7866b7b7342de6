"""Destinations take turns: each has a row that says when one of its messages is due, and goes to the end of the line
whenever one was taken. So ten thousand messages for one host wait behind that host alone, and a look for what is due
costs the same however much waits. Every function runs in the storage thread.
"""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Connection,
    and_,
    bindparam,
    case,
    delete,
    exists,
    func,
    or_,
    select,
    update,
)
from sqlalchemy.dialects import postgresql, sqlite

from daptinmail.db.schema import outbox, outbox_destination
from daptinmail.db.types import EPOCH
from daptinmail.interfaces.storage import ITransaction

REST_AFTER = 3
"""Attempts in a row that did not reach a destination, after which it rests."""

SHORTEST_REST = timedelta(minutes=1)
LONGEST_REST = timedelta(minutes=30)

place = outbox_destination.c


def free(host: str | ColumnElement[str]) -> ColumnElement[bool]:
    """Rows for a destination that nobody has in hand, due or not; an index has them by the time of their next try."""
    return and_(outbox.c.to_host == host, outbox.c.state == "queued", outbox.c.lease_until.is_(None))


_NEXT_FREE = select(outbox.c.next_retry_at).where(free(bindparam("host"))).order_by(outbox.c.next_retry_at).limit(1)
_WAITING = exists().where(outbox.c.to_host == bindparam("host"), outbox.c.state == "queued")
_WHAT_WAITS = select(_NEXT_FREE.scalar_subquery().label("next_free"), _WAITING.label("waiting"))
_NEXT_TURN = update(outbox_destination).where(place.host == bindparam("of")).values(due_at=bindparam("at"))


def expect(transaction: ITransaction, hosts: Iterable[str], at: datetime) -> None:
    """Rows for these destinations are due ``at``. One that rests goes on resting."""
    rows = [{"host": host, "due_at": at, "rest_until": EPOCH, "failures": 0} for host in sorted(set(hosts))]
    if not rows:
        return
    dialect = postgresql if transaction.connection.dialect.name == "postgresql" else sqlite
    made: Any = dialect.insert(outbox_destination).values(rows)
    at_last = case((place.rest_until > made.excluded.due_at, place.rest_until), else_=made.excluded.due_at)
    transaction.connection.execute(
        made.on_conflict_do_update(index_elements=["host"], set_={"due_at": at_last}, where=at_last < place.due_at)
    )


def due(transaction: ITransaction, slots: int, busy: Mapping[str, int], per_domain: int) -> list[tuple[str, int]]:
    """At most ``slots`` destinations in the order of their turns, each with how many transfers it may have more.

    Those with no room are left out; one that was not reached lately is tried by one transfer at a time.
    """
    full = [host for host, count in busy.items() if count >= per_domain]
    query = (
        select(place.host, place.failures)
        .where(
            place.due_at <= transaction.now,
            place.host.not_in(full),
            or_(place.failures < REST_AFTER, place.host.not_in(list(busy))),
        )
        .order_by(place.due_at, place.host)
        .limit(slots)
        .with_for_update(skip_locked=True)
    )
    found = transaction.connection.execute(query)
    return [(host, 1 if failures >= REST_AFTER else per_domain - busy.get(host, 0)) for host, failures in found]


def taken(transaction: ITransaction, host: str, lease_until: datetime) -> None:
    """Some rows of a destination were taken: it goes to the end of the line, until its next row is due."""
    connection = transaction.connection
    found = connection.execute(_WHAT_WAITS, {"host": host}).one()
    if found.next_free is not None:
        at = max(found.next_free, transaction.now)
    elif found.waiting:
        at = lease_until
    else:
        connection.execute(delete(outbox_destination).where(place.host == host))
        return
    connection.execute(_NEXT_TURN, {"of": host, "at": at})


def missed(transaction: ITransaction, host: str) -> None:
    """An attempt did not reach the destination: after some of them in a row it rests, longer each time."""
    connection = transaction.connection
    query = (
        update(outbox_destination)
        .where(place.host == host)
        .values(failures=place.failures + 1)
        .returning(place.failures, place.due_at)
    )
    found = connection.execute(query).first()
    if found is None or found.failures < REST_AFTER:
        return
    rest = min(SHORTEST_REST * 2 ** min(found.failures - REST_AFTER, 10), LONGEST_REST)
    until = transaction.now + rest
    values = {"rest_until": until, "due_at": max(until, found.due_at)}
    connection.execute(update(outbox_destination).where(place.host == host).values(values))


def reached(transaction: ITransaction, host: str) -> None:
    """An attempt reached the destination."""
    values = {"failures": 0, "rest_until": EPOCH}
    transaction.connection.execute(
        update(outbox_destination).where(place.host == host, place.failures > 0).values(values)
    )


def hurry(transaction: ITransaction, hosts: Iterable[str]) -> None:
    """Somebody wants these tried now, also where nothing was reached lately."""
    names = sorted(set(hosts))
    values = {"failures": 0, "rest_until": EPOCH, "due_at": transaction.now}
    transaction.connection.execute(update(outbox_destination).where(place.host.in_(names)).values(values))
    expect(transaction, names, transaction.now)


def next_due(connection: Connection, now: datetime) -> datetime | None:
    """When the next destination is due."""
    return connection.execute(select(func.min(place.due_at)).where(place.due_at > now)).scalar()
