"""Records -> JSON:API documents, in Daptin's dress: ``__type`` and ``reference_id`` among the attributes, no links."""

from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from daptinmail.api.call import Parameters
from daptinmail.api.types import KINDS, Attribute, Kind
from daptinmail.interfaces.records import Page, Query, Record

Fields = Mapping[str, Collection[str]]
"""Attribute and relationship names to show, by type; a type that is missing is shown whole."""

Document = dict[str, Any]


def resource_object(record: Record, fields: Fields) -> Document:
    """One record. What the table of types does not name is never shown, what is write-only is masked."""
    kind = KINDS[record.kind]
    wanted = fields.get(record.kind)
    attributes = {
        "__type": record.kind,
        **{attribute.name: _shown(attribute, record) for attribute in kind.attributes.values()},
        "user_account_id": _owner(record),
    }
    relationships = _relationships(kind, record)
    if wanted is not None:
        attributes = {name: value for name, value in attributes.items() if name == "__type" or name in wanted}
        relationships = {name: value for name, value in relationships.items() if name in wanted}
    return {
        "type": record.kind,
        "id": str(record.reference),
        "attributes": attributes,
        "relationships": relationships,
    }


def _shown(attribute: Attribute, record: Record) -> Any:
    if attribute.write_only:
        return attribute.masked
    if attribute.name == "reference_id":
        return str(record.reference)
    return json_value(record.attributes.get(attribute.name))


def json_value(value: Any) -> Any:
    """Times as RFC 3339 in UTC, UUIDs as text, all else as it is."""
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
    return str(value) if isinstance(value, UUID) else value


def _owner(record: Record) -> str | None:
    owner = record.to_one.get("user_account_id")
    return str(owner[1]) if owner else None


def _relationships(kind: Kind, record: Record) -> Document:
    return {
        link.name: {
            "data": identifiers(record.to_many.get(link.name, ()))
            if link.many
            else identifier(record.to_one.get(link.name))
        }
        for link in kind.relationships.values()
    }


def identifier(end: tuple[str, UUID] | None) -> Document | None:
    """A resource identifier object, or null."""
    return {"type": end[0], "id": str(end[1])} if end else None


def identifiers(ends: Sequence[tuple[str, UUID]]) -> list[Document]:
    """Resource identifier objects."""
    return [{"type": kind, "id": str(reference)} for kind, reference in ends]


def page_links(path: str, parameters: Parameters, query: Query, page: Page) -> Document:
    """Daptin's pagination object. Its URLs are paths on this server and keep every other parameter."""
    last = -(-page.total // query.size)
    kept = [(name, value) for name, value in parameters if name not in {"page[number]", "token"}]

    def url(number: int) -> str:
        return f"{path}?{urlencode([('page[number]', str(number)), *kept], safe='[],-')}"

    links: Document = {
        "current_page": query.page,
        "from": (query.page - 1) * query.size,
        "to": query.page * query.size,
        "per_page": query.size,
        "total": page.total,
        "last_page": last,
    }
    if query.page > 1:
        links["first_page_url"] = url(1)
        links["prev_page_url"] = url(query.page - 1)
    if query.page < last:
        links["next_page_url"] = url(query.page + 1)
        links["last_page_url"] = url(last)
    return links
