"""An ``IRecords`` in memory, for tests of what stands on it. Sees to types, owners and foreign keys, not to groups."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any
from uuid import UUID

from attrs import define, evolve, field
from zope.interface import implementer

from daptinmail.api.types import KINDS
from daptinmail.errors import AlreadyExists, Forbidden, Invalid, NotFound
from daptinmail.interfaces.directory import Viewer
from daptinmail.interfaces.records import Condition, Draft, IRecords, Page, Query, Record
from daptinmail.interfaces.runtime import IClock, IIdentifiers
from tests.support.runtime import CountingIdentifiers, SteadyClock

DEFAULT_PERMISSION = 561441
End = tuple[str, UUID]
OPERATORS: Mapping[str, Callable[[Any, Any], bool]] = {
    "is": lambda held, value: bool(held == value),
    "eq": lambda held, value: bool(held == value),
    "neq": lambda held, value: bool(held != value),
    "is not": lambda held, value: bool(held != value),
    "contains": lambda held, value: str(value) in str(held),
    "in": lambda held, value: held in value,
}


@implementer(IRecords)
@define(eq=False)
class MemoryRecords:
    """Rows by type and reference. Only administrators write; others read what they own.

    Put secrets into a row with ``plant``, to see that they stay inside. ``broken`` makes every call raise it.
    """

    clock: IClock = field(factory=SteadyClock)
    identifiers: IIdentifiers = field(factory=CountingIdentifiers)
    broken: Exception | None = None
    _rows: dict[str, dict[UUID, Record]] = field(factory=lambda: {kind: {} for kind in KINDS})
    _groups: dict[End, list[UUID]] = field(factory=dict)

    def plant(self, kind: str, reference: UUID, **attributes: Any) -> None:
        """Change attributes past every rule."""
        row = self._rows[kind][reference]
        self._rows[kind][reference] = evolve(row, attributes={**row.attributes, **attributes})

    def add(self, kind: str, owner: UUID | None = None, to_one: Mapping[str, UUID] | None = None, **held: Any) -> UUID:
        """A row past every rule; ``reference_id`` may be given."""
        reference: UUID = held.pop("reference_id", None) or self.identifiers.uuid7()
        ends: dict[str, End | None] = {"user_account_id": ("user_account", owner) if owner else None}
        for name, target in (to_one or {}).items():
            ends[name] = (KINDS[kind].relationships[name].target, target)
        standard = {"created_at": self.clock.now(), "updated_at": None, "permission": DEFAULT_PERMISSION}
        self._rows[kind][reference] = Record(kind, reference, {**standard, **held}, ends)
        return reference

    async def list(self, kind: str, query: Query, viewer: Viewer) -> Page:
        """Rows the viewer may read."""
        self._check()
        rows = [row for row in self._rows[kind].values() if _readable(row, viewer)]
        return _page([_without_content(self._joined(row)) for row in rows], query)

    async def get(self, kind: str, reference: UUID, viewer: Viewer, hydrate: bool = True) -> Record:
        """One row."""
        self._check()
        row = self._rows[kind].get(reference)
        if row is None or not _readable(row, viewer):
            raise NotFound(f"no such entity [{kind}][{reference}]")
        return self._joined(row) if hydrate else _without_content(self._joined(row))

    async def create(self, draft: Draft, viewer: Viewer) -> Record:
        """A new row."""
        self._check()
        if not viewer.is_administrator:
            raise Forbidden("TableAccessPermissionChecker")
        if draft.reference in self._rows[draft.kind]:
            raise AlreadyExists(f"{draft.kind} {draft.reference} exists")
        self._require_unique(draft.kind, draft.attributes, None)
        self._require_ends(draft.kind, draft.to_one)
        given = {name: target for name, target in draft.to_one.items() if target}
        reference = self.add(draft.kind, viewer.reference, given, **draft.attributes)
        row = self._rows[draft.kind].pop(reference)
        row = evolve(row, reference=draft.reference or reference)
        self._rows[draft.kind][row.reference] = row
        return self._joined(row)

    async def patch(
        self,
        kind: str,
        reference: UUID,
        attributes: Mapping[str, Any],
        to_one: Mapping[str, UUID | None],
        viewer: Viewer,
    ) -> Record:
        """Change a row."""
        row = await self.get(kind, reference, viewer)
        if not viewer.is_administrator:
            raise Forbidden("ObjectAccessPermissionChecker")
        self._require_unique(kind, attributes, reference)
        self._require_ends(kind, to_one)
        ends = dict(row.to_one)
        for name, target in to_one.items():
            ends[name] = (KINDS[kind].relationships[name].target, target) if target else None
        held = {**row.attributes, **attributes, "updated_at": self.clock.now()}
        self._rows[kind][reference] = Record(kind, reference, held, ends)
        return self._joined(self._rows[kind][reference])

    async def delete(self, kind: str, reference: UUID, viewer: Viewer) -> None:
        """Remove a row."""
        await self.get(kind, reference, viewer)
        if not viewer.is_administrator:
            raise Forbidden("ObjectAccessPermissionChecker")
        del self._rows[kind][reference]

    async def related(self, kind: str, reference: UUID, relationship: str, query: Query, viewer: Viewer) -> Page:
        """The rows at the other end."""
        row = await self.get(kind, reference, viewer)
        one = row.to_one.get(relationship)
        ends = [one] if one else row.to_many.get(relationship, ())
        found = [self._joined(self._rows[of][target]) for of, target in ends if target in self._rows[of]]
        return _page([end for end in found if _readable(end, viewer)], query)

    async def relate(
        self, kind: str, reference: UUID, relationship: str, targets: Sequence[UUID], replace: bool, viewer: Viewer
    ) -> None:
        """Groups, and the far side of foreign keys."""
        await self.patch(kind, reference, {}, {}, viewer)
        target = KINDS[kind].relationships[relationship].target
        for end in targets:
            if end not in self._rows[target]:
                raise Invalid(fields={relationship: f"no such {target}: {end}"})
        if relationship == "usergroup_id":
            held = [] if replace else self._groups.get((kind, reference), [])
            self._groups[kind, reference] = [*held, *(end for end in targets if end not in held)]
            return
        for end in targets:
            await self.patch(target, end, {}, {f"{kind}_id": reference}, viewer)

    async def unrelate(
        self, kind: str, reference: UUID, relationship: str, targets: Sequence[UUID], viewer: Viewer
    ) -> None:
        """Groups only: what belongs to a row cannot be left without it."""
        await self.patch(kind, reference, {}, {}, viewer)
        if relationship != "usergroup_id":
            raise Invalid(fields={relationship: "is required at the other end"})
        held = self._groups.get((kind, reference), [])
        self._groups[kind, reference] = [end for end in held if end not in targets]

    def _check(self) -> None:
        if self.broken is not None:
            raise self.broken

    def _joined(self, row: Record) -> Record:
        many: dict[str, Sequence[End]] = {}
        for link in KINDS[row.kind].relationships.values():
            if link.name == "usergroup_id":
                many[link.name] = [("usergroup", end) for end in self._groups.get((row.kind, row.reference), [])]
            elif link.many:
                mine = (row.kind, row.reference)
                others = self._rows[link.target].values()
                many[link.name] = [
                    (link.target, other.reference) for other in others if other.to_one.get(f"{row.kind}_id") == mine
                ]
        return evolve(row, to_many=many)

    def _require_unique(self, kind: str, attributes: Mapping[str, Any], reference: UUID | None) -> None:
        for name, value in attributes.items():
            taken = (row for row in self._rows[kind].values() if row.reference != reference)
            if KINDS[kind].attributes[name].unique and any(row.attributes.get(name) == value for row in taken):
                raise AlreadyExists(f"{name}: is taken")

    def _require_ends(self, kind: str, to_one: Mapping[str, UUID | None]) -> None:
        for name, end in to_one.items():
            target = KINDS[kind].relationships[name].target
            if end is not None and target != "user_account" and end not in self._rows[target]:
                raise Invalid(fields={name: f"no such {target}: {end}"})


def _without_content(row: Record) -> Record:
    computed = {one.name: None for one in KINDS[row.kind].attributes.values() if one.computed}
    return evolve(row, attributes={**row.attributes, **computed})


def _readable(row: Record, viewer: Viewer) -> bool:
    owner = row.to_one.get("user_account_id")
    mine = owner is not None and owner[1] == viewer.reference
    return viewer.is_administrator or mine or row.reference == viewer.reference


def _page(rows: list[Record], query: Query) -> Page:
    kept = [row for row in rows if _matches(row, query)]
    for name in reversed(query.sort):
        key = name.removeprefix("-")
        kept.sort(key=lambda row: str(row.attributes.get(key)), reverse=name.startswith("-"))
    first = (query.page - 1) * query.size
    return Page(kept[first : first + query.size], len(kept))


def _matches(row: Record, query: Query) -> bool:
    for name, target in query.related.items():
        end = row.to_one.get(name)
        if end is None or end[1] != target:
            return False
    labels = [str(row.attributes.get(one.name)) for one in KINDS[row.kind].attributes.values() if one.label]
    if query.filter and not any(query.filter in label for label in labels):
        return False
    return all(_holds(row, condition) for condition in query.conditions)


def _holds(row: Record, condition: Condition) -> bool:
    return OPERATORS.get(condition.operator, OPERATORS["is"])(row.attributes.get(condition.column), condition.value)
