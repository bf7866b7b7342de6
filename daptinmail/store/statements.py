"""Statements on the hot paths, given to the driver as they are: a third of the time that SQLAlchemy Core takes."""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from functools import cache
from typing import Any
from uuid import UUID

from attrs import frozen
from sqlalchemy import Connection, Table
from sqlalchemy.engine.interfaces import DBAPICursor
from sqlalchemy.exc import DBAPIError

from daptinmail.db.types import Reference, UnixTime, to_milliseconds

MAX_LISTED = 500
"""Values named one by one in a statement."""


Values = Sequence[Any]
Raw = tuple[Any, ...]


def rows(connection: Connection, statement: str, values: Values = ()) -> list[Raw]:
    """All rows that a statement with ``?`` for each value answers, as the driver has them.

    On a reader's connection that has begun no transaction each statement sees its own snapshot.
    """
    with _driver(connection, statement) as (cursor, text):
        cursor.execute(text, values)
        return list(cursor.fetchall())


def execute(connection: Connection, statement: str, values: Values = ()) -> int:
    """Run one statement with ``?`` for each value; how many rows it touched."""
    with _driver(connection, statement) as (cursor, text):
        cursor.execute(text, values)
        return cursor.rowcount


def execute_many(connection: Connection, statement: str, many: Sequence[Values]) -> None:
    """Run one statement for each row of values; nothing without rows."""
    if not many:
        return
    with _driver(connection, statement) as (cursor, text):
        cursor.executemany(text, many)


@contextmanager
def _driver(connection: Connection, statement: str) -> Iterator[tuple[DBAPICursor, str]]:
    """A cursor of the driver, and the statement as it wants it; its errors become SQLAlchemy's."""
    dialect = connection.dialect
    driver = dialect.loaded_dbapi.Error
    cursor = connection.connection.cursor()
    try:
        yield cursor, _marked(statement, dialect.paramstyle)
    except driver as error:
        lost = dialect.is_disconnect(error, connection.connection.dbapi_connection, cursor)
        if lost:
            connection.invalidate(error)
        raise DBAPIError.instance(
            None, None, error, driver, hide_parameters=True, connection_invalidated=lost, dialect=dialect
        ) from error
    finally:
        cursor.close()


@cache
def _marked(statement: str, paramstyle: str) -> str:
    """``statement`` with ``?`` as this driver writes it."""
    return statement if paramstyle == "qmark" else statement.replace("?", "%s")


def mail_rows(
    connection: Connection, names: str, mailbox_id: int, uids: Iterable[int] | None, also: str = ""
) -> list[Raw]:
    """Columns of messages in UID order: those among ``uids`` that exist, or all. ``also`` is a further condition."""
    statement = f"SELECT {names} FROM mail WHERE mail_box_id = ?{' AND ' if also else ''}{also}"  # noqa: S608 - names are ours
    found: list[Raw] = []
    for condition, values in conditions(uids, "uid"):
        found += rows(connection, f"{statement} AND {condition} ORDER BY uid", [mailbox_id, *values])
    return found


def conditions(uids: Iterable[int] | None, column: str) -> Iterator[tuple[str, list[int]]]:
    """Conditions that together name ``uids``, in their order: one for a range, others for up to ``MAX_LISTED``.

    ``None`` is all.
    """
    if uids is None:
        yield f"{column} > ?", [0]
        return
    wanted = sorted(set(uids))
    if not wanted:
        return
    if wanted[-1] - wanted[0] == len(wanted) - 1:
        yield f"{column} BETWEEN ? AND ?", [wanted[0], wanted[-1]]
        return
    for start in range(0, len(wanted), MAX_LISTED):
        some = wanted[start : start + MAX_LISTED]
        size = 8
        while size < len(some):
            size *= 2
        some += [some[-1]] * (size - len(some))  # few lengths, so that the driver knows the statement already
        yield f"{column} IN ({', '.join('?' * size)})", some


@frozen
class RawInsert:
    """``INSERT`` of ``columns`` into ``table``; ``returning`` names the column to answer, if any.

    ``converted`` are the places of columns whose values the driver does not know.
    """

    table: str
    columns: tuple[str, ...]
    converted: tuple[int, ...]
    returning: str = ""

    @classmethod
    def of(cls, table: Table, without: Collection[str], returning: str = "") -> "RawInsert":
        """For all columns of a table but some."""
        columns = [column for column in table.c if column.name not in without]
        places = [place for place, column in enumerate(columns) if isinstance(column.type, Reference | UnixTime)]
        return cls(table.name, tuple(column.name for column in columns), tuple(places), returning)

    def execute(self, connection: Connection, values: Mapping[str, Any]) -> Any:
        """Insert one row. ``values`` must name all the columns."""
        listed = [values[name] for name in self.columns]
        for place in self.converted:
            listed[place] = driver_value(listed[place])
        statement = _insert(self.table, self.columns, self.returning)
        if self.returning:
            return rows(connection, statement, listed)[0][0]
        return execute(connection, statement, listed)


@cache
def _insert(table: str, columns: tuple[str, ...], returning: str) -> str:
    names, marks = ", ".join(f'"{name}"' for name in columns), ", ".join("?" * len(columns))
    statement = f"INSERT INTO {table} ({names}) VALUES ({marks})"  # noqa: S608 - names are ours
    return f"{statement} RETURNING {returning}" if returning else statement


def driver_value(value: Any) -> Any:
    """As the column types of ``db.types`` write it."""
    if isinstance(value, UUID):
        return value.bytes
    if isinstance(value, datetime):
        return to_milliseconds(value)
    return value
