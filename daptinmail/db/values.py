"""JSON values to column values and back, within the limits of the column."""

import math
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, Boolean, Column, Float, Integer, String
from sqlalchemy.types import TypeEngine

from daptinmail.db.types import Reference, UnixTime

MAX_TEXT = 1_000_000
"""Characters in a column without a length of its own."""

_TRUE = {"true", "1"}
_FALSE = {"false", "0"}


def to_json(value: Any) -> Any:
    """A column value as JSON: times in RFC 3339 with ``Z``, references as text."""
    if isinstance(value, datetime):
        precision = "milliseconds" if value.microsecond else "seconds"
        return value.astimezone(UTC).isoformat(timespec=precision).replace("+00:00", "Z")
    if isinstance(value, UUID):
        return str(value)
    return value


def to_column(column: "Column[Any]", value: Any) -> Any:
    """A JSON value as this column holds it; numbers and booleans may come as text.

    Raises:
        ValueError: it does not fit; the text is fit for a client.
    """
    if value is None:
        if not column.nullable:
            raise ValueError("must not be null")
        return None
    return convert(column.type, value)


def convert(kind: "TypeEngine[Any]", value: Any) -> Any:
    """The same for a value that is not null, by type."""
    for known, read in _READERS:
        if isinstance(kind, known):
            return read(kind, value)
    raise ValueError("cannot be given")


def _boolean(kind: object, value: Any) -> bool:
    text = str(value).lower()
    if isinstance(value, bool | int | str) and text in _TRUE | _FALSE:
        return text in _TRUE
    raise ValueError("must be true or false")


def _integer(bits: int) -> Callable[[object, Any], int]:
    def read(kind: object, value: Any) -> int:
        try:
            if isinstance(value, bool) or (isinstance(value, float) and not value.is_integer()):
                raise ValueError
            if isinstance(value, str) and (len(value) > 30 or "_" in value):
                raise ValueError
            number = int(value)
        except (ValueError, TypeError, OverflowError) as error:
            raise ValueError("must be an integer") from error
        if not -(1 << bits) <= number < 1 << bits:
            raise ValueError("is out of range")
        return number

    return read


def _float(kind: object, value: Any) -> float:
    try:
        number = float(value)
    except (ValueError, TypeError, OverflowError) as error:
        raise ValueError("must be a number") from error
    if not math.isfinite(number):
        raise ValueError("must be a finite number")
    return number


def _text(kind: "TypeEngine[Any]", value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError("must be a string")
    limit = getattr(kind, "length", None) or MAX_TEXT
    if len(value) > limit:
        raise ValueError(f"is longer than {limit} characters")
    if "\0" in value or any("\ud800" <= character <= "\udfff" for character in value):
        raise ValueError("has a character that cannot be stored")
    return value


def _time(kind: object, value: Any) -> datetime:
    try:
        moment = value if isinstance(value, datetime) else datetime.fromisoformat(value)
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).astimezone(UTC)
    except (ValueError, TypeError, OverflowError) as error:
        raise ValueError("must be a time such as 2026-01-31T12:00:00Z") from error


def reference(value: Any) -> UUID:
    """A UUID from its text.

    Raises:
        ValueError: it is none.
    """
    try:
        return value if isinstance(value, UUID) else UUID(value)
    except (ValueError, TypeError, AttributeError) as error:
        raise ValueError("must be a UUID") from error


_READERS: tuple[tuple[type[TypeEngine[Any]], Callable[[Any, Any], Any]], ...] = (
    (UnixTime, _time),
    (Reference, lambda kind, value: reference(value)),
    (Boolean, _boolean),
    (BigInteger, _integer(63)),
    (Integer, _integer(31)),
    (Float, _float),
    (String, _text),
)
