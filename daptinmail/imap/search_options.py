"""RETURN (...): what a search should answer (RFC 4466 §2.6.1, RFC 4731 §3.1, RFC 5182, RFC 5267, RFC 9394)."""

import re
from collections.abc import Callable

from attrs import evolve

from daptinmail.errors import Malformed
from daptinmail.imap.cursor import Cursor
from daptinmail.imap.fetch_grammar import fetch_item
from daptinmail.imap.grammar import parenthesized
from daptinmail.imap.limits import FETCH_ITEMS
from daptinmail.imap.search_partial import partial
from daptinmail.imap.search_values import Return
from daptinmail.imap.values import FetchItem

RETURN = re.compile(rb"RETURN \(", re.IGNORECASE)
PLAIN: dict[bytes, Callable[[Return], Return]] = {
    b"MIN": lambda wanted: evolve(wanted, min=True),
    b"MAX": lambda wanted: evolve(wanted, max=True),
    b"COUNT": lambda wanted: evolve(wanted, count=True),
    b"ALL": lambda wanted: evolve(wanted, all=True),
    b"SAVE": lambda wanted: evolve(wanted, save=True),
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
    if name == b"UPDATE":
        return evolve(wanted, update=True, fetch=_fetched(cursor))
    raise Malformed("Unknown return option")


def _fetched(cursor: Cursor) -> tuple[FetchItem, ...]:
    """What to tell of messages that come (RFC 5465 §7)."""
    if not cursor.looking_at(b" ("):
        return ()
    cursor.space()
    items = tuple(dict.fromkeys(parenthesized(cursor, fetch_item)))
    if len(items) > FETCH_ITEMS:
        raise Malformed("Too many items")
    return items
