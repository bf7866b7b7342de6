"""One request as the routes see it, and the answer they give."""

import json
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import parse_qsl

from attrs import field, frozen

from daptinmail.errors import Malformed

JSON_API = "application/vnd.api+json"
JSON = "application/json; charset=utf-8"
FORM = "application/x-www-form-urlencoded"
MAX_PARAMETERS = 200
MAX_DEPTH = 40

Parameters = Sequence[tuple[str, str]]


@frozen
class Answer:
    """A complete response. ``location`` fills the header of that name; ``headers`` adds others."""

    status: int = 200
    body: bytes = b""
    content_type: str = JSON_API
    location: str | None = None
    headers: Mapping[str, str] = field(factory=dict)


@frozen
class Call:
    """A request. ``body`` is raw; ``parameters`` come from the query string only.

    ``peer`` is the IP address of the other end of the connection; ``forwarded`` is true if a proxy says that the
    client is somewhere else, or a browser that the page is. ``host`` is the host name of the URL, without port.
    ``idempotency_key`` is that header's value. ``token`` is ``None`` for a guest, "" if there is one that cannot be
    read.
    """

    method: str
    path: str
    parameters: Parameters = ()
    body: bytes = field(default=b"", repr=False)
    content_type: str = ""
    peer: str = ""
    forwarded: bool = False
    host: str = ""
    idempotency_key: str | None = None
    token: str | None = field(default=None, repr=False)


def json_answer(value: Any, status: int = 200, content_type: str = JSON_API) -> Answer:
    """``value`` as JSON."""
    return Answer(status, json_octets(value), content_type)


def json_octets(value: Any) -> bytes:
    """``value`` as JSON text in UTF-8."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "backslashreplace")


def read_parameters(query: str) -> Parameters:
    """Names and values of a URL-encoded string.

    Raises:
        Malformed: more than 200 of them, or not UTF-8.
    """
    try:
        return parse_qsl(query, keep_blank_values=True, max_num_fields=MAX_PARAMETERS, errors="strict")
    except ValueError as error:
        raise Malformed("Malformed parameters", cause=str(error)) from error


def read_json(text: str | bytes) -> Any:
    """A JSON value (RFC 8259), at most 40 levels deep.

    Raises:
        Malformed: not JSON.
    """
    try:
        value = json.loads(text, parse_constant=_refuse_constant)
        _limit_depth(value)
    except (ValueError, RecursionError) as error:
        raise Malformed("The request body is not valid JSON", cause=type(error).__name__) from error
    return value


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")  # RFC 8259 §6


def _limit_depth(value: Any) -> None:
    level = [value]
    for _ in range(MAX_DEPTH):
        level = [inner for outer in level if isinstance(outer, dict | list) for inner in _members(outer)]
        if not level:
            return
    raise ValueError("nested too deeply")


def _members(value: dict[str, Any] | list[Any]) -> list[Any]:
    return list(value.values()) if isinstance(value, dict) else value
