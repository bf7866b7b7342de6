"""One integer a row, three triplets of seven bits: guest, owner, group (compat 2.7)."""

from collections.abc import Mapping
from enum import IntFlag
from typing import Any

from sqlalchemy import ColumnElement, Connection, Table, and_, or_, select

from daptinmail.db.schema import record_usergroup
from daptinmail.errors import Forbidden, NotFound
from daptinmail.interfaces.directory import Viewer

OWNER_SHIFT = 7
GROUP_SHIFT = 14


class Action(IntFlag):
    """What may be done to a row, as the bit of the guest triplet, which everybody has."""

    PEEK = 1
    READ = 2
    CREATE = 4
    UPDATE = 8
    DELETE = 16
    EXECUTE = 32
    REFER = 64


def permitted(connection: Connection, kind: str, row: Mapping[str, Any], viewer: Viewer, action: Action) -> bool:
    """True if the viewer may do this to the row."""
    permission = row["permission"]
    if viewer.is_administrator or permission & action:
        return True
    if permission & action << OWNER_SHIFT and viewer.user_id is not None and row["user_account_id"] == viewer.user_id:
        return True
    if not (permission & action << GROUP_SHIFT and viewer.groups):
        return False
    shared = _shared_rows(kind, viewer).where(record_usergroup.c.record_id == row["id"]).limit(1)
    return connection.execute(shared).first() is not None


def demand(connection: Connection, kind: str, row: Mapping[str, Any], viewer: Viewer, action: Action) -> None:
    """See that the viewer may do this.

    Raises:
        NotFound: the viewer may not even know of the row.
        Forbidden: the viewer may know of it.
    """
    if permitted(connection, kind, row, viewer, action):
        return
    known = any(permitted(connection, kind, row, viewer, other) for other in (Action.PEEK, Action.READ))
    raise Forbidden if known else NotFound(f"no such {kind}")


def readable(kind: str, table: Table, viewer: Viewer) -> ColumnElement[bool] | None:
    """The rows of a list that the viewer may read; ``None`` for all."""
    if viewer.is_administrator:
        return None
    permission = table.c.permission
    ways = [permission.bitwise_and(int(Action.READ)) != 0]
    if viewer.user_id is not None:
        owned = permission.bitwise_and(Action.READ << OWNER_SHIFT) != 0
        ways.append(and_(owned, table.c.user_account_id == viewer.user_id))
    if viewer.groups:
        grouped = permission.bitwise_and(Action.READ << GROUP_SHIFT) != 0
        ways.append(and_(grouped, table.c.id.in_(_shared_rows(kind, viewer))))
    return or_(*ways)


def _shared_rows(kind: str, viewer: Viewer) -> Any:
    """Ids of the rows that belong to a group of the viewer."""
    return select(record_usergroup.c.record_id).where(
        record_usergroup.c.kind == kind, record_usergroup.c.usergroup_id.in_(viewer.groups)
    )
