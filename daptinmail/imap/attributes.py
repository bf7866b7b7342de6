"""Fetch attributes that the index answers: the column of each, and how its value is sent."""

from collections.abc import Callable, Mapping
from datetime import date
from functools import lru_cache
from typing import Any

from daptinmail.imap.grammar import MONTHS
from daptinmail.mail.imapdata import string

DAY = 86_400_000  # milliseconds
EPOCH = 719_163  # the day 1970-01-01 as ``date.toordinal`` counts

Rendering = tuple[str, Callable[[Any], bytes]]


def date_time(milliseconds: int) -> bytes:
    """RFC 3501 §9 ``date-time``, without its quotes, in UTC."""
    day, rest = divmod(milliseconds, DAY)
    seconds = rest // 1000
    return b"%b %02d:%02d:%02d +0000" % (_day(day), seconds // 3600, seconds // 60 % 60, seconds % 60)


@lru_cache(maxsize=4096)
def _day(number: int) -> bytes:
    moment = date.fromordinal(EPOCH + number)
    return b"%2d-%b-%04d" % (moment.day, MONTHS[moment.month - 1].capitalize(), moment.year)


def _save_date(milliseconds: int | None) -> bytes:
    return b"SAVEDATE NIL" if milliseconds is None else b'SAVEDATE "%b"' % date_time(milliseconds)


def _thread_id(octets: bytes | None) -> bytes:
    return b"THREADID NIL" if octets is None else b"THREADID (T%b)" % octets.hex().encode("ascii")


def _classic(structure: bytes) -> bytes:
    """RFC 3501 knows no message with an envelope but message/rfc822 (RFC 9755 §6)."""
    return structure.replace(b'("message" "global" ', b'("message" "rfc822" ')


MODERN: Mapping[bytes, Rendering] = {
    b"INTERNALDATE": ("internal_date", lambda moment: b'INTERNALDATE "%b"' % date_time(moment)),
    b"RFC822.SIZE": ("size", b"RFC822.SIZE %d".__mod__),
    b"ENVELOPE": ("envelope", b"ENVELOPE ".__add__),
    b"BODY": ("body", b"BODY ".__add__),
    b"BODYSTRUCTURE": ("bodystructure", b"BODYSTRUCTURE ".__add__),
    b"PREVIEW": ("preview", lambda text: b"PREVIEW " + string(text)),  # RFC 8970 §3
    b"SAVEDATE": ("saved_at", _save_date),  # RFC 8514 §4.2
    b"EMAILID": ("email_id", lambda octets: b"EMAILID (M%b)" % octets.hex().encode("ascii")),  # RFC 8474 §5.1
    b"THREADID": ("thread_id", _thread_id),  # RFC 8474 §5.2
}
"""For clients that have enabled IMAP4rev2 or UTF8=ACCEPT."""

CLASSIC: Mapping[bytes, Rendering] = {
    **MODERN,
    b"BODY": ("body", lambda structure: b"BODY " + _classic(structure)),
    b"BODYSTRUCTURE": ("bodystructure", lambda structure: b"BODYSTRUCTURE " + _classic(structure)),
}
"""For all others."""
