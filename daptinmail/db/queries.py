"""Which rows a list has, and in what order: ``query``, ``filter``, ``sort``, pages and cursors (compat 2.5)."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from attrs import frozen
from sqlalchemy import Column, ColumnElement, Connection, RowMapping, Select, and_, false, func, literal, or_, select

from daptinmail.db.exposure import EXPOSURES
from daptinmail.db.operators import compare, contains
from daptinmail.db.permissions import readable
from daptinmail.db.relations import KINDS, Kind
from daptinmail.errors import Invalid
from daptinmail.interfaces.directory import Viewer
from daptinmail.interfaces.records import Condition, Query

MAX_SIZE = 1000
MAX_PAGE = 10**9
MAX_CONDITIONS = 50
MAX_SORT = 8


@frozen
class SortKey:
    """One column to sort by. NULL comes before everything else, so last when descending."""

    column: "Column[Any]"
    descending: bool

    def turned(self) -> "SortKey":
        """The same, the other way round."""
        return SortKey(self.column, not self.descending)

    @property
    def order(self) -> ColumnElement[Any]:
        """For ORDER BY."""
        return self.column.desc().nulls_last() if self.descending else self.column.asc().nulls_first()

    def same(self, value: Any) -> ColumnElement[bool]:
        """Rows that stand where ``value`` does."""
        return self.column.is_(None) if value is None else self.column == value

    def beyond(self, value: Any) -> ColumnElement[bool]:
        """Rows that come after ``value``."""
        if self.descending:
            return false() if value is None else or_(self.column < self._value(value), self.column.is_(None))
        return self.column.is_not(None) if value is None else self.column > self._value(value)

    def _value(self, value: Any) -> ColumnElement[Any]:
        """A parameter, also for true and false, which SQLAlchemy would not compare."""
        return literal(value, self.column.type)


def find(
    connection: Connection, kind: Kind, query: Query, viewer: Viewer, extra: Sequence[ColumnElement[bool]] = ()
) -> tuple[list[RowMapping], int]:
    """The rows of one page, and how many rows there are on all pages.

    Raises:
        Invalid: an unknown column, operator or cursor, or a value that does not fit.
    """
    clauses = [*extra, *_clauses(kind, query, viewer)]
    total = connection.scalar(select(func.count()).select_from(kind.table).where(*clauses)) or 0
    keys = sort_keys(kind, query.sort)
    size = min(max(query.size, 1), MAX_SIZE)
    statement = select(kind.table).where(*clauses).limit(size)
    if query.before is not None:
        keys = [key.turned() for key in keys]
    cursor = query.after or query.before
    if cursor is not None:
        statement = statement.where(_beyond(keys, _cursor_row(connection, kind, cursor, viewer)))
    else:
        statement = statement.offset((min(max(query.page, 1), MAX_PAGE) - 1) * size)
    rows = _rows(connection, statement.order_by(*[key.order for key in keys]))
    return (rows[::-1] if query.before is not None else rows), total


def visible_column(kind: Kind, name: str) -> "Column[Any]":
    """A column that may be searched and sorted by; secret and internal ones do not exist.

    Raises:
        Invalid: there is none of this name.
    """
    if name not in EXPOSURES[kind.name].visible:
        raise Invalid(fields={name[:100]: "no such column"})
    return kind.table.c[name]


def sort_keys(kind: Kind, names: Sequence[str]) -> list[SortKey]:
    """The keys of ``sort``, then the id, so that the order is always the same."""
    wanted = [name.strip() for name in names if name.strip(" +-")][:MAX_SORT]
    keys = [SortKey(visible_column(kind, name.lstrip("+-")), name.startswith("-")) for name in wanted]
    return [*keys, SortKey(kind.table.c.id, keys[-1].descending if keys else False)]


def _clauses(kind: Kind, query: Query, viewer: Viewer) -> list[ColumnElement[bool]]:
    clauses = _conditions(kind, query.conditions)
    if query.filter:
        clauses.append(_search(kind, query.filter))
    clauses += [_related(kind, name, target) for name, target in query.related.items()]
    allowed = readable(kind.name, kind.table, viewer)
    return clauses if allowed is None else [*clauses, allowed]


def _conditions(kind: Kind, conditions: Sequence[Condition]) -> list[ColumnElement[bool]]:
    if len(conditions) > MAX_CONDITIONS:
        raise Invalid(fields={"query": f"more than {MAX_CONDITIONS} conditions"})
    alone: list[ColumnElement[bool]] = []
    groups: dict[str, list[ColumnElement[bool]]] = {}
    for condition in conditions:
        column = visible_column(kind, condition.column)
        try:
            clause = compare(kind, column, condition.operator, condition.value)
        except ValueError as error:
            raise Invalid(fields={condition.column: str(error)}) from error
        (alone if condition.group is None else groups.setdefault(condition.group, [])).append(clause)
    return alone + [or_(*clauses) for clauses in groups.values()]


def _search(kind: Kind, text: str) -> ColumnElement[bool]:
    try:
        return or_(*[contains(kind.table.c[name], text) for name in kind.labels])
    except ValueError as error:
        raise Invalid(fields={"filter": str(error)}) from error


def _related(kind: Kind, name: str, target: UUID) -> ColumnElement[bool]:
    if name not in kind.to_one:
        raise Invalid(fields={name[:100]: "no such relationship"})
    table = KINDS[kind.to_one[name].target].table
    return kind.table.c[name].in_(select(table.c.id).where(table.c.reference_id == target))


def _cursor_row(connection: Connection, kind: Kind, cursor: UUID, viewer: Viewer) -> RowMapping:
    statement = select(kind.table).where(kind.table.c.reference_id == cursor)
    allowed = readable(kind.name, kind.table, viewer)
    rows = _rows(connection, statement if allowed is None else statement.where(allowed))
    if not rows:
        raise Invalid(fields={"page": f"no such {kind.name} to go on from"})
    return rows[0]


def _beyond(keys: Sequence[SortKey], row: RowMapping) -> ColumnElement[bool]:
    """Rows after ``row`` in the order of ``keys``: equal in the first keys, beyond in the next one."""
    ways = []
    for place, key in enumerate(keys):
        equal = [before.same(row[before.column.name]) for before in keys[:place]]
        ways.append(and_(*equal, key.beyond(row[key.column.name])))
    return or_(*ways)


def _rows(connection: Connection, statement: Select[Any]) -> list[RowMapping]:
    return list(connection.execute(statement).mappings())
