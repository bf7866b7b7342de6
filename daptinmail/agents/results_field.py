"""The Authentication-Results field: ours is added, those that claim to be ours are taken away (RFC 8601).

And the same for the event log.
"""

import re
from collections.abc import Collection, Sequence
from typing import Any

from daptinmail.interfaces.screening import Check, Verdict
from daptinmail.mail.header import find_fields
from daptinmail.mail.parameters import strip_comments

NAME = b"authentication-results"
MAX_TEXT = 200  # characters of one value or reason
MAX_TOLD = 150  # characters of one result in the event log
MAX_BEFORE_NAME = 4096  # octets of a field that are looked at for its name
_WIDTH = 76

_TOKEN = re.compile(r"[A-Za-z0-9!#$%&'*+\-.^_`{|}~]+")
_VALUE = re.compile(r"(?:[A-Za-z0-9!#$%&'*+/=?^_`{|}~\-.]*@)?[A-Za-z0-9\-._:]+")
_NOT_TEXT = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]")
_AUTHSERV_ID = re.compile(rb'[ \t\r\n]*(?:"((?:[^"\\]|\\.)*)"|([^ \t\r\n;]*))', re.S)
_ESCAPE = re.compile(r'(["\\])')


def results_field(authserv_id: str, checks: Sequence[Check]) -> bytes:
    """The field with CRLF, a check a line (§2.2)."""
    statements = [_statement(one) for one in checks] or [["none"]]
    lines = [f"Authentication-Results: {_token(authserv_id)}"]
    for words in statements:
        lines[-1] += ";"
        lines += _filled(words)
    return "".join(f"{line}\r\n" for line in lines).encode()


def without_forged(header: bytes, ids: Collection[str]) -> bytes:
    """The header section without Authentication-Results of these names (lower case), which only we may use (§5).

    Those that name nobody go too.
    """
    kept, position = [], 0
    for one in find_fields(header):
        if one.name.lower() == NAME and _authserv_id(one.value) in {"", *ids}:
            kept.append(header[position : one.start])
            position = one.end
    return b"".join([*kept, header[position:]]) if position else header


def told(verdict: Verdict) -> dict[str, Any]:
    """A verdict as the event log keeps it: every result with its reason, cut to what fits into an event."""
    return {
        "action": verdict.action.value,
        "score": verdict.score,
        "reasons": [reason[:MAX_TOLD] for reason in verdict.reasons],
        "results": [_summary(one)[:MAX_TOLD] for one in verdict.checks],
    }


def _summary(check: Check) -> str:
    value = check.properties[0][1] if check.properties else ""
    return " ".join(part for part in (f"{check.method}={check.result}", value, check.reason) if part)


def _authserv_id(value: bytes) -> str:
    """Whose results these are; "" if nothing tells it soon enough."""
    matched = _AUTHSERV_ID.match(strip_comments(value[:MAX_BEFORE_NAME]))
    name = (matched[1] or matched[2]) if matched else b""
    return re.sub(rb"\\(.)", rb"\1", name or b"").decode("utf-8", "replace").rstrip(".").lower()


def _statement(check: Check) -> list[str]:
    """The words of one result (§2.2: resinfo)."""
    words = [f"{_token(check.method)}={_token(check.result)}"]
    if check.reason:
        words.append(f"reason={_quoted(check.reason)}")
    return words + [f"{name}={_value(value)}" for name, value in check.properties]


def _filled(words: Sequence[str]) -> list[str]:
    """The words on folded lines."""
    lines = [f" {words[0]}"]
    for word in words[1:]:
        if len(lines[-1]) + len(word) + 1 > _WIDTH:
            lines.append(f"  {word}")
        else:
            lines[-1] += f" {word}"
    return lines


def _token(text: str) -> str:
    return text if _TOKEN.fullmatch(text) else _quoted(text)


def _value(text: str) -> str:
    return text if len(text) <= MAX_TEXT and _VALUE.fullmatch(text) else _quoted(text)


def _quoted(text: str) -> str:
    return '"' + _ESCAPE.sub(r"\\\1", _NOT_TEXT.sub("?", text[:MAX_TEXT])) + '"'
