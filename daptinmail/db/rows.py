"""Rows with their references: what the API shows of them, and how foreign keys are found."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from uuid import UUID

from attrs import define, field
from sqlalchemy import Connection, select

from daptinmail.db.exposure import EXPOSURES
from daptinmail.db.permissions import Action, demand, permitted
from daptinmail.db.relations import GROUPS, KINDS, Kind
from daptinmail.db.schema import record_usergroup, usergroup
from daptinmail.db.values import to_json
from daptinmail.errors import Forbidden, Invalid, NotFound
from daptinmail.interfaces.directory import Viewer
from daptinmail.interfaces.records import Record, Row


@define
class Loaded:
    """One row, the references of its foreign keys and of its groups."""

    kind: Kind
    row: Row
    to_one: dict[str, UUID | None] = field(factory=dict)
    groups: list[UUID] = field(factory=list)

    def record(self, computed: Mapping[str, Any]) -> Record:
        """As the API shows it. To-many relations other than groups may be long: they are asked for by ``related``."""
        exposure = EXPOSURES[self.kind.name]
        attributes = {name: to_json(self.row[name]) for name in exposure.visible if name not in self.to_one}
        attributes |= {name: to_json(reference) for name, reference in self.to_one.items()}
        attributes |= dict.fromkeys(exposure.masked, "")
        relations = self.kind.to_one
        return Record(
            self.kind.name,
            self.row["reference_id"],
            {**attributes, **computed},
            {name: (relations[name].target, found) if found else None for name, found in self.to_one.items()},
            {GROUPS: [("usergroup", group) for group in self.groups], **{name: [] for name in self.kind.to_many}},
        )


def load(connection: Connection, kind: Kind, rows: Iterable[Mapping[str, Any]]) -> list[Loaded]:
    """Rows with their references, in as many statements as there are relations."""
    loaded = [Loaded(kind, dict(row)) for row in rows]
    for name, relation in kind.to_one.items():
        found = _references(connection, KINDS[relation.target], {item.row[name] for item in loaded})
        for item in loaded:
            item.to_one[name] = found.get(item.row[name])
    groups = _groups(connection, kind, [item.row["id"] for item in loaded])
    for item in loaded:
        item.groups = groups.get(item.row["id"], [])
    return loaded


def fetch(
    connection: Connection, kind: Kind, reference: UUID, viewer: Viewer, action: Action, lock: bool = False
) -> Row:
    """One row that the viewer may treat so. ``lock`` keeps other processes from changing it meanwhile.

    Raises:
        NotFound, Forbidden.
    """
    statement = select(kind.table).where(kind.table.c.reference_id == reference)
    found = connection.execute(statement.with_for_update() if lock else statement).mappings().first()
    if found is None:
        raise NotFound(f"no such {kind.name}")
    row: Row = {**found}
    demand(connection, kind.name, row, viewer, action)
    return row


def resolve(connection: Connection, kind: Kind, name: str, reference: UUID | None, viewer: Viewer) -> int | None:
    """The id for a foreign key.

    Raises:
        Invalid: no such target, as far as the viewer may know, or none where one is needed.
        Forbidden: the viewer may see the target but not refer to it.
    """
    if reference is None:
        if not kind.table.c[name].nullable:
            raise Invalid(fields={name: "must not be empty"})
        return None
    target = KINDS[kind.to_one[name].target]
    try:
        row = fetch(connection, target, reference, viewer, Action.REFER)
    except NotFound as error:
        raise Invalid(fields={name: error.text}) from error
    return int(row["id"])


def targets(connection: Connection, kind: Kind, name: str, references: Sequence[UUID], viewer: Viewer) -> list[Row]:
    """The rows that a to-many relationship shall have; ``Invalid`` or ``Forbidden`` as with ``resolve``."""
    wanted = list(dict.fromkeys(references))
    statement = select(kind.table).where(kind.table.c.reference_id.in_(wanted))
    rows: list[Row] = [{**row} for row in connection.execute(statement).mappings()]
    if len(rows) < len(wanted):
        raise Invalid(fields={name: f"no such {kind.name}"})
    for row in rows:
        if not permitted(connection, kind.name, row, viewer, Action.REFER):
            raise Forbidden
    return rows


def _references(connection: Connection, kind: Kind, ids: set[int | None]) -> dict[int | None, UUID]:
    wanted = [number for number in ids if number is not None]
    if not wanted:
        return {}
    statement = select(kind.table.c.id, kind.table.c.reference_id).where(kind.table.c.id.in_(wanted))
    return {row[0]: row[1] for row in connection.execute(statement)}


def _groups(connection: Connection, kind: Kind, ids: Sequence[int]) -> dict[int, list[UUID]]:
    statement = (
        select(record_usergroup.c.record_id, usergroup.c.reference_id)
        .join(usergroup, usergroup.c.id == record_usergroup.c.usergroup_id)
        .where(record_usergroup.c.kind == kind.name, record_usergroup.c.record_id.in_(ids))
        .order_by(record_usergroup.c.id)
    )
    groups: dict[int, list[UUID]] = {}
    for record_id, reference in connection.execute(statement) if ids else ():
        groups.setdefault(record_id, []).append(reference)
    return groups
