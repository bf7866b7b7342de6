"""Arguments of commands: pure functions from a cursor to values. FETCH and SEARCH have modules of their own."""

import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta, timezone
from typing import TypeVar

from daptinmail.errors import Malformed
from daptinmail.imap.answers import no
from daptinmail.imap.cursor import Cursor
from daptinmail.imap.limits import KEYWORD_LENGTH, KEYWORDS_PER_COMMAND
from daptinmail.imap.names import decode_name
from daptinmail.imap.sequences import TOKEN, SequenceSet, parse_sequence_set
from daptinmail.imap.values import (
    Copy,
    Credentials,
    Sasl,
)
from daptinmail.interfaces.messages import Flags

T = TypeVar("T")

MONTHS = (b"JAN", b"FEB", b"MAR", b"APR", b"MAY", b"JUN", b"JUL", b"AUG", b"SEP", b"OCT", b"NOV", b"DEC")
DATE_TIME = re.compile(
    rb"([ 0-9]?[0-9])-([a-z]{3})-([0-9]{4}) ([0-9]{2}):([0-9]{2}):([0-9]{2}) ([+-])([0-9]{2})([0-9]{2})", re.IGNORECASE
)
SYSTEM_FLAGS = (rb"\Answered", rb"\Flagged", rb"\Deleted", rb"\Seen", rb"\Draft")
SYSTEM_FLAG_BY_NAME = {flag.upper(): flag for flag in SYSTEM_FLAGS}


def nothing(cursor: Cursor) -> None:
    """No arguments."""
    cursor.end()


def only(parse: Callable[[Cursor], T]) -> Callable[[Cursor], T]:
    """A command whose whole argument is what ``parse`` reads after one space."""

    def arguments(cursor: Cursor) -> T:
        cursor.space()
        value = parse(cursor)
        cursor.end()
        return value

    return arguments


def mailbox(cursor: Cursor) -> str:
    """A mailbox name."""
    name = decode_name(cursor.astring(), cursor.utf8)
    if not name:
        raise no(b"A mailbox name may not be empty", b"CANNOT")
    return name


def sequence_set(cursor: Cursor) -> SequenceSet:
    """A sequence set."""
    return parse_sequence_set(cursor.take(TOKEN, "a sequence set"))


def parenthesized(cursor: Cursor, item: Callable[[Cursor], T], empty: bool = False) -> list[T]:
    """``(item item ...)``."""
    cursor.expect(b"(")
    items: list[T] = []
    if empty and cursor.skip(b")"):
        return items
    items.append(item(cursor))
    while not cursor.skip(b")"):
        cursor.space()
        items.append(item(cursor))
    return items


def flag(cursor: Cursor) -> bytes:
    """A system flag in its one spelling, or a keyword."""
    if cursor.skip(b"\\"):
        name = b"\\" + cursor.keyword()
        if name not in SYSTEM_FLAG_BY_NAME:
            raise Malformed("Unknown or unsettable system flag")
        return SYSTEM_FLAG_BY_NAME[name]
    return keyword_flag(cursor)


def keyword_flag(cursor: Cursor) -> bytes:
    """A keyword (RFC 3501 §2.3.2)."""
    name = cursor.atom()
    if len(name) > KEYWORD_LENGTH:
        raise no(b"Keyword too long", b"LIMIT")
    return name


def flag_list(cursor: Cursor) -> Flags:
    """``(flag ...)``, perhaps empty."""
    return _bounded(parenthesized(cursor, flag, empty=True))


def _bounded(flags: list[bytes]) -> Flags:
    if len(flags) > KEYWORDS_PER_COMMAND:
        raise no(b"Too many keywords", b"LIMIT")
    return frozenset(flags)


def date_time(text: bytes) -> datetime:
    """``17-Jul-1996 02:44:25 -0700``."""
    match = DATE_TIME.fullmatch(text)
    if match is None or match.group(2).upper() not in MONTHS:
        raise Malformed("Malformed date-time")
    day, year, hour, minute, second = (int(match.group(index)) for index in (1, 3, 4, 5, 6))
    offset = timedelta(hours=int(match.group(8)), minutes=int(match.group(9)))
    zone = timezone(-offset if match.group(7) == b"-" else offset) if timedelta(0) < offset < timedelta(days=1) else UTC
    try:
        moment = datetime(
            year, MONTHS.index(match.group(2).upper()) + 1, day, hour, minute, min(second, 59), tzinfo=zone
        )
        moment.astimezone(UTC)
    except (ValueError, OverflowError):
        raise Malformed("No such date") from None
    return moment


def flags_to_store(cursor: Cursor) -> Flags:
    """A flag list, with or without its parentheses (RFC 9051 §9 ``store-att-flags``)."""
    if cursor.looking_at(b"("):
        return flag_list(cursor)
    flags = [flag(cursor)]
    while cursor.skip(b" "):
        flags.append(flag(cursor))
    return _bounded(flags)


def copy(cursor: Cursor) -> Copy:
    """COPY and MOVE."""
    cursor.space()
    messages = sequence_set(cursor)
    cursor.space()
    target = mailbox(cursor)
    cursor.end()
    return Copy(messages, target)


def login(cursor: Cursor) -> Credentials:
    """LOGIN."""
    cursor.space()
    username = cursor.astring()
    cursor.space()
    password = cursor.astring()
    cursor.end()
    return Credentials(username, password)


def authenticate(cursor: Cursor) -> Sasl:
    """AUTHENTICATE, perhaps with an initial response (RFC 4959)."""
    cursor.space()
    mechanism = cursor.keyword()
    initial = cursor.take(re.compile(rb"[A-Za-z0-9+/=]+"), "base64") if cursor.skip(b" ") else None
    cursor.end()
    return Sasl(mechanism, initial)


def capabilities(cursor: Cursor) -> list[bytes]:
    """ENABLE."""
    cursor.space()
    names = [cursor.keyword()]
    while cursor.skip(b" "):
        names.append(cursor.keyword())
    cursor.end()
    return names


def client_id(cursor: Cursor) -> dict[bytes, bytes | None]:
    """ID: at most 30 pairs (RFC 2971 §3.3)."""
    cursor.space()
    if not cursor.looking_at(b"("):
        if cursor.nstring() is not None:
            raise Malformed("Expected a list or NIL")
        cursor.end()
        return {}
    pairs = parenthesized(cursor, _id_pair, empty=True)
    cursor.end()
    if len(pairs) > 30:
        raise Malformed("Too many fields")
    return dict(pairs)


def _id_pair(cursor: Cursor) -> tuple[bytes, bytes | None]:
    name = cursor.string()
    cursor.space()
    value = cursor.nstring()
    if len(name) > 30 or len(value or b"") > 1024:
        raise Malformed("Field too long")
    return name, value
