"""The built-in user groups and who is in them. Called in transactions."""

from datetime import datetime

from sqlalchemy import Connection, insert, select

from daptinmail.db.schema import record_usergroup, user_account, usergroup
from daptinmail.interfaces.runtime import IIdentifiers
from daptinmail.interfaces.storage import ITransaction

GUESTS, USERS, ADMINISTRATORS = "guests", "users", "administrators"
BUILT_IN = (GUESTS, ADMINISTRATORS, USERS)

_USER = user_account.name


def ensure_groups(connection: Connection, identifiers: IIdentifiers, now: datetime) -> dict[str, int]:
    """The ids of the built-in groups by name; makes those that are missing."""
    found = {name: group for group, name in connection.execute(select(usergroup.c.id, usergroup.c.name))}
    for name in BUILT_IN:
        if name not in found:
            row = {"name": name, "reference_id": identifiers.uuid7(), "created_at": now}
            found[name] = connection.execute(insert(usergroup).returning(usergroup.c.id), row).scalar_one()
    return found


def join_group(connection: Connection, user_id: int, group_id: int) -> None:
    """Make the user a member; harmless if it is one."""
    mine = (record_usergroup.c.kind == _USER) & (record_usergroup.c.record_id == user_id)
    member = select(record_usergroup.c.id).where(mine & (record_usergroup.c.usergroup_id == group_id))
    if connection.execute(member).first() is None:
        connection.execute(insert(record_usergroup), {"kind": _USER, "record_id": user_id, "usergroup_id": group_id})


def join_built_in(transaction: ITransaction, identifiers: IIdentifiers, user_id: int, name: str) -> None:
    """Make the user a member of the built-in group ``name``."""
    join_group(
        transaction.connection, user_id, ensure_groups(transaction.connection, identifiers, transaction.now)[name]
    )


def groups_of(connection: Connection, user_id: int) -> dict[str, int]:
    """The ids of the user's groups by name."""
    mine = (record_usergroup.c.kind == _USER) & (record_usergroup.c.record_id == user_id)
    query = select(usergroup.c.name, usergroup.c.id).join(
        record_usergroup, record_usergroup.c.usergroup_id == usergroup.c.id
    )
    return {row.name: row.id for row in connection.execute(query.where(mine))}


def administrators(connection: Connection) -> list[int]:
    """The ids of all administrators that exist."""
    query = (
        select(user_account.c.id)
        .join(
            record_usergroup, (record_usergroup.c.kind == _USER) & (record_usergroup.c.record_id == user_account.c.id)
        )
        .join(usergroup, record_usergroup.c.usergroup_id == usergroup.c.id)
        .where(usergroup.c.name == ADMINISTRATORS)
    )
    return list(connection.execute(query).scalars())


def lock_administrators(connection: Connection) -> None:
    """Let no other transaction look at the administrators before this one is over (a no-op on SQLite)."""
    connection.execute(select(usergroup.c.id).where(usergroup.c.name == ADMINISTRATORS).with_for_update())
