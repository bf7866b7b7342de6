"""URL parameters -> what to list and what to show (Daptin's dialect; anything else in the URL is ignored)."""

import math
import re
from collections.abc import Mapping
from typing import Any
from uuid import UUID

from daptinmail.api.call import Parameters, read_json
from daptinmail.api.coercion import Unfit, plain_text, read_uuid
from daptinmail.api.documents import Fields
from daptinmail.api.problems import BadParameter
from daptinmail.api.types import KINDS, Kind
from daptinmail.errors import Malformed
from daptinmail.interfaces.records import Condition, Query

MAX_SIZE = 1000
MAX_PAGE = 10**9
MAX_CONDITIONS = 50
MAX_VALUES = 1000
MAX_TEXT = 1000
DEFAULT_SORT = ("-created_at",)

OPERATORS = frozenset(
    {
        *("is", "eq", "neq", "is not", "is empty", "is true", "is false", "in", "not in"),
        *("any of", "none of"),
        *("contains", "not contains", "like", "not like", "ilike", "begins with", "ends with"),
        *("more than", "after", "less than", "before", "fuzzy", "fuzzy_any", "fuzzy_all"),
    }
)


def read_query(kind: Kind, parameters: Parameters, default_size: int = 10) -> Query:
    """What a list is asked for. Sizes above 1,000 count as 1,000.

    Raises:
        BadParameter: a parameter, column or operator makes no sense.
    """
    named = dict(parameters)
    return Query(
        page=_number(named, "page[number]", 1, MAX_PAGE),
        size=min(_number(named, "page[size]", default_size, MAX_PAGE), MAX_SIZE),
        after=_reference(named, "page[after]"),
        before=_reference(named, "page[before]"),
        sort=_sort(kind, named.get("sort", "")),
        filter=_filter(named.get("filter", "")),
        conditions=_conditions(kind, named.get("query", "")),
        related={link.name: reference for link in kind.to_one if (reference := _reference(named, link.name))},
    )


def asks_for_page(parameters: Parameters) -> bool:
    """True if any ``page[...]`` parameter is there."""
    return any(name.startswith("page[") for name, _ in parameters)


def read_fields(kind: Kind, parameters: Parameters) -> Fields:
    """``fields=a,b`` for the type of the URL, ``fields[type]=a,b`` for any type.

    Raises:
        BadParameter: an unknown type, attribute or relationship.
    """
    fields: dict[str, frozenset[str]] = {}
    for name, value in parameters:
        match = re.fullmatch(r"fields(?:\[(\w*)\])?", name)
        if not match or not value.strip():
            continue
        target = KINDS.get(match[1] or kind.name)
        if target is None:
            raise BadParameter(name, "no such type")
        wanted = _names(value)
        unknown = wanted - target.attributes.keys() - target.relationships.keys() - {"__type", "id"}
        if unknown:
            raise BadParameter(name, f"no such field: {', '.join(sorted(unknown))[:MAX_TEXT]}")
        fields[target.name] = fields.get(target.name, frozenset()) | wanted
    return fields


def _names(value: str) -> frozenset[str]:
    return frozenset(part.strip() for part in value.split(",") if part.strip())


def _number(named: Mapping[str, str], name: str, default: int, maximum: int) -> int:
    text = named.get(name, "").strip()
    if not text:
        return default
    if not re.fullmatch(r"[0-9]{1,10}", text) or not 1 <= int(text) <= maximum:
        raise BadParameter(name, "must be a whole number from 1")
    return int(text)


def _reference(named: Mapping[str, str], name: str) -> UUID | None:
    text = named.get(name, "").strip()
    try:
        return read_uuid(text) if text else None
    except Unfit as error:
        raise BadParameter(name, str(error)) from error


def _sort(kind: Kind, text: str) -> tuple[str, ...]:
    columns = tuple(part.strip().removeprefix("+") for part in text.split(",") if part.strip())
    for column in columns:
        if not kind.sortable(column.removeprefix("-")):
            raise BadParameter("sort", f"no such column: {column[:MAX_TEXT]}")
    return columns or DEFAULT_SORT


def _filter(text: str) -> str:
    if len(text) > MAX_TEXT:
        raise BadParameter("filter", f"must not be longer than {MAX_TEXT} characters")
    try:
        return plain_text(text)
    except Unfit as error:
        raise BadParameter("filter", str(error)) from error


def _conditions(kind: Kind, text: str) -> tuple[Condition, ...]:
    if not text.strip():
        return ()
    try:
        items = read_json(text)
    except Malformed as error:
        raise BadParameter("query", "must be a JSON array") from error
    items = [items] if isinstance(items, dict) else items
    if not isinstance(items, list) or len(items) > MAX_CONDITIONS:
        raise BadParameter("query", f"must be a JSON array of at most {MAX_CONDITIONS} items")
    return tuple(_condition(kind, item) for item in items)


def _condition(kind: Kind, item: object) -> Condition:
    if not isinstance(item, dict):
        raise BadParameter("query", "each item must be an object")
    column, operator = item.get("column"), item.get("operator", "is")
    if not isinstance(column, str) or not kind.sortable(column):
        raise BadParameter("query", f"no such column: {str(column)[:MAX_TEXT]}")
    operator = " ".join(str(operator).lower().split())
    if operator not in OPERATORS:
        raise BadParameter("query", f"no such operator: {operator[:MAX_TEXT]}")
    group = item.get("logical_group")
    return Condition(column, operator, _condition_value(item.get("value")), str(group) if group else None)


def _condition_value(value: object) -> Any:
    if isinstance(value, list):
        if len(value) > MAX_VALUES or any(isinstance(part, list) for part in value):
            raise BadParameter("query", "too many values")
        return [_condition_value(part) for part in value]
    if isinstance(value, str):
        return _value_text(value)
    if isinstance(value, int) and abs(value) >= 2**63:
        raise BadParameter("query", "number too large")
    if isinstance(value, dict) or (isinstance(value, float) and not math.isfinite(value)):
        raise BadParameter("query", "a value must be a string, a number, true, false or null")
    return value


def _value_text(value: str) -> str:
    try:
        return plain_text(value)
    except Unfit as error:
        raise BadParameter("query", str(error)) from error
