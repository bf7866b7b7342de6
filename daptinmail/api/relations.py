"""Routes of ``/api/{type}/{id}/{relationship}`` and ``/api/{type}/{id}/relationships/{relationship}``."""

from uuid import UUID

from attrs import define, frozen

from daptinmail.api.authentication import Gate
from daptinmail.api.call import Answer, Call, json_answer
from daptinmail.api.documents import identifiers
from daptinmail.api.drafts import read_targets
from daptinmail.api.queries import MAX_SIZE, asks_for_page, read_query
from daptinmail.api.rows import Rows, known_kind, known_reference
from daptinmail.api.types import KINDS, Kind, Relationship
from daptinmail.errors import NotFound
from daptinmail.interfaces.directory import Viewer
from daptinmail.interfaces.records import IRecords, Page


@frozen
class _End:
    """One relationship of one row, as a viewer asks for it."""

    kind: Kind
    reference: UUID
    link: Relationship
    viewer: Viewer


@define(eq=False)
class Relations:
    """What is at the other end of a relationship, and which rows it joins."""

    records: IRecords
    gate: Gate
    rows: Rows

    async def related(self, call: Call, kind: str, reference: str, relationship: str) -> Answer:
        """The rows at the other end: one or null for to-one, up to 1,000 for to-many."""
        end = await self._end(call, kind, reference, relationship)
        target = KINDS[end.link.target]
        query = read_query(target, call.parameters, MAX_SIZE)
        page = await self.records.related(end.kind.name, end.reference, end.link.name, query, end.viewer)
        if end.link.many:
            paged = query if asks_for_page(call.parameters) else None
            return await self.rows.page_answer(call, target, page, paged, end.viewer)
        if not page.records:
            return json_answer({"data": None})
        return await self.rows.row_answer(call, target, page.records[0], end.viewer)

    async def linkage(self, call: Call, kind: str, reference: str, relationship: str) -> Answer:
        """Types and ids of the rows at the other end."""
        end = await self._end(call, kind, reference, relationship)
        query = read_query(KINDS[end.link.target], call.parameters, MAX_SIZE)
        page: Page = await self.records.related(end.kind.name, end.reference, end.link.name, query, end.viewer)
        data = identifiers([(record.kind, record.reference) for record in page.records])
        if end.link.many:
            return json_answer({"data": data})
        return json_answer({"data": data[0] if data else None})

    async def add(self, call: Call, kind: str, reference: str, relationship: str) -> Answer:
        """Add rows to a relationship."""
        return await self._relate(call, await self._end(call, kind, reference, relationship), replace=False)

    async def replace(self, call: Call, kind: str, reference: str, relationship: str) -> Answer:
        """Make a relationship hold just the rows named."""
        return await self._relate(call, await self._end(call, kind, reference, relationship), replace=True)

    async def remove(self, call: Call, kind: str, reference: str, relationship: str) -> Answer:
        """Take rows out of a relationship."""
        end = await self._end(call, kind, reference, relationship)
        targets = read_targets(end.link, call.body)
        if end.link.many:
            await self.records.unrelate(end.kind.name, end.reference, end.link.name, targets, end.viewer)
            return Answer(204)
        record = await self.records.get(end.kind.name, end.reference, end.viewer, hydrate=False)
        current = record.to_one.get(end.link.name)
        if current and current[1] in targets:
            await self.records.patch(end.kind.name, end.reference, {}, {end.link.name: None}, end.viewer)
        return Answer(204)

    async def _relate(self, call: Call, end: _End, replace: bool) -> Answer:
        targets = read_targets(end.link, call.body)
        if end.link.many:
            await self.records.relate(end.kind.name, end.reference, end.link.name, targets, replace, end.viewer)
        else:
            to_one = {end.link.name: targets[0] if targets else None}
            await self.records.patch(end.kind.name, end.reference, {}, to_one, end.viewer)
        return Answer(204)

    async def _end(self, call: Call, kind: str, reference: str, relationship: str) -> _End:
        of = known_kind(kind)
        viewer = await self.gate.member(call)
        if relationship not in of.relationships:
            raise NotFound(f"no such relationship [{of.name}][{relationship[:100]}]")
        return _End(of, known_reference(of, reference, viewer), of.relationships[relationship], viewer)
