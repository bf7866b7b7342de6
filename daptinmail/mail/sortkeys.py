"""What SORT compares of addresses and dates, worked out when a message arrives (RFC 5256 §3, RFC 5957)."""

from calendar import timegm
from datetime import date
from email.utils import parsedate_tz

from daptinmail.mail.addresslist import ListedAddress
from daptinmail.mail.collation import MAX_KEY, casemap
from daptinmail.mail.header import HeaderSection
from daptinmail.mail.words import clean, decode_charset, decode_words

_MAX_WORDS = 1000  # octets of a display name that are decoded
_MAX_DATE = 200
_EPOCH = date(1970, 1, 1).toordinal()
_MAX_ZONE = 24 * 3600


def mailbox_key(header: HeaderSection, name: bytes) -> str:
    """FROM, TO and CC: the mailbox (local part) of the first address; empty if there is none."""
    listed = header.addresses(name)
    return _key(clean(decode_charset((listed[0].mailbox or b"")[:_MAX_WORDS]))) if listed else ""


def display_key(header: HeaderSection, name: bytes) -> str:
    """DISPLAYFROM and DISPLAYTO: what a reader shows of the first address (RFC 5957 §3)."""
    listed = header.addresses(name)
    return _key(_shown(listed[0])) if listed else ""


def _shown(one: ListedAddress) -> str:
    named = one.name if one.host is not None else one.mailbox
    shown = decode_words(named[:_MAX_WORDS]).strip() if named else ""
    return shown or clean(decode_charset(one.spec[:_MAX_WORDS]))


def _key(text: str) -> str:
    return casemap(text[:MAX_KEY])[:MAX_KEY]


def sent(header: HeaderSection) -> tuple[int | None, int | None]:
    """The Date field: milliseconds since the epoch in UTC, and the days since then of the date as written.

    SENTON and its kin disregard time and zone (RFC 9051 §6.4.4). Both ``None`` if there is no date to be read.
    """
    text = (header.first(b"date") or b"")[:_MAX_DATE].decode("latin-1")
    try:
        parsed = parsedate_tz(text)
        if parsed is None:
            return None, None
        day = date(*parsed[:3]).toordinal() - _EPOCH
        hour, minute, second, zone = *parsed[3:6], parsed[9] or 0
    except (ValueError, OverflowError, IndexError, TypeError):
        return None, None
    if not (0 <= hour < 24 and 0 <= minute < 60 and 0 <= second <= 60 and abs(zone) < _MAX_ZONE):
        return day * 86_400_000, day
    return (timegm((*parsed[:6], 0, 0, 0)) - zone) * 1000, day
