"""JSON values -> values of an attribute, as tolerant as Daptin: numbers as strings, booleans as 1 or "true"."""

import math
import re
from base64 import b64decode
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from daptinmail.api.types import Attribute, Form
from daptinmail.mail.address import Address, BadAddress

MAX_INTEGER = 2**31 - 1
MAX_TEXT = 1000
_WHOLE = re.compile(r"[+-]?[0-9]{1,15}")
_UUID = re.compile(r"[0-9a-fA-F]{8}-?(?:[0-9a-fA-F]{4}-?){3}[0-9a-fA-F]{12}")
_TRUTH: Mapping[object, bool] = {"true": True, "1": True, "false": False, "0": False}


class Unfit(ValueError):
    """A value that an attribute cannot take; the message says why, fit for a client."""


def coerce(attribute: Attribute, value: object) -> Any:
    """The value an attribute gets from JSON ``value``.

    Raises:
        Unfit: the value cannot be read as the attribute's form, or is too long.
    """
    if value is None:
        if attribute.nullable:
            return None
        raise Unfit("must not be null")
    return _FORMS[attribute.form](attribute, value)


def read_uuid(value: object) -> UUID:
    """A UUID in its dashed or plain text form.

    Raises:
        Unfit: anything else.
    """
    if not isinstance(value, str) or not _UUID.fullmatch(value):
        raise Unfit("must be a UUID")
    return UUID(value)


def plain_text(value: object) -> str:
    """Text that every database can hold: no NUL, no lone surrogates.

    Raises:
        Unfit: not text.
    """
    if not isinstance(value, str):
        raise Unfit("must be a string")
    if "\0" in value or any("\ud800" <= letter <= "\udfff" for letter in value):
        raise Unfit("must not hold NUL or unpaired surrogates")
    return value


def _text(attribute: Attribute, value: object) -> str:
    if isinstance(value, int | float) and not isinstance(value, bool):
        value = str(value)
    text = plain_text(value)
    if attribute.max_length is not None and len(text) > attribute.max_length:
        raise Unfit(f"must not be longer than {attribute.max_length} characters")
    if attribute.required and not text.strip():
        raise Unfit("must not be empty")
    return text


def _email(attribute: Attribute, value: object) -> str:
    text = _text(attribute, value).strip()
    try:
        Address.parse(text)
    except BadAddress as error:
        raise Unfit("must be an e-mail address") from error
    return text


def _secret(attribute: Attribute, value: object) -> str:
    text = plain_text(value)
    if not text:
        raise Unfit("must not be empty")
    if attribute.max_length is not None and len(text) > attribute.max_length:
        raise Unfit(f"must not be longer than {attribute.max_length} characters")
    return text


def _integer(attribute: Attribute, value: object) -> int:
    if isinstance(value, str) and _WHOLE.fullmatch(value.strip()):
        value = int(value)
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    if isinstance(value, bool) or not isinstance(value, int):
        raise Unfit("must be a whole number")
    minimum = -MAX_INTEGER if attribute.minimum is None else attribute.minimum
    maximum = MAX_INTEGER if attribute.maximum is None else attribute.maximum
    if not minimum <= value <= maximum:
        raise Unfit(f"must be from {minimum} to {maximum}")
    return value


def _number(attribute: Attribute, value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        raise Unfit("must be a number")
    try:
        number = float(value)
    except (ValueError, OverflowError) as error:
        raise Unfit("must be a number") from error
    if not math.isfinite(number):
        raise Unfit("must be a number")
    return number


def _boolean(attribute: Attribute, value: object) -> bool:
    if isinstance(value, bool):
        return value
    text = str(value).strip().lower() if isinstance(value, int | str) else ""
    if text not in _TRUTH:
        raise Unfit("must be true or false")
    return _TRUTH[text]


def _time(attribute: Attribute, value: object) -> datetime:
    try:
        moment = datetime.fromisoformat(plain_text(value))
        moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError) as error:
        raise Unfit("must be a time such as 2026-01-02T03:04:05Z") from error
    return moment


def _base64(attribute: Attribute, value: object) -> str:
    if not isinstance(value, str):
        raise Unfit("must be base64 text")
    text = "".join(value.split())
    try:
        octets = b64decode(text, validate=True)
    except ValueError as error:
        raise Unfit("must be base64 text") from error
    if not octets or (attribute.max_length is not None and len(octets) > attribute.max_length):
        raise Unfit(f"must hold from 1 to {attribute.max_length} octets")
    return text


def _uuid(attribute: Attribute, value: object) -> UUID:
    return read_uuid(value)


_FORMS: Mapping[Form, Callable[[Attribute, object], Any]] = {
    Form.TEXT: _text,
    Form.EMAIL: _email,
    Form.SECRET: _secret,
    Form.INTEGER: _integer,
    Form.NUMBER: _number,
    Form.BOOLEAN: _boolean,
    Form.TIME: _time,
    Form.BASE64: _base64,
    Form.UUID: _uuid,
}
