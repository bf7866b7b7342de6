"""Arguments of FETCH (RFC 3501 §9 ``fetch-att``)."""

import re

from daptinmail.errors import Malformed
from daptinmail.imap.attributes import MODERN
from daptinmail.imap.cursor import Cursor
from daptinmail.imap.grammar import parenthesized, sequence_set
from daptinmail.imap.limits import FETCH_FIELDS, FETCH_ITEMS
from daptinmail.imap.modifiers import fetch_modifiers
from daptinmail.imap.values import Attribute, Fetch, FetchItem, Section

IN_VIEW = frozenset({b"FLAGS", b"UID", b"MODSEQ"})
"""What the view of the mailbox answers."""

FAST = tuple(Attribute(name) for name in (b"FLAGS", b"INTERNALDATE", b"RFC822.SIZE"))
ALL = (*FAST, Attribute(b"ENVELOPE"))
MACROS: dict[bytes, tuple[FetchItem, ...]] = {b"FAST": FAST, b"ALL": ALL, b"FULL": (*ALL, Attribute(b"BODY"))}

ATTRIBUTES = IN_VIEW | MODERN.keys()
WHOLE: dict[bytes, Section] = {
    b"RFC822": Section(b"RFC822"),
    b"RFC822.HEADER": Section(b"RFC822.HEADER", text=b"HEADER", peek=True),
    b"RFC822.TEXT": Section(b"RFC822.TEXT", text=b"TEXT"),
}
"""The older names of BODY[], BODY.PEEK[HEADER] and BODY[TEXT] (RFC 3501 §6.4.5)."""

NAME = re.compile(rb"[A-Za-z0-9.]+")
PART = re.compile(rb"[1-9][0-9]{0,8}(?:\.[1-9][0-9]{0,8})*(?=[.\]])")
DEEPEST = 100
BINARIES = frozenset({b"BINARY", b"BINARY.PEEK", b"BINARY.SIZE"})
LAZY = re.compile(rb" (?=\(LAZY[ )])", re.IGNORECASE)
PARTIAL = re.compile(rb"<([0-9]{1,10})\.([1-9][0-9]{0,9})>")
TEXTS = frozenset({b"HEADER", b"TEXT", b"MIME", b"HEADER.FIELDS", b"HEADER.FIELDS.NOT"})


def fetch(cursor: Cursor) -> Fetch:
    """FETCH and UID FETCH."""
    cursor.space()
    messages = sequence_set(cursor)
    cursor.space()
    if cursor.looking_at(b"("):
        items = tuple(parenthesized(cursor, fetch_item))
    else:
        name = cursor.take(NAME, "what to fetch").upper()
        items = MACROS.get(name) or (_named(cursor, name),)
    modifiers = fetch_modifiers(cursor)
    cursor.end()
    items = tuple(dict.fromkeys(items))
    if len(items) > FETCH_ITEMS or sum(len(item.fields) for item in items if isinstance(item, Section)) > FETCH_FIELDS:
        raise Malformed("Too many items")
    return Fetch(messages, items, modifiers)


def fetch_item(cursor: Cursor) -> FetchItem:
    """One item of a list."""
    return _named(cursor, cursor.take(NAME, "what to fetch").upper())


def _named(cursor: Cursor, name: bytes) -> FetchItem:
    if name in {b"BODY", b"BODY.PEEK"} and cursor.skip(b"["):
        return _section(cursor, peek=name == b"BODY.PEEK")
    if name in BINARIES and cursor.skip(b"["):
        return _binary(cursor, name)
    if name == b"PREVIEW" and cursor.attempt(LAZY) is not None:
        _preview_modifiers(cursor)
    if name in WHOLE:
        return WHOLE[name]
    if name not in ATTRIBUTES:
        raise Malformed("Unknown fetch item")
    return Attribute(name)


def _section(cursor: Cursor, peek: bool) -> Section:
    """``part.text (fields)]<first.count>`` after ``BODY[``."""
    part: tuple[int, ...] = ()
    text = b""
    if not cursor.looking_at(b"]"):
        part, text = _part_and_text(cursor)
    fields = _fields(cursor) if text.startswith(b"HEADER.FIELDS") else ()
    cursor.expect(b"]")
    partial = _partial(cursor) if cursor.looking_at(b"<") else None
    return Section(_label(part, text, fields, partial), part, text, fields, partial, peek)


def _binary(cursor: Cursor, name: bytes) -> Section:
    """``part]<first.count>`` after ``BINARY[``, no partial after ``BINARY.SIZE[`` (RFC 3516 §7)."""
    part = _part(cursor)
    cursor.expect(b"]")
    text = name.removesuffix(b".PEEK")
    partial = _partial(cursor) if text == b"BINARY" and cursor.looking_at(b"<") else None
    return Section(_label(part, b"", (), partial, text), part, text, (), partial, peek=name != b"BINARY")


def _preview_modifiers(cursor: Cursor) -> None:
    """Previews are worked out when messages arrive: LAZY makes no difference (RFC 8970 §3.2)."""
    if any(modifier != b"LAZY" for modifier in parenthesized(cursor, Cursor.keyword)):
        raise Malformed("PREVIEW knows LAZY")


def url_section(cursor: Cursor) -> Section:
    """A section as URLs have it, up to a closing bracket (RFC 5092 §11, ``isection``)."""
    section = _section(cursor, peek=True)
    cursor.end()
    return section


def _part_and_text(cursor: Cursor) -> tuple[tuple[int, ...], bytes]:
    part = _part(cursor)
    if part and not cursor.skip(b"."):
        return part, b""
    text = cursor.take(NAME, "a section").upper()
    if text not in TEXTS or (text == b"MIME" and not part):
        raise Malformed("Unknown section")
    return part, text


def _part(cursor: Cursor) -> tuple[int, ...]:
    match = cursor.attempt(PART)
    part = tuple(int(number) for number in match.split(b".")) if match else ()
    if len(part) > DEEPEST:
        raise Malformed("Part number too deep")
    return part


def _fields(cursor: Cursor) -> tuple[bytes, ...]:
    cursor.space()
    return tuple(parenthesized(cursor, Cursor.astring))


def _partial(cursor: Cursor) -> tuple[int, int]:
    match = PARTIAL.fullmatch(cursor.take(re.compile(rb"<[^>]*>"), "a partial range"))
    if match is None:
        raise Malformed("Malformed partial range")
    return int(match.group(1)), int(match.group(2))


def _label(
    part: tuple[int, ...],
    text: bytes,
    fields: tuple[bytes, ...],
    partial: tuple[int, int] | None,
    name: bytes = b"BODY",
) -> bytes:
    """The name that the answer uses: without PEEK, with the origin of a partial (RFC 3501 §7.4.2)."""
    number = b".".join(b"%d" % level for level in part)
    section = b".".join(piece for piece in (number, text) if piece)
    if fields:
        section += b" (%b)" % b" ".join(_astring(name) for name in fields)
    return b"%b[%b]" % (name, section) + (b"" if partial is None else b"<%d>" % partial[0])


def _astring(name: bytes) -> bytes:
    """A field name as an atom if it can be one, else quoted, else as a literal."""
    if re.fullmatch(rb"[A-Za-z0-9!#$&'+,./:;<=>?@^_`|~-]+", name):
        return name
    if re.fullmatch(rb"[\x20-\x7e]*", name):
        return b'"%b"' % name.replace(b"\\", b"\\\\").replace(b'"', b'\\"')
    return b"{%d}\r\n%b" % (len(name), name)
