"""Arguments of GETMETADATA and SETMETADATA (RFC 5464 §5)."""

import re

from attrs import frozen

from daptinmail.errors import Malformed
from daptinmail.imap.answers import no
from daptinmail.imap.cursor import Cursor
from daptinmail.imap.grammar import parenthesized
from daptinmail.imap.limits import LIST_ENTRIES
from daptinmail.imap.names import decode_name
from daptinmail.interfaces.annotations import MAX_ENTRY, Depth

ENTRY = re.compile(rb"/(?:private|shared)(?:/[^\x00-\x1f\x7f-\xff/*%]+)*", re.IGNORECASE)
OPTIONS_AHEAD = re.compile(rb"(?=\((?:MAXSIZE|DEPTH) )", re.IGNORECASE)
MAXSIZE, DEPTH = b"MAXSIZE", b"DEPTH"


@frozen
class GetMetadata:
    """GETMETADATA. ``mailbox`` "" is the server; ``maxsize`` in octets."""

    mailbox: str
    entries: tuple[str, ...]
    maxsize: int | None = None
    depth: Depth = Depth.ZERO


@frozen
class SetMetadata:
    """SETMETADATA. ``None`` takes an entry away."""

    mailbox: str
    values: dict[str, bytes | None]


def entry(cursor: Cursor) -> str:
    """An entry name in small letters (RFC 5464 §3.2.1)."""
    name = cursor.astring()
    if not ENTRY.fullmatch(name):
        raise Malformed("Not the name of an entry")
    if len(name) > MAX_ENTRY:
        raise no(b"Entry name too long", b"METADATA TOOMANY")
    return name.decode("ascii").lower()


def get_metadata(cursor: Cursor) -> GetMetadata:
    """GETMETADATA. Options stand before the mailbox; before the entries they are taken too (RFC 5464 errata)."""
    cursor.space()
    maxsize, depth = _options(cursor)
    mailbox = decode_name(cursor.astring(), cursor.utf8)
    cursor.space()
    if (maxsize, depth) == (None, Depth.ZERO):
        maxsize, depth = _options(cursor)
    entries = parenthesized(cursor, entry) if cursor.looking_at(b"(") else [entry(cursor)]
    cursor.end()
    if len(entries) > LIST_ENTRIES:
        raise no(b"Too many entries", b"LIMIT")
    return GetMetadata(mailbox, tuple(dict.fromkeys(entries)), maxsize, depth)


def _options(cursor: Cursor) -> tuple[int | None, Depth]:
    """Options with the space after them, if they stand here."""
    maxsize, depth = None, Depth.ZERO
    if cursor.attempt(OPTIONS_AHEAD) is None:
        return maxsize, depth
    for name, value in parenthesized(cursor, _option):
        if name == MAXSIZE and value.isdigit():
            maxsize = int(value)
        elif name == DEPTH and value.lower() in {b"0", b"1", b"infinity"}:
            depth = Depth(value.decode("ascii").lower())
        else:
            raise Malformed("GETMETADATA knows MAXSIZE and DEPTH")
    cursor.space()
    return maxsize, depth


def _option(cursor: Cursor) -> tuple[bytes, bytes]:
    name = cursor.keyword()
    cursor.space()
    value = cursor.atom()
    if len(value) > 10:
        raise Malformed("Number too large")
    return name, value


def set_metadata(cursor: Cursor) -> SetMetadata:
    """SETMETADATA. Of an entry named twice the last value counts."""
    cursor.space()
    mailbox = decode_name(cursor.astring(), cursor.utf8)
    cursor.space()
    pairs = parenthesized(cursor, _pair)
    cursor.end()
    if len(pairs) > LIST_ENTRIES:
        raise no(b"Too many entries", b"METADATA TOOMANY")
    return SetMetadata(mailbox, dict(pairs))


def _pair(cursor: Cursor) -> tuple[str, bytes | None]:
    name = entry(cursor)
    cursor.space()
    return name, _value(cursor)


def _value(cursor: Cursor) -> bytes | None:
    """NIL, a string or a literal8 (RFC 5464 §5)."""
    return cursor.literal(binary=True) if cursor.skip(b"~") else cursor.nstring()
