"""Arguments of SELECT and STORE, and the modifiers of FETCH (RFC 4466 §2): pure functions from a cursor to values."""

import re

from attrs import evolve

from daptinmail.errors import Malformed
from daptinmail.imap.answers import Declined
from daptinmail.imap.cursor import Cursor
from daptinmail.imap.grammar import flags_to_store, mailbox, sequence_set
from daptinmail.imap.search_partial import partial
from daptinmail.imap.sequences import SequenceSet, parse_sequence_set
from daptinmail.imap.values import FetchModifiers, Resync, Select, Store
from daptinmail.interfaces.messages import FlagMode

MODSEQ = re.compile(rb"[0-9]{1,19}(?![0-9])")
LARGEST_MODSEQ = (1 << 63) - 1
"""RFC 7162 §7 ``mod-sequence-value``."""

RANGES = re.compile(rb"[0-9:,]+")
"""A sequence set that may have no ``*`` (RFC 7162 §7 ``known-uids``)."""


def modseq(cursor: Cursor) -> int:
    """0 to 9,223,372,036,854,775,807 (RFC 7162 §7 ``mod-sequence-valzer``)."""
    value = int(cursor.take(MODSEQ, "a mod-sequence"))
    if value > LARGEST_MODSEQ:
        raise Malformed("Mod-sequence too large")
    return value


def select(cursor: Cursor) -> Select:
    """SELECT and EXAMINE."""
    cursor.space()
    arguments = _named(cursor)
    if cursor.skip(b" "):
        cursor.expect(b"(")
        arguments = _select_parameter(cursor, arguments)
        while not cursor.skip(b")"):
            cursor.space()
            arguments = _select_parameter(cursor, arguments)
    cursor.end()
    return arguments


def _named(cursor: Cursor) -> Select:
    try:
        return Select(mailbox(cursor))
    except Declined as refusal:  # a SELECT that fails leaves nothing selected (RFC 3501 §6.3.1): that comes first
        return Select("", refusal=refusal)


def _select_parameter(cursor: Cursor, arguments: Select) -> Select:
    name = cursor.keyword()
    if name == b"CONDSTORE" and not arguments.condstore:
        return evolve(arguments, condstore=True)
    if name == b"QRESYNC" and arguments.resync is None:
        cursor.expect(b" (")
        return evolve(arguments, resync=_resync(cursor))
    raise Malformed("Unknown parameter")


def _resync(cursor: Cursor) -> Resync:
    """``uidvalidity modseq known-uids (numbers uids))``, the last two optional (RFC 7162 §3.2.5)."""
    uidvalidity = cursor.number()
    cursor.space()
    since = modseq(cursor)
    known = samples = None
    if cursor.skip(b" ") and not cursor.looking_at(b"("):
        known = _ranges(cursor)
        if not cursor.looking_at(b")"):
            cursor.space()
    if cursor.skip(b"("):
        numbers = _ranges(cursor)
        cursor.space()
        samples = numbers, _ranges(cursor)
        cursor.expect(b")")
    cursor.expect(b")")
    if not uidvalidity or not since:
        raise Malformed("UIDVALIDITY and mod-sequence are never zero")
    return Resync(uidvalidity, since, known, samples)


def _ranges(cursor: Cursor) -> SequenceSet:
    return parse_sequence_set(cursor.take(RANGES, "a set of numbers"))


def fetch_modifiers(cursor: Cursor) -> FetchModifiers:
    """``(modifier modifier ...)``, perhaps missing (RFC 7162 §3.1.4.1 and §3.2.6, RFC 9394 §3.3)."""
    modifiers = FetchModifiers()
    if not cursor.skip(b" ("):
        return modifiers
    modifiers = _fetch_modifier(cursor, modifiers)
    while not cursor.skip(b")"):
        cursor.space()
        modifiers = _fetch_modifier(cursor, modifiers)
    if modifiers.vanished and modifiers.changed_since is None:
        raise Malformed("VANISHED needs CHANGEDSINCE")
    return modifiers


def _fetch_modifier(cursor: Cursor, modifiers: FetchModifiers) -> FetchModifiers:
    name = cursor.keyword()
    if name == b"VANISHED" and not modifiers.vanished:
        return evolve(modifiers, vanished=True)
    if name == b"CHANGEDSINCE" and modifiers.changed_since is None:
        cursor.space()
        return evolve(modifiers, changed_since=modseq(cursor))
    if name == b"PARTIAL" and modifiers.partial is None:
        cursor.space()
        return evolve(modifiers, partial=partial(cursor))
    raise Malformed("Unknown modifier")


def store(cursor: Cursor) -> Store:
    """STORE."""
    cursor.space()
    messages = sequence_set(cursor)
    cursor.space()
    unchanged_since = _unchanged_since(cursor) if cursor.skip(b"(") else None
    mode = FlagMode.ADD if cursor.skip(b"+") else FlagMode.REMOVE if cursor.skip(b"-") else FlagMode.REPLACE
    item = cursor.keyword()
    if item not in {b"FLAGS", b"FLAGS.SILENT"}:
        raise Malformed("STORE knows FLAGS and FLAGS.SILENT")
    cursor.space()
    flags = flags_to_store(cursor)
    cursor.end()
    return Store(messages, mode, flags, item == b"FLAGS.SILENT", unchanged_since)


def _unchanged_since(cursor: Cursor) -> int:
    """``UNCHANGEDSINCE modseq)`` and a space (RFC 7162 §3.1.3)."""
    if cursor.keyword() != b"UNCHANGEDSINCE":
        raise Malformed("Unknown modifier")
    cursor.space()
    value = modseq(cursor)
    cursor.expect(b") ")
    return value
