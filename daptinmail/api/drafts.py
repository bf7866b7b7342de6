"""JSON:API documents -> what to write. Tolerant as Daptin: extra members and attributes are ignored."""

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from attrs import frozen

from daptinmail.api.call import read_json
from daptinmail.api.coercion import Unfit, coerce, read_uuid
from daptinmail.api.problems import Unsupported
from daptinmail.api.types import Attribute, Form, Kind, Relationship
from daptinmail.errors import Conflict, Invalid
from daptinmail.interfaces.records import Draft

EMPTY = 'Source JSON is empty and has no "attributes" payload object'
UNTYPED = "invalid record, no type was specified"
MAX_TARGETS = 1000


@frozen
class Revision:
    """What a PATCH asks to change."""

    attributes: Mapping[str, Any]
    to_one: Mapping[str, UUID | None]


def read_draft(kind: Kind, body: bytes) -> Draft:
    """A record to be made.

    Raises:
        Malformed, Unsupported (406), Invalid.
    """
    data = _data(body)
    faults: dict[str, str] = {}
    sent = _sent_attributes(kind, data)
    ignored = {"permission"}
    attributes = _coerced(kind, {name: value for name, value in sent.items() if name not in ignored}, faults)
    to_one = _to_one(kind, data, faults)
    to_one.pop("user_account_id", None)
    for attribute in kind.attributes.values():
        if attribute.name not in attributes and attribute.name not in faults:
            _complete(attribute, attributes, faults)
    for link in kind.to_one:
        if link.required and to_one.get(link.name) is None and link.name not in faults:
            faults[link.name] = "is required"
    reference = _client_id(data, faults)
    if faults:
        raise Invalid(fields=faults)
    return Draft(kind.name, attributes, to_one, reference)


def read_revision(kind: Kind, reference: UUID, body: bytes) -> Revision:
    """What to change in the row ``reference``. The content of a message never changes: sent back, it is ignored.

    Raises:
        Malformed, Unsupported (406), Invalid, Conflict (the document names another row).
    """
    data = _data(body)
    faults: dict[str, str] = {}
    sent = _sent_attributes(kind, data)
    content = {one.name for one in kind.attributes.values() if one.form is Form.BASE64}
    attributes = _coerced(kind, {name: value for name, value in sent.items() if name not in content}, faults)
    to_one = _to_one(kind, data, faults)
    named = _client_id(data, faults)
    if faults:
        raise Invalid(fields=faults)
    if named not in {None, reference}:
        raise Conflict("data.id is not the id in the URL")
    return Revision(attributes, to_one)


def read_targets(link: Relationship, body: bytes) -> list[UUID]:
    """The rows that a relationship document names; ``null`` is none.

    Raises:
        Malformed, Unsupported (406), Invalid.
    """
    document = read_json(body) if body.strip() else None
    if not isinstance(document, dict) or "data" not in document:
        raise Unsupported(406, EMPTY)
    data = document["data"]
    ends = [] if data is None else data if isinstance(data, list) else [data]
    if len(ends) > MAX_TARGETS or (not link.many and len(ends) > 1):
        raise Invalid(fields={link.name: "names too many rows"})
    try:
        return [_target(link, end) for end in ends]
    except Unfit as error:
        raise Invalid(fields={link.name: str(error)}) from error


def _data(body: bytes) -> dict[str, Any]:
    document = read_json(body) if body.strip() else None
    data = document.get("data") if isinstance(document, dict) else None
    if not isinstance(data, dict):
        raise Unsupported(406, EMPTY)
    if not isinstance(data.get("type"), str) or not data["type"]:
        raise Unsupported(406, UNTYPED)
    for name in ("attributes", "relationships"):
        if not isinstance(data.setdefault(name, {}), dict):
            raise Unsupported(406, EMPTY)
    return data


def _sent_attributes(kind: Kind, data: dict[str, Any]) -> dict[str, Any]:
    """Attributes that count; a mail account's second password field is a second name of the first."""
    sent = {
        name: value
        for name, value in data["attributes"].items()
        if name in kind.attributes and not kind.attributes[name].read_only
    }
    second = sent.pop("password_md5", None)
    if second and not sent.get("password"):
        sent["password"] = second
    return {name: value for name, value in sent.items() if value or not kind.attributes[name].write_only}


def _coerced(kind: Kind, sent: Mapping[str, Any], faults: dict[str, str]) -> dict[str, Any]:
    attributes: dict[str, Any] = {}
    for name, value in sent.items():
        try:
            attributes[name] = coerce(kind.attributes[name], value)
        except Unfit as error:
            faults[name] = str(error)
    return attributes


def _complete(attribute: Attribute, attributes: dict[str, Any], faults: dict[str, str]) -> None:
    if attribute.required:
        faults[attribute.name] = "is required"
    elif attribute.default is not None and not attribute.read_only:
        attributes[attribute.name] = attribute.default


def _to_one(kind: Kind, data: dict[str, Any], faults: dict[str, str]) -> dict[str, UUID | None]:
    found: dict[str, UUID | None] = {}
    for link in kind.to_one:
        try:
            if link.name in data["relationships"]:
                found[link.name] = _linkage(link, data["relationships"][link.name])
            elif link.name in data["attributes"]:
                value = data["attributes"][link.name]
                found[link.name] = None if value is None else read_uuid(value)
        except Unfit as error:
            faults[link.name] = str(error)
    return found


def _linkage(link: Relationship, member: object) -> UUID | None:
    if member is None:
        return None
    if not isinstance(member, dict):
        raise Unfit("must be an object with data")
    end = member.get("data")
    return None if end is None else _target(link, end)


def _target(link: Relationship, end: object) -> UUID:
    if not isinstance(end, dict):
        raise Unfit("must name a type and an id")
    if end.get("type", link.target) != link.target:
        raise Unfit(f"must be of type {link.target}")
    return read_uuid(end.get("id"))


def _client_id(data: dict[str, Any], faults: dict[str, str]) -> UUID | None:
    if not data.get("id"):
        return None
    try:
        return read_uuid(data["id"])
    except Unfit as error:
        faults["id"] = str(error)
        return None
