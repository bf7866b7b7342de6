"""Arguments of APPEND and REPLACE. The messages themselves stand as empty literals in the command."""

import re

from daptinmail.errors import Malformed
from daptinmail.imap.cursor import Cursor
from daptinmail.imap.grammar import date_time, flag_list, mailbox
from daptinmail.imap.limits import URLS
from daptinmail.imap.sequences import parse_sequence_set
from daptinmail.imap.values import Append, Arriving, Replace
from daptinmail.interfaces.messages import Flags

_ONE = re.compile(rb"[1-9][0-9]{0,9}(?= )|\*(?= )")
_MORE = re.compile(rb" (?=[^ ])")
_UTF8 = re.compile(rb"UTF8 \(", re.IGNORECASE)
_CATENATE = re.compile(rb"CATENATE \(", re.IGNORECASE)
_TEXT = re.compile(rb"TEXT ", re.IGNORECASE)
_URL = re.compile(rb"URL ", re.IGNORECASE)


def append_target(cursor: Cursor) -> str:
    """The mailbox that APPEND names, before its messages have come."""
    cursor.space()
    return mailbox(cursor)


def replace_target(cursor: Cursor) -> str:
    """The mailbox that REPLACE names."""
    cursor.space()
    cursor.take(_ONE, "a message number")
    return append_target(cursor)


def append(cursor: Cursor) -> Append:
    """APPEND: one message or more (RFC 3502)."""
    target = append_target(cursor)
    cursor.space()
    messages = [_arriving(cursor)]
    while cursor.attempt(_MORE) is not None:
        messages.append(_arriving(cursor))
    cursor.end()
    return Append(target, tuple(messages))


def replace(cursor: Cursor) -> Replace:
    """REPLACE: exactly one message for another."""
    cursor.space()
    number = parse_sequence_set(cursor.take(_ONE, "a message number"))
    target = append_target(cursor)
    cursor.space()
    arriving = _arriving(cursor)
    cursor.end()
    return Replace(number, target, arriving)


def _arriving(cursor: Cursor) -> Arriving:
    flags: Flags = frozenset()
    moment = None
    if cursor.looking_at(b"("):
        flags = flag_list(cursor)
        cursor.space()
    if cursor.looking_at(b'"'):
        moment = date_time(cursor.string())
        cursor.space()
    if cursor.attempt(_CATENATE) is None:
        _message(cursor)
        return Arriving(flags, moment)
    parts = [_part(cursor)]
    while not cursor.skip(b")"):
        cursor.space()
        parts.append(_part(cursor))
    if len(parts) - parts.count(None) > URLS:
        raise Malformed("Too many URLs")
    return Arriving(flags, moment, tuple(parts))


def _part(cursor: Cursor) -> bytes | None:
    """``TEXT literal``, ``URL astring`` or the UTF8 form of a text (RFC 4469 §5, RFC 6855 §4)."""
    if cursor.attempt(_URL) is not None:
        return cursor.astring()
    if cursor.attempt(_TEXT) is None and not cursor.looking_at(b"UTF8"):
        raise Malformed("Expected TEXT or URL")
    _message(cursor)
    return None


def _message(cursor: Cursor) -> None:
    """A literal, a literal8 (RFC 3516 §7), or the latter as ``UTF8 (~{n}...)``."""
    utf8 = cursor.attempt(_UTF8) is not None
    binary = cursor.skip(b"~")
    if utf8 and not binary:
        raise Malformed("UTF8 takes a literal8")
    if cursor.literal():
        raise AssertionError("a message that was not streamed")
    if utf8:
        cursor.expect(b")")
