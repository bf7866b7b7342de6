"""Criteria that columns decide. In reader threads."""

from array import array
from collections.abc import Sequence
from datetime import UTC, date, datetime, time
from typing import Any

from sqlalchemy import ColumnElement, Connection, select

from daptinmail.db.schema import mail, mail_content
from daptinmail.db.types import EPOCH
from daptinmail.interfaces.search import (
    Criterion,
    EmailId,
    InternalDate,
    Moment,
    SavedAt,
    SentDate,
    Size,
    ThreadId,
)
from daptinmail.store.messages import rows_of
from daptinmail.store.rows import folder_by_id

_content = mail_content.c
_UIDS = select(mail.c.uid)
_CONTENTS = _UIDS.join_from(mail, mail_content, _content.id == mail.c.content_id)


def by_columns(
    connection: Connection, mailbox_id: int, criterion: Criterion, uids: Sequence[int] | None
) -> "array[int]":
    """The UIDs of the messages that meet ``criterion``, ascending."""
    folder_by_id(connection, mailbox_id)
    of_content = isinstance(criterion, SentDate | EmailId | ThreadId)
    statement = (_CONTENTS if of_content else _UIDS).where(*_conditions(criterion))
    return array("Q", [row[0] for row in rows_of(connection, statement, mailbox_id, uids)])


def _conditions(criterion: Criterion) -> "list[ColumnElement[bool]]":
    match criterion:
        case InternalDate(since, before):
            return _between(mail.c.internal_date, since, before)
        case SavedAt(since, before):
            return _between(mail.c.saved_at, since, before)
        case Size(larger, smaller):
            more = [] if larger is None else [mail.c.size > larger]
            return more if smaller is None else [*more, mail.c.size < smaller]
        case SentDate(since, before):
            return _days(since, before)
        case EmailId(wanted):
            return [_content.email_id == wanted]
        case ThreadId(wanted):
            return [_content.thread_id == wanted]
        case _:
            raise TypeError(criterion)


def _between(column: Any, since: Moment | None, before: Moment | None) -> "list[ColumnElement[bool]]":
    later = [] if since is None else [column >= instant(since)]
    return later if before is None else [*later, column < instant(before)]


def _days(since: date | None, before: date | None) -> "list[ColumnElement[bool]]":
    later: list[ColumnElement[bool]] = [_content.sent_day.is_not(None)]
    if since is not None:
        later.append(_content.sent_day >= days_of(since))
    return later if before is None else [*later, _content.sent_day < days_of(before)]


def days_of(day: date) -> int:
    """Days since the epoch."""
    return (day - EPOCH.date()).days


def instant(moment: Moment) -> datetime:
    """A day is its first moment in UTC."""
    return moment if isinstance(moment, datetime) else datetime.combine(moment, time(), UTC)
