"""``IRecords``: the generic rows behind the JSON:API, with permissions, relations and queries."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar
from uuid import UUID

from attrs import define, field
from sqlalchemy import ColumnElement, Connection, select
from twisted.internet.defer import CancelledError
from twisted.logger import Logger
from zope.interface import implementer

from daptinmail.db.changes import asked, checked, require
from daptinmail.db.permissions import Action
from daptinmail.db.queries import find
from daptinmail.db.relations import GROUPS, KINDS, Kind
from daptinmail.db.rows import Loaded, fetch, load
from daptinmail.db.rules import Plain
from daptinmail.db.schema import record_usergroup
from daptinmail.db.writing import Stale, Writing
from daptinmail.errors import Conflict, Forbidden, Invalid, NotFound
from daptinmail.interfaces.directory import Viewer
from daptinmail.interfaces.records import Draft, IRecordRules, IRecords, Page, Query, Record, Row
from daptinmail.interfaces.runtime import IClock, IIdentifiers
from daptinmail.interfaces.storage import IStorage

log = Logger()

T = TypeVar("T")

ATTEMPTS = 3
"""Times that a patch is prepared anew because the row changed meanwhile."""

MAX_TARGETS = 1000
"""References in one change of a relationship."""


def _with_plain(rules: Mapping[str, IRecordRules]) -> Mapping[str, IRecordRules]:
    return {name: rules.get(name, Plain()) for name in KINDS}


@implementer(IRecords)
@define(eq=False)
class Records:
    """All types of the API. ``rules`` by type; types without an entry only hold columns."""

    _storage: IStorage
    _clock: IClock
    _identifiers: IIdentifiers
    _rules: Mapping[str, IRecordRules] = field(converter=_with_plain)

    async def list(self, kind: str, query: Query, viewer: Viewer) -> Page:
        """The rows the viewer may read."""
        described = _kind(kind)
        return await self._page(described, query, viewer, lambda connection: [])

    async def get(self, kind: str, reference: UUID, viewer: Viewer, hydrate: bool = True) -> Record:
        """One row."""
        described = _kind(kind)

        def work(connection: Connection) -> Loaded:
            return load(connection, described, [fetch(connection, described, reference, viewer, Action.READ)])[0]

        return await self._shown(await self._storage.read(work), hydrate)

    async def create(self, draft: Draft, viewer: Viewer) -> Record:
        """Make a row. Only administrators may: there is no row yet whose permission could allow it to others."""
        kind = _kind(draft.kind)
        if not viewer.is_administrator:
            raise Forbidden
        wanted = asked(kind, draft.attributes, draft.to_one, patch=False)
        require(kind, {**wanted.attributes, **wanted.to_one}, kind.required)
        values = checked(kind, await self._rules[kind.name].prepare(wanted.attributes, None, viewer))
        reference = draft.reference or self._identifiers.uuid7()
        made = await self._storage.write(
            lambda transaction: Writing(transaction, viewer, self._rules).create(kind, reference, values, wanted.to_one)
        )
        await self._committed("create", [(kind, made.row)])
        return await self._shown(made, hydrate=True)

    async def patch(
        self,
        kind: str,
        reference: UUID,
        attributes: Mapping[str, Any],
        to_one: Mapping[str, UUID | None],
        viewer: Viewer,
    ) -> Record:
        """Change a row."""
        described = _kind(kind)
        for _ in range(ATTEMPTS):
            try:
                changed = await self._patch_once(described, reference, attributes, to_one, viewer)
            except Stale:
                continue
            await self._committed("patch", [(described, changed.row)])
            return await self._shown(changed, hydrate=True)
        raise Conflict(f"The {kind} keeps changing")

    async def delete(self, kind: str, reference: UUID, viewer: Viewer) -> None:
        """Remove a row and what belongs to it."""
        described = _kind(kind)
        row = await self._storage.write(
            lambda transaction: Writing(transaction, viewer, self._rules).delete(described, reference)
        )
        await self._committed("delete", [(described, row)])

    async def related(self, kind: str, reference: UUID, relationship: str, query: Query, viewer: Viewer) -> Page:
        """The rows at the other end of a relationship, those that the viewer may read."""
        described = _kind(kind)
        target = _target(described, relationship)

        def ends(connection: Connection) -> Sequence[ColumnElement[bool]]:
            row = fetch(connection, described, reference, viewer, Action.READ)
            return [_other_end(described, target, relationship, row)]

        return await self._page(target, query, viewer, ends)

    async def relate(
        self, kind: str, reference: UUID, relationship: str, targets: Sequence[UUID], replace: bool, viewer: Viewer
    ) -> None:
        """Add to a relationship, or replace it."""
        described = _kind(kind)
        _limit(relationship, targets)
        if relationship in described.to_one:
            if len(targets) > 1:
                raise Invalid(fields={relationship: "holds one row only"})
            await self.patch(kind, reference, {}, {relationship: targets[0] if targets else None}, viewer)
            return
        changed = await self._storage.write(
            lambda transaction: Writing(transaction, viewer, self._rules).relate(
                described, reference, relationship, targets, replace
            )
        )
        await self._committed("patch", changed)

    async def unrelate(
        self, kind: str, reference: UUID, relationship: str, targets: Sequence[UUID], viewer: Viewer
    ) -> None:
        """Remove from a relationship. What is not in it is not an error."""
        described = _kind(kind)
        _limit(relationship, targets)
        if relationship in described.to_one:
            page = await self.related(kind, reference, relationship, Query(sort=()), viewer)
            if any(record.reference in targets for record in page.records):
                await self.patch(kind, reference, {}, {relationship: None}, viewer)
            return
        changed = await self._storage.write(
            lambda transaction: Writing(transaction, viewer, self._rules).unrelate(
                described, reference, relationship, targets
            )
        )
        await self._committed("patch", changed)

    async def _patch_once(
        self,
        kind: Kind,
        reference: UUID,
        attributes: Mapping[str, Any],
        to_one: Mapping[str, UUID | None],
        viewer: Viewer,
    ) -> Loaded:
        before = await self._storage.read(lambda connection: fetch(connection, kind, reference, viewer, Action.UPDATE))
        wanted = asked(kind, attributes, to_one, patch=True)
        values = checked(kind, await self._rules[kind.name].prepare(wanted.attributes, dict(before), viewer))
        return await self._storage.write(
            lambda transaction: Writing(transaction, viewer, self._rules).patch(kind, before, wanted, dict(values))
        )

    async def _page(
        self,
        kind: Kind,
        query: Query,
        viewer: Viewer,
        extra: Callable[[Connection], Sequence[ColumnElement[bool]]],
    ) -> Page:
        def work(connection: Connection) -> tuple[Sequence[Loaded], int]:
            rows, total = find(connection, kind, query, viewer, extra(connection))
            return load(connection, kind, [{**row} for row in rows]), total

        loaded, total = await self._storage.read(work)
        return Page([await self._shown(item, hydrate=False) for item in loaded], total)

    async def _shown(self, loaded: Loaded, hydrate: bool) -> Record:
        return loaded.record(await self._rules[loaded.kind.name].shown(dict(loaded.row), hydrate))

    async def _committed(self, change: str, rows: Sequence[tuple[Kind, Row]]) -> None:
        """Tell the rules. The change is durable by now, so their faults are logged and not the caller's."""
        for kind, row in rows:
            try:
                await self._rules[kind.name].committed(change, row)
            except CancelledError:
                raise
            except Exception:  # noqa: BLE001 - the rows are written: the answer must say so
                log.failure("what follows a {change} of a {kind} failed", change=change, kind=kind.name)


def _kind(name: str) -> Kind:
    if name not in KINDS:
        raise NotFound("no such type")
    return KINDS[name]


def _target(kind: Kind, relationship: str) -> Kind:
    if relationship == GROUPS:
        return KINDS["usergroup"]
    relation = kind.to_one.get(relationship) or kind.to_many.get(relationship)
    if relation is None:
        raise NotFound("no such relationship")
    return KINDS[relation.target]


def _other_end(kind: Kind, target: Kind, relationship: str, row: Row) -> ColumnElement[bool]:
    if relationship == GROUPS:
        groups = select(record_usergroup.c.usergroup_id).where(
            record_usergroup.c.kind == kind.name, record_usergroup.c.record_id == row["id"]
        )
        return target.table.c.id.in_(groups)
    if relationship in kind.to_one:
        return target.table.c.id.is_not_distinct_from(row[relationship])
    return target.table.c[kind.to_many[relationship].column].is_not_distinct_from(row["id"])


def _limit(relationship: str, targets: Sequence[UUID]) -> None:
    if len(targets) > MAX_TARGETS:
        raise Invalid(fields={relationship: f"more than {MAX_TARGETS} rows at once"})
