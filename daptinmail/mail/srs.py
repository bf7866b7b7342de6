"""The Sender Rewriting Scheme: return-paths of forwarded mail that pass SPF and lead back to the sender.

``SRS0=HHHH=TT=domain=local@forwarder`` for what comes from its own domain, ``SRS1=HHHH=first=rest@forwarder`` for what
an earlier forwarder rewrote, so that notifications go straight to that one. HHHH is a keyed hash, TT the day.
"""

import hmac
import re
from base64 import b32encode
from datetime import UTC, datetime, timedelta
from hashlib import sha256

from daptinmail.mail.address import MAX_LOCAL_PART, Address, BadAddress

LIFETIME = timedelta(days=21)
"""How long notifications may take: longer than any queue."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_DAYS = 1024  # two letters of base32
_LETTERS = "abcdefghijklmnopqrstuvwxyz234567"
_HASH = 8  # letters: 40 bits
_FIRST = re.compile(r"srs0[=+-](?P<hash>[^=]{1,20})=(?P<day>[a-z2-7]{2})=(?P<domain>[^=]+)=(?P<local>.+)", re.I | re.S)
_AGAIN = re.compile(r"srs1[=+-](?P<hash>[^=]{1,20})=(?P<domain>[^=]+)=(?P<rest>[=+-].+)", re.I | re.S)


def rewrite(sender: Address, domain: str, secret: bytes, now: datetime) -> Address:
    """The return-path at ``domain`` that leads back to ``sender``; ``now`` is aware.

    Raises:
        BadAddress: the local part would be longer than RFC 5321 §4.5.3.1.1 lets it be.
    """
    again = _AGAIN.fullmatch(sender.local)
    first = _FIRST.fullmatch(sender.local)
    if again is not None:
        local = _again(again["domain"], again["rest"], secret)
    elif first is not None:
        local = _again(sender.domain, sender.local[4:], secret)
    else:
        day = _day(now)
        local = f"SRS0={_hash(secret, day, sender.domain, sender.local)}={day}={sender.domain}={sender.local}"
    if len(local.encode()) > MAX_LOCAL_PART:
        raise BadAddress("the return-path is too long to be rewritten")
    return Address(local, domain)


def is_rewritten(address: Address) -> bool:
    """Has it the form of a rewritten return-path?"""
    return address.local[:4].lower() in {"srs0", "srs1"} and address.local[4:5] in {"=", "+", "-"}


def restore(address: Address, secret: bytes, now: datetime) -> Address | None:
    """Who is behind a return-path that ``rewrite`` made; ``None`` if it was not, or too long ago.

    The sender itself, or the first forwarder's return-path. Hosts may change the case of the hash (RFC 5321 §2.4).
    """
    first = _FIRST.fullmatch(address.local)
    if first is not None:
        made = _hash(secret, first["day"].lower(), first["domain"], first["local"])
        if not _same(first["hash"], made) or not _is_recent(first["day"].lower(), now):
            return None
        return Address(first["local"], first["domain"])
    again = _AGAIN.fullmatch(address.local)
    if again is not None and _same(again["hash"], _hash(secret, again["domain"], again["rest"])):
        return Address(f"SRS0{again['rest']}", again["domain"])
    return None


def _again(domain: str, rest: str, secret: bytes) -> str:
    return f"SRS1={_hash(secret, domain, rest)}={domain}={rest}"


def _hash(secret: bytes, *parts: str) -> str:
    digest = hmac.digest(secret, "\0".join(parts).lower().encode(), sha256)
    return b32encode(digest)[:_HASH].decode("ascii").lower()


def _same(given: str, made: str) -> bool:
    return hmac.compare_digest(given.lower().encode(), made.encode())


def _day(now: datetime) -> str:
    number = (now - _EPOCH).days % _DAYS
    return _LETTERS[number >> 5] + _LETTERS[number & 31]


def _is_recent(day: str, now: datetime) -> bool:
    number = _LETTERS.index(day[0]) << 5 | _LETTERS.index(day[1])
    return ((now - _EPOCH).days - number) % _DAYS <= LIFETIME.days
