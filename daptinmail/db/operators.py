"""The operators of ``query`` (compat 2.5). Values are always parameters, never part of the statement's text."""

from collections.abc import Callable, Mapping
from typing import Any

from sqlalchemy import Boolean, Column, ColumnElement, String, and_, cast, false, not_, or_, select, true

from daptinmail.db.relations import KINDS, Kind
from daptinmail.db.values import convert, reference

MAX_CHOICES = 1000
MAX_PATTERN = 1000
MAX_WILDCARDS = 10
"""In one pattern: matching may take time exponential in their number."""

Operator = Callable[["Column[Any]", Any], ColumnElement[bool]]


def compare(kind: Kind, column: "Column[Any]", operator: str, value: Any) -> ColumnElement[bool]:
    """The clause for one condition.

    Raises:
        ValueError: an unknown operator, or a value that the column cannot have; the text is fit for a client.
    """
    name = " ".join(operator.lower().replace("_", " ").split())
    if column.name in kind.to_one:
        return _compare_reference(kind, column, name, value)
    if name not in OPERATORS:
        raise ValueError(f"no such operator: {operator[:40]}")
    return OPERATORS[name](column, value)


def contains(column: "Column[Any]", text: str) -> ColumnElement[bool]:
    """True where the column has ``text`` somewhere, in any case; no character of it is a wildcard."""
    return _text(column).ilike(f"%{_escaped(text)}%", escape="\\")


def _compare_reference(kind: Kind, column: "Column[Any]", name: str, value: Any) -> ColumnElement[bool]:
    """A foreign key is compared by the references of its targets."""
    if name == "is empty" or value is None:
        return column.is_not(None) if name in _NOT_EQUAL else column.is_(None)
    if name not in _EQUAL | _NOT_EQUAL | _AMONG | _NOT_AMONG:
        raise ValueError(f"no such operator for a relationship: {name[:40]}")
    choices = [reference(item) for item in (_choices(value) if name in _AMONG | _NOT_AMONG else [value])]
    target = KINDS[kind.to_one[column.name].target].table
    found = column.in_(select(target.c.id).where(target.c.reference_id.in_(choices)))
    return or_(column.is_(None), not_(found)) if name in _NOT_EQUAL | _NOT_AMONG else found


def _equal(column: "Column[Any]", value: Any) -> ColumnElement[bool]:
    return column.is_(None) if value is None else column == convert(column.type, value)


def _not_equal(column: "Column[Any]", value: Any) -> ColumnElement[bool]:
    return column.is_not(None) if value is None else column.is_distinct_from(convert(column.type, value))


def _among(column: "Column[Any]", value: Any) -> ColumnElement[bool]:
    return column.in_([convert(column.type, item) for item in _choices(value)])


def _not_among(column: "Column[Any]", value: Any) -> ColumnElement[bool]:
    return or_(column.is_(None), not_(_among(column, value)))


def _more(column: "Column[Any]", value: Any) -> ColumnElement[bool]:
    above: ColumnElement[bool] = column > _ordered(column, value)
    return above


def _less(column: "Column[Any]", value: Any) -> ColumnElement[bool]:
    below: ColumnElement[bool] = column < _ordered(column, value)
    return below


def _ordered(column: "Column[Any]", value: Any) -> Any:
    if isinstance(column.type, Boolean):
        raise ValueError("is true or false, not more or less")
    return convert(column.type, value)


def _empty(column: "Column[Any]", value: Any) -> ColumnElement[bool]:
    return or_(column.is_(None), column == "") if isinstance(column.type, String) else column.is_(None)


def _is(wanted: bool) -> Operator:
    def build(column: "Column[Any]", value: Any) -> ColumnElement[bool]:
        if not isinstance(column.type, Boolean):
            raise ValueError("is not true or false")
        return column == (true() if wanted else false())

    return build


def _like(before: str, after: str) -> Operator:
    """A plain text with something before or after it; ``%`` at its ends, which Daptin's clients add, is dropped."""

    def build(column: "Column[Any]", value: Any) -> ColumnElement[bool]:
        text = str(value).removeprefix("%").removesuffix("%")
        return _text(column).ilike(f"{before}{_escaped(text)}{after}", escape="\\")

    return build


def _pattern(column: "Column[Any]", value: Any) -> ColumnElement[bool]:
    """A pattern with ``%`` and ``_``."""
    text = str(value)
    if text.count("%") > MAX_WILDCARDS:
        raise ValueError(f"has more than {MAX_WILDCARDS} wildcards")
    return _text(column).ilike(_checked(text), escape="\\")


def _words(combine: Callable[..., ColumnElement[bool]]) -> Operator:
    def build(column: "Column[Any]", value: Any) -> ColumnElement[bool]:
        words = str(value).split()[:MAX_WILDCARDS]
        if not words:
            raise ValueError("needs a word to look for")
        return combine(*[contains(column, word) for word in words])

    return build


def _negated(operator: Operator) -> Operator:
    return lambda column, value: or_(column.is_(None), not_(operator(column, value)))


def _text(column: "Column[Any]") -> ColumnElement[str]:
    return column if isinstance(column.type, String) else cast(column, String)


def _choices(value: Any) -> list[Any]:
    choices = value if isinstance(value, list | tuple) else str(value).split(",")
    if len(choices) > MAX_CHOICES:
        raise ValueError(f"has more than {MAX_CHOICES} values")
    return list(choices)


def _checked(text: str) -> str:
    if len(text) > MAX_PATTERN:
        raise ValueError(f"is longer than {MAX_PATTERN} characters")
    if (len(text) - len(text.rstrip("\\"))) % 2:
        text += "\\"  # the escape character at the very end escapes itself
    convert(String(), text)
    return text


def _escaped(text: str) -> str:
    return _checked(text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_"))


_EQUAL = {"is", "eq"}
_NOT_EQUAL = {"neq", "is not"}
_AMONG = {"in", "any of"}
_NOT_AMONG = {"none of", "not in"}

OPERATORS: Mapping[str, Operator] = {
    **dict.fromkeys(_EQUAL, _equal),
    **dict.fromkeys(_NOT_EQUAL, _not_equal),
    **dict.fromkeys(_AMONG, _among),
    **dict.fromkeys(_NOT_AMONG, _not_among),
    "contains": _like("%", "%"),
    "fuzzy": _like("%", "%"),
    "fuzzy any": _words(or_),
    "fuzzy all": _words(and_),
    "not contains": _negated(_like("%", "%")),
    "begins with": _like("", "%"),
    "ends with": _like("%", ""),
    "like": _pattern,
    "ilike": _pattern,
    "not like": _negated(_pattern),
    "more than": _more,
    "after": _more,
    "less than": _less,
    "before": _less,
    "is empty": _empty,
    "is true": _is(True),
    "is false": _is(False),
}
