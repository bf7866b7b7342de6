"""Routes of ``/api/{type}`` and ``/api/{type}/{id}``."""

from typing import Any
from uuid import UUID

from attrs import define

from daptinmail.api.authentication import Gate
from daptinmail.api.call import Answer, Call, json_answer
from daptinmail.api.coercion import Unfit, read_uuid
from daptinmail.api.documents import page_links, resource_object
from daptinmail.api.drafts import read_draft, read_revision
from daptinmail.api.inclusion import hydrate, include, wanted_relations
from daptinmail.api.queries import read_fields, read_query
from daptinmail.api.types import KINDS, Kind
from daptinmail.errors import NotFound
from daptinmail.interfaces.directory import Viewer
from daptinmail.interfaces.records import IRecords, Page, Query, Record


def known_kind(name: str) -> Kind:
    """The type of that name.

    Raises:
        NotFound.
    """
    if name not in KINDS:
        raise NotFound(f"no such type [{name[:100]}]")
    return KINDS[name]


def known_reference(kind: Kind, text: str, viewer: Viewer) -> UUID:
    """The reference in a URL; ``mine`` names the viewer's own ``user_account``.

    Raises:
        NotFound: not a UUID.
    """
    if kind.name == "user_account" and text == "mine" and viewer.reference is not None:
        return viewer.reference
    try:
        return read_uuid(text)
    except Unfit as error:
        raise NotFound(f"no such entity [{kind.name}][{text[:100]}]") from error


@define(eq=False)
class Rows:
    """Lists and single rows."""

    records: IRecords
    gate: Gate

    async def list(self, call: Call, kind: str) -> Answer:
        """Some of the rows the viewer may read, a page at a time."""
        of = known_kind(kind)
        viewer = await self.gate.member(call)
        query = read_query(of, call.parameters)
        page = await self.records.list(of.name, query, viewer)
        return await self.page_answer(call, of, page, query, viewer)

    async def page_answer(self, call: Call, kind: Kind, page: Page, query: Query | None, viewer: Viewer) -> Answer:
        """A list document; with ``links`` when it is a page of more."""
        fields = read_fields(kind, call.parameters)
        rows = await hydrate(self.records, page.records, kind, call.parameters, viewer)
        primary, included = await include(self.records, rows, wanted_relations(kind, call.parameters), viewer)
        document: dict[str, Any] = {}
        if query is not None:
            document["links"] = page_links(call.path, call.parameters, query, page)
        document["data"] = [resource_object(record, fields) for record in primary]
        if included:
            document["included"] = [resource_object(record, fields) for record in included]
        return json_answer(document)

    async def create(self, call: Call, kind: str) -> Answer:
        """Make a row."""
        of = known_kind(kind)
        viewer = await self.gate.member(call)
        record = await self.records.create(read_draft(of, call.body), viewer)
        document = {"data": resource_object(record, {})}
        answer = json_answer(document, 201)
        return Answer(201, answer.body, location=f"/api/{of.name}/{record.reference}")

    async def get(self, call: Call, kind: str, reference: str) -> Answer:
        """One row, whole."""
        of = known_kind(kind)
        viewer = await self.gate.member(call)
        record = await self.records.get(of.name, known_reference(of, reference, viewer), viewer)
        return await self.row_answer(call, of, record, viewer)

    async def row_answer(self, call: Call, kind: Kind, record: Record, viewer: Viewer) -> Answer:
        """The document of one row."""
        fields = read_fields(kind, call.parameters)
        primary, included = await include(self.records, [record], wanted_relations(kind, call.parameters), viewer)
        document: dict[str, Any] = {"data": resource_object(primary[0], fields)}
        if included:
            document["included"] = [resource_object(end, fields) for end in included]
        return json_answer(document)

    async def patch(self, call: Call, kind: str, reference: str) -> Answer:
        """Change a row."""
        of = known_kind(kind)
        viewer = await self.gate.member(call)
        row = known_reference(of, reference, viewer)
        revision = read_revision(of, row, call.body)
        record = await self.records.patch(of.name, row, revision.attributes, revision.to_one, viewer)
        return json_answer({"data": resource_object(record, {})})

    async def delete(self, call: Call, kind: str, reference: str) -> Answer:
        """Remove a row."""
        of = known_kind(kind)
        viewer = await self.gate.member(call)
        await self.records.delete(of.name, known_reference(of, reference, viewer), viewer)
        return json_answer({"meta": None})
