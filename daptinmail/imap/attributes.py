"""Fetch attributes that the index answers: the column of each, and how its value is sent."""

from collections.abc import Callable, Mapping
from datetime import date
from functools import lru_cache
from typing import Any

from attrs import evolve, frozen

from daptinmail.imap.grammar import MONTHS
from daptinmail.mail.imapdata import string

DAY = 86_400_000  # milliseconds
EPOCH = 719_163  # the day 1970-01-01 as ``date.toordinal`` counts


@frozen
class Rendering:
    """How the value of a ``column`` is sent: ``form`` takes what ``render`` makes of it, or the value as it is."""

    column: str
    form: bytes
    render: Callable[[Any], bytes] | None = None

    def of(self, value: Any) -> bytes:
        """One value, ready to send."""
        return self.form % (value if self.render is None else self.render(value))


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
    return b"NIL" if milliseconds is None else b'"%b"' % date_time(milliseconds)


def _thread_id(octets: bytes | None) -> bytes:
    return b"NIL" if octets is None else b"(T%b)" % octets.hex().encode("ascii")


def _classic(structure: bytes) -> bytes:
    """RFC 3501 knows no message with an envelope but message/rfc822 (RFC 9755 §6)."""
    return structure.replace(b'("message" "global" ', b'("message" "rfc822" ')


MODERN: Mapping[bytes, Rendering] = {
    b"INTERNALDATE": Rendering("internal_date", b'INTERNALDATE "%b"', date_time),
    b"RFC822.SIZE": Rendering("size", b"RFC822.SIZE %d"),
    b"ENVELOPE": Rendering("envelope", b"ENVELOPE %b"),
    b"BODY": Rendering("body", b"BODY %b"),
    b"BODYSTRUCTURE": Rendering("bodystructure", b"BODYSTRUCTURE %b"),
    b"PREVIEW": Rendering("preview", b"PREVIEW %b", string),  # RFC 8970 §3
    b"SAVEDATE": Rendering("saved_at", b"SAVEDATE %b", _save_date),  # RFC 8514 §4.2
    b"EMAILID": Rendering("email_id", b"EMAILID (M%b)", lambda octets: octets.hex().encode("ascii")),  # RFC 8474 §5.1
    b"THREADID": Rendering("thread_id", b"THREADID %b", _thread_id),  # RFC 8474 §5.2
}
"""For clients that have enabled IMAP4rev2 or UTF8=ACCEPT."""

CLASSIC: Mapping[bytes, Rendering] = {
    **MODERN,
    **{name: evolve(MODERN[name], render=_classic) for name in (b"BODY", b"BODYSTRUCTURE")},
}
"""For all others."""
