"""``IMessageStore.find`` in memory: every message is looked at."""

from datetime import UTC, date, datetime, time, timedelta

from daptinmail.db.types import EPOCH
from daptinmail.interfaces.search import (
    BodyContains,
    Criterion,
    EmailId,
    HeaderContains,
    InternalDate,
    Moment,
    SavedAt,
    SearchText,
    SentDate,
    Size,
    TextContains,
    ThreadId,
)
from daptinmail.mail.header import header_end
from daptinmail.mail.structure import pack_parts, parse_structure, unpack_parts
from daptinmail.store.text import holds, search_text
from tests.support.memory_box import Message


def meets(message: Message, criterion: Criterion) -> bool:
    """Whether a message meets one criterion."""
    match criterion:
        case HeaderContains() | BodyContains() | TextContains():
            return holds(text_of(message.content), criterion)
        case InternalDate(since, before):
            return between(message.internal_date, since, before)
        case SavedAt(since, before):
            return between(message.saved_at, since, before)
        case SentDate(since, before):
            day = sent_day(message)
            return day is not None and (since is None or day >= since) and (before is None or day < before)
        case Size(larger, smaller):
            size = len(message.content)
            return (larger is None or size > larger) and (smaller is None or size < smaller)
        case EmailId(wanted):
            return message.email_id == wanted
        case ThreadId(wanted):
            return message.thread_id == wanted


def text_of(content: bytes) -> SearchText:
    """All text of a content."""
    parts = unpack_parts(pack_parts(parse_structure(content)))
    header = content[: header_end(content)]
    return search_text(header, parts, lambda offset, size: content[offset : offset + size])


def between(when: datetime, since: Moment | None, before: Moment | None) -> bool:
    """Whether a moment lies within."""
    return (since is None or when >= instant(since)) and (before is None or when < instant(before))


def instant(moment: Moment) -> datetime:
    """A day is its first moment."""
    return moment if isinstance(moment, datetime) else datetime.combine(moment, time(), UTC)


def sent_day(message: Message) -> date | None:
    """The day in the Date field as written."""
    days = message.column("sent_day")
    return EPOCH.date() + timedelta(days=days) if isinstance(days, int) else None
