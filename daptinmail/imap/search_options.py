"""RETURN (...): what a search should answer (RFC 4466 §2.6.1, RFC 4731 §3.1, RFC 5182, RFC 5267, RFC 9394)."""

import re
from collections.abc import Callable

from attrs import evolve

from daptinmail.errors import Malformed
from daptinmail.imap.cursor import Cursor
from daptinmail.imap.search_values import Partial, Return
from daptinmail.imap.sequences import LARGEST

RETURN = re.compile(rb"RETURN \(", re.IGNORECASE)
RANGE = re.compile(rb"(-?)([1-9][0-9]{0,9}):(-?)([1-9][0-9]{0,9})")
PLAIN: dict[bytes, Callable[[Return], Return]] = {
    b"MIN": lambda wanted: evolve(wanted, min=True),
    b"MAX": lambda wanted: evolve(wanted, max=True),
    b"COUNT": lambda wanted: evolve(wanted, count=True),
    b"ALL": lambda wanted: evolve(wanted, all=True),
    b"SAVE": lambda wanted: evolve(wanted, save=True),
    b"UPDATE": lambda wanted: evolve(wanted, update=True),
    b"CONTEXT": lambda wanted: wanted,  # a hint that needs no heed (RFC 5267 §4.2)
}


def return_options(cursor: Cursor) -> Return | None:
    """``RETURN (option option ...)`` and a space; ``None`` if something else stands here. An empty list means ALL."""
    if cursor.attempt(RETURN) is None:
        return None
    wanted = Return(all=cursor.looking_at(b")"))
    while not cursor.skip(b")"):
        wanted = _option(cursor, wanted)
        if not cursor.looking_at(b")"):
            cursor.space()
            if cursor.looking_at(b")"):
                raise Malformed("Expected a return option")
    cursor.space()
    if wanted.all and wanted.partial:
        raise Malformed("PARTIAL and ALL exclude each other")
    return wanted


def _option(cursor: Cursor, wanted: Return) -> Return:
    name = cursor.keyword()
    if name in PLAIN:
        return PLAIN[name](wanted)
    if name == b"PARTIAL":
        if wanted.partial:
            raise Malformed("One PARTIAL is enough")
        cursor.space()
        return evolve(wanted, partial=partial(cursor))
    raise Malformed("Unknown return option")


def partial(cursor: Cursor) -> Partial:
    """``1:100`` or ``-1:-100``; also FETCH's (RFC 9394 §3.3). Raises ``Malformed`` if only one end is negative."""
    match = RANGE.fullmatch(cursor.take(RANGE, "a range of results"))
    if match is None or match[1] != match[3]:
        raise Malformed("Malformed range of results")
    first, last = int(match[2]), int(match[4])
    if max(first, last) > LARGEST:
        raise Malformed("Number too large")
    return Partial(-first, -last) if match[1] else Partial(first, last)
