"""Creating, patching, deleting and relating rows: the part that runs inside one transaction."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from attrs import define
from sqlalchemy import delete, exists, select, update

from daptinmail.db.changes import Wanted, defaults, may_change, require, violations
from daptinmail.db.permissions import Action, demand
from daptinmail.db.relations import GROUPS, KINDS, OWNER, Kind, ToMany
from daptinmail.db.rows import Loaded, fetch, load, resolve, targets
from daptinmail.db.schema import DEFAULT_PERMISSION, record_usergroup
from daptinmail.errors import Conflict, Forbidden, Invalid, NotFound
from daptinmail.interfaces.directory import Viewer
from daptinmail.interfaces.records import IRecordRules, Row
from daptinmail.interfaces.storage import ITransaction


class Stale(Exception):
    """The row changed after its rules prepared the request: prepare again."""


@define(eq=False)
class Writing:
    """One unit of work for one viewer."""

    transaction: ITransaction
    viewer: Viewer
    rules: Mapping[str, IRecordRules]

    def create(self, kind: Kind, reference: UUID, values: Row, to_one: Mapping[str, UUID | None]) -> Loaded:
        """Insert a row, owned by the viewer unless its rules say otherwise."""
        connection = self.transaction.connection
        row = defaults(kind.table) | values
        row |= {name: resolve(connection, kind, name, target, self.viewer) for name, target in to_one.items()}
        row |= {"reference_id": reference, "created_at": self.transaction.now, "updated_at": None}
        row |= {"permission": DEFAULT_PERMISSION, "version": 1, OWNER: self.viewer.user_id}
        rules = self.rules[kind.name]
        with violations(kind):
            rules.creating(self.transaction, row)
            require(kind, row)
            statement = kind.table.insert().values(_columns(kind, row)).returning(kind.table.c.id)
            row["id"] = connection.scalar(statement)
            rules.created(self.transaction, row)
        return self._load(kind, row["id"])

    def patch(self, kind: Kind, before: Row, wanted: Wanted, values: Row) -> Loaded:
        """Update a row that looked like ``before`` when the request was prepared.

        Raises:
            Stale: it looks different now.
        """
        connection = self.transaction.connection
        row = fetch(connection, kind, before["reference_id"], self.viewer, Action.UPDATE, lock=True)
        may_change(row, wanted, self.viewer)
        if wanted.version is not None and wanted.version != row["version"]:
            raise Conflict(f"The {kind.name} changed in between")
        if row["version"] != before["version"]:
            raise Stale
        links = {name: resolve(connection, kind, name, to, self.viewer) for name, to in wanted.to_one.items()}
        return self._update(kind, row, values | links)

    def delete(self, kind: Kind, reference: UUID) -> Row:
        """Delete a row and what its rules say belongs to it; answers what it was.

        Raises:
            Conflict: other rows still refer to it.
        """
        connection = self.transaction.connection
        row = fetch(connection, kind, reference, self.viewer, Action.DELETE, lock=True)
        with violations(kind):
            self.rules[kind.name].deleting(self.transaction, row)
            self._refuse_dependants(kind, row)
            groups = (record_usergroup.c.kind == kind.name) & (record_usergroup.c.record_id == row["id"])
            connection.execute(delete(record_usergroup).where(groups))
            connection.execute(delete(kind.table).where(kind.table.c.id == row["id"]))
        return row

    def relate(
        self, kind: Kind, reference: UUID, name: str, references: Sequence[UUID], replace: bool
    ) -> list[tuple[Kind, Row]]:
        """Make rows the to-many relation of another; answers the rows that changed."""
        connection = self.transaction.connection
        row = fetch(connection, kind, reference, self.viewer, Action.UPDATE)
        if name == GROUPS:
            return self._join(kind, row, references, replace)
        relation = _to_many(kind, name)
        child = KINDS[relation.target]
        demand(connection, kind.name, row, self.viewer, Action.REFER)
        wanted = [self._child(child, name, target) for target in dict.fromkeys(references)]
        changed = [self._link(child, item, relation.column, row["id"]) for item in wanted]
        if replace:
            column = child.table.c[relation.column]
            kept = [item["id"] for item in wanted]
            others = select(child.table.c.reference_id).where(column == row["id"], child.table.c.id.not_in(kept))
            changed += self._unlink(child, relation, list(connection.scalars(others)))
        return changed

    def unrelate(self, kind: Kind, reference: UUID, name: str, references: Sequence[UUID]) -> list[tuple[Kind, Row]]:
        """Take rows out of a to-many relation; answers the rows that changed."""
        connection = self.transaction.connection
        row = fetch(connection, kind, reference, self.viewer, Action.UPDATE)
        if name == GROUPS:
            return self._leave(kind, row, references)
        relation = _to_many(kind, name)
        child = KINDS[relation.target]
        column = child.table.c[relation.column]
        linked = select(child.table.c.reference_id).where(
            column == row["id"], child.table.c.reference_id.in_(references)
        )
        return self._unlink(child, relation, list(connection.scalars(linked)))

    def _load(self, kind: Kind, number: int) -> Loaded:
        statement = select(kind.table).where(kind.table.c.id == number)
        found = self.transaction.connection.execute(statement).mappings().one()
        return load(self.transaction.connection, kind, [{**found}])[0]

    def _set(self, kind: Kind, number: int, values: Mapping[str, Any]) -> None:
        self.transaction.connection.execute(update(kind.table).where(kind.table.c.id == number).values(**values))

    def _update(self, kind: Kind, row: Row, changes: Row) -> Loaded:
        rules = self.rules[kind.name]
        with violations(kind):
            rules.patching(self.transaction, dict(row), changes)
            changes |= {"updated_at": self.transaction.now, "version": row["version"] + 1}
            require(kind, {**row, **changes})
            self._set(kind, row["id"], _columns(kind, changes))
            loaded = self._load(kind, row["id"])
            rules.patched(self.transaction, row, loaded.row)
        return loaded

    def _refuse_dependants(self, kind: Kind, row: Row) -> None:
        for relation in kind.to_many.values():
            table = KINDS[relation.target].table
            column = table.c[relation.column]
            if column.nullable:
                continue
            if self.transaction.connection.scalar(select(exists().where(column == row["id"]))):
                raise Conflict(f"There are {relation.target} rows that belong to this {kind.name}")

    def _child(self, child: Kind, name: str, reference: UUID) -> Row:
        try:
            return fetch(self.transaction.connection, child, reference, self.viewer, Action.UPDATE, lock=True)
        except NotFound as error:
            raise Invalid(fields={name: error.text}) from error

    def _link(self, child: Kind, row: Row, column: str, parent: int) -> tuple[Kind, Row]:
        return child, self._update(child, row, {column: parent}).row

    def _unlink(self, child: Kind, relation: ToMany, references: Sequence[UUID]) -> list[tuple[Kind, Row]]:
        if references and not child.table.c[relation.column].nullable:
            raise Conflict(f"A {child.name} must have its {relation.column}")
        connection = self.transaction.connection
        rows = [fetch(connection, child, found, self.viewer, Action.UPDATE, lock=True) for found in references]
        return [(child, self._update(child, row, {relation.column: None}).row) for row in rows]

    def _join(self, kind: Kind, row: Row, references: Sequence[UUID], replace: bool) -> list[tuple[Kind, Row]]:
        """Membership of users gives rights, so only administrators change it, whatever the bits say."""
        self._may_group(kind)
        connection = self.transaction.connection
        wanted = {group["id"] for group in targets(connection, KINDS["usergroup"], GROUPS, references, self.viewer)}
        mine = (record_usergroup.c.kind == kind.name) & (record_usergroup.c.record_id == row["id"])
        have = set(connection.scalars(select(record_usergroup.c.usergroup_id).where(mine)))
        for group in sorted(wanted - have):
            values = {"kind": kind.name, "record_id": row["id"], "usergroup_id": group}
            connection.execute(record_usergroup.insert().values(**values))
        if replace and have - wanted:
            gone = record_usergroup.c.usergroup_id.in_(have - wanted)
            connection.execute(delete(record_usergroup).where(mine, gone))
        return [(kind, row)]

    def _leave(self, kind: Kind, row: Row, references: Sequence[UUID]) -> list[tuple[Kind, Row]]:
        self._may_group(kind)
        group = KINDS["usergroup"].table
        ids = select(group.c.id).where(group.c.reference_id.in_(references))
        mine = (record_usergroup.c.kind == kind.name) & (record_usergroup.c.record_id == row["id"])
        statement = delete(record_usergroup).where(mine, record_usergroup.c.usergroup_id.in_(ids))
        self.transaction.connection.execute(statement)
        return [(kind, row)]

    def _may_group(self, kind: Kind) -> None:
        if kind.name == "user_account" and not self.viewer.is_administrator:
            raise Forbidden


def _to_many(kind: Kind, name: str) -> ToMany:
    if name not in kind.to_many:
        raise NotFound("no such relationship")
    return kind.to_many[name]


def _columns(kind: Kind, row: Row) -> Row:
    return {name: value for name, value in row.items() if name in kind.table.c}
