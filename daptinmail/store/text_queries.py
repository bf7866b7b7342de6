"""What the text index is asked, on a connection that reads it and the mail (``mail_db``). In pool threads.

A mailbox is read in the order of ``mail_box_id, content_id``: each plan costs what it finds, or the mailbox, never all
mail; the runs of three characters only narrow, the text decides.
"""

import sqlite3
from array import array
from collections.abc import Sequence

from attrs import frozen

from daptinmail.errors import NotFound
from daptinmail.interfaces.search import BodyContains, Found, HeaderContains, IndexCriterion, SentDate
from daptinmail.store.search_columns import days_of
from daptinmail.store.text import field_name, line_holds, needle_of

FEW = 500
"""So many messages are looked at one by one."""

SMALL = 32
"""In a mailbox that has less than one in so many contents of the server, the messages are looked at one by one."""

MOST_GRAMS = 16
"""More would not narrow much."""

_HEAD_COLUMNS = {b"subject": "subject", b"from": '"from"', b"to": '"to"', b"cc": "cc", b"bcc": "bcc"}

_EACH = """
    SELECT m.uid, i.id IS NULL{extra} FROM mail_db.mail AS m LEFT JOIN {table} AS i ON i.id = m.content_id
    WHERE m.mail_box_id = ? AND (i.id IS NULL OR {condition}){only}
"""
_NARROWED = """
    SELECT m.uid, 0{extra} FROM grams CROSS JOIN mail_db.mail AS m CROSS JOIN text AS i
    WHERE grams MATCH ? AND m.mail_box_id = ? AND m.content_id = grams.rowid AND i.id = grams.rowid AND {condition}
"""
_NEW = "SELECT uid FROM mail_db.mail WHERE mail_box_id = ? AND content_id > (SELECT mark FROM state)"
_PENDING = "SELECT uid FROM pending CROSS JOIN mail_db.mail ON content_id = pending.id WHERE mail_box_id = ?"
_SIZES = "SELECT mark, message_count FROM state JOIN mail_db.mail_box WHERE id = ?"


@frozen
class Condition:
    """What is asked of a row of ``table``; ``grams`` are texts that the row has all of."""

    table: str
    sql: str
    values: tuple[str | int, ...] = ()
    grams: tuple[str, ...] = ()
    line: tuple[str, str] | None = None
    """The name of a field and what it must hold: of this ``sql`` is not sure."""


def find(
    connection: sqlite3.Connection,
    mailbox_id: int,
    criterion: IndexCriterion,
    uids: Sequence[int] | None,
    has_grams: bool,
) -> Found:
    """What is known of a mailbox, or of the messages ``uids`` in it. Raises ``NotFound``."""
    sizes = connection.execute(_SIZES, (mailbox_id,)).fetchone()
    if sizes is None:
        raise NotFound("No such mailbox")
    mark, count = sizes
    condition = condition_of(criterion)
    match = match_of(condition.grams) if has_grams else ""
    few = uids is not None and len(uids) <= FEW
    if not match or few or count * SMALL < mark:
        found = _each(connection, mailbox_id, condition, uids if few else None)
    else:
        found = _narrowed(connection, mailbox_id, condition, match)
    return ascending(found, None if few else uids)


def ascending(found: Found, uids: Sequence[int] | None) -> Found:
    """In the order of UIDs; only those among ``uids`` if given."""
    if uids is None:
        return Found(array("Q", sorted(found.uids)), array("Q", sorted(found.unknown)))
    wanted = set(uids)
    return Found(*(array("Q", sorted(wanted.intersection(some))) for some in (found.uids, found.unknown)))


def condition_of(criterion: IndexCriterion) -> Condition:
    """The criterion in SQL."""
    if isinstance(criterion, SentDate):
        return _sent(criterion)
    needle = needle_of(criterion.text)
    line, text = needle.line, needle.text
    if isinstance(criterion, BodyContains):
        return Condition("text", "instr(i.body, ?)", (text,), (text,)) if text else Condition("text", "1")
    if not isinstance(criterion, HeaderContains):
        anywhere = "(instr(i.header, ?) OR instr(i.mime, ?) OR instr(i.body, ?))"
        grams = (text,) if text == line else ()
        return Condition("text", anywhere, (line, line, text), grams) if text else Condition("text", "1")
    column = _HEAD_COLUMNS.get(criterion.field)
    if column:
        return (
            Condition("head", f"instr(i.{column}, ?)", (line,)) if line else Condition("head", f"i.{column} NOT NULL")
        )
    name = field_name(criterion.field)
    key = f"\n{name}: "
    if not line:
        return Condition("text", "instr(i.header, ?)", (key,), (key,))
    both = "instr(i.header, ?) AND instr(i.header, ?)"
    return Condition("text", both, (key, line), (key, line), (name, line))


def _sent(criterion: SentDate) -> Condition:
    bounds = [(">=", criterion.since), ("<", criterion.before)]
    asked = [(f"i.sent_day {sign} ?", days_of(day)) for sign, day in bounds if day is not None]
    sql = " AND ".join(["i.sent_day NOT NULL", *(one for one, _ in asked)])
    return Condition("head", sql, tuple(days for _, days in asked))


def match_of(texts: Sequence[str]) -> str:
    """The query for rows that have all of ``texts``, by their runs of three characters; "" if there are none."""
    grams = list(dict.fromkeys(text[at : at + 3] for text in texts for at in range(len(text) - 2)))
    step = max(1, len(grams) // MOST_GRAMS)
    return " ".join('"' + gram.replace('"', '""') + '"' for gram in grams[::step])


def _each(connection: sqlite3.Connection, mailbox_id: int, condition: Condition, uids: Sequence[int] | None) -> Found:
    """Look at every message, or at ``uids``."""
    only = "" if uids is None else f" AND m.uid IN ({', '.join('?' * len(uids))})"
    extra = ", i.header" if condition.line else ""
    statement = _EACH.format(table=condition.table, condition=condition.sql, only=only, extra=extra)
    return _sorted_out(connection.execute(statement, (mailbox_id, *condition.values, *(uids or ()))), condition)


def _narrowed(connection: sqlite3.Connection, mailbox_id: int, condition: Condition, match: str) -> Found:
    """Look at the messages that have all runs of three characters."""
    statement = _NARROWED.format(condition=condition.sql, extra=", i.header" if condition.line else "")
    found = _sorted_out(connection.execute(statement, (match, mailbox_id, *condition.values)), condition)
    for unknown in (_NEW, _PENDING):
        found.unknown.extend(row[0] for row in connection.execute(unknown, (mailbox_id,)))
    return found


def _sorted_out(rows: sqlite3.Cursor, condition: Condition) -> Found:
    """Rows ``(uid, is unknown[, header])``."""
    found = Found(array("Q"), array("Q"))
    for uid, unknown, *header in rows:
        if unknown:
            found.unknown.append(uid)
        elif condition.line is None or line_holds(header[0], *condition.line):
            found.uids.append(uid)
    return found
