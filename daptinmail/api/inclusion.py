"""``included_relations``: related records beside the primary data (JSON:API compound documents)."""

from collections.abc import Sequence
from uuid import UUID

from attrs import evolve

from daptinmail.api.call import Parameters
from daptinmail.api.types import KINDS, Kind, Relationship
from daptinmail.errors import Forbidden, NotFound
from daptinmail.interfaces.directory import Viewer
from daptinmail.interfaces.records import IRecords, Query, Record

MAX_INCLUDED = 1000
MAX_CONTENT = 32 * 1024 * 1024
CONTENT = "mail"


def _names(parameters: Parameters) -> set[str]:
    return {
        part.strip()
        for name, value in parameters
        if name in {"included_relations", "included_relations[]", "include"}
        for part in value.split(",")
    }


def wanted_relations(kind: Kind, parameters: Parameters) -> list[Relationship]:
    """The relationships that ``included_relations`` names, ``*`` for all; with or without ``_id``.

    Unknown names are ignored, as Daptin does.
    """
    names = _names(parameters)
    return [link for link in kind.relationships.values() if names & {"*", link.name, link.name.removesuffix("_id")}]


async def include(
    records: IRecords, primary: Sequence[Record], wanted: Sequence[Relationship], viewer: Viewer
) -> tuple[list[Record], list[Record]]:
    """The primary records with their linkage filled, and at most 1,000 records at the other ends.

    What the viewer may not read is left out.
    """
    found: dict[tuple[str, UUID], Record] = {}
    filled = []
    for record in primary:
        filled.append(await _follow(records, record, wanted, viewer, found))
    for record in primary:
        found.pop((record.kind, record.reference), None)
    return filled, list(found.values())


async def _follow(
    records: IRecords,
    record: Record,
    wanted: Sequence[Relationship],
    viewer: Viewer,
    found: dict[tuple[str, UUID], Record],
) -> Record:
    linkage = dict(record.to_many)
    for link in wanted:
        if link.name not in KINDS[record.kind].relationships or len(found) >= MAX_INCLUDED:
            continue
        ends = await _ends(records, record, link, viewer, found)
        found.update({(end.kind, end.reference): end for end in ends[: MAX_INCLUDED - len(found)]})
        if link.many:
            linkage[link.name] = [(end.kind, end.reference) for end in ends]
    return evolve(record, to_many=linkage)


async def _ends(
    records: IRecords,
    record: Record,
    link: Relationship,
    viewer: Viewer,
    found: dict[tuple[str, UUID], Record],
) -> Sequence[Record]:
    try:
        if link.many:
            query = Query(size=MAX_INCLUDED)
            return (await records.related(record.kind, record.reference, link.name, query, viewer)).records
        end = record.to_one.get(link.name)
        if end is None or end in found:
            return ()
        return (await records.get(*end, viewer, hydrate=False),)
    except (NotFound, Forbidden):
        return ()


async def hydrate(
    records: IRecords, rows: Sequence[Record], kind: Kind, parameters: Parameters, viewer: Viewer
) -> list[Record]:
    """The rows with their content, if ``included_relations`` names it: as many as hold 32 MiB together."""
    if CONTENT not in kind.attributes or CONTENT not in _names(parameters):
        return list(rows)
    room = MAX_CONTENT
    filled = []
    for row in rows:
        room -= int(row.attributes.get("size") or 0)
        filled.append(await _whole(records, row, viewer) if room >= 0 else row)
    return filled


async def _whole(records: IRecords, row: Record, viewer: Viewer) -> Record:
    try:
        return await records.get(row.kind, row.reference, viewer)
    except NotFound:
        return row  # gone in between
