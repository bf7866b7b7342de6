"""Message-IDs in their normal form, and those that a message refers to (RFC 5256 §2.2)."""

import re

from daptinmail.mail.header import HeaderSection

MAX_ID = 500
"""Octets; a longer id names nothing."""

MAX_REFERENCES = 100
"""Ids that are kept of one message: the first, which began the thread, and the latest."""

_MAX_VALUE = 1 << 16  # octets of a field that are looked at
_ID = re.compile(rb"<([^<>\x00-\x20\x7f]+)>")
_BARE = re.compile(rb"[^<>\x00-\x20\x7f]+")
_QUOTED = re.compile(rb'"([^"]*)"(?=@)')
_PAIR = re.compile(rb"\\([^ ])")


def message_id(header: HeaderSection) -> bytes:
    """The normal form of the Message-ID, without angle brackets; empty if there is none."""
    value = (header.first(b"message-id") or b"")[:_MAX_VALUE]
    found = _ids(value)
    if found:
        return found[0]
    bare = _BARE.match(value)
    return bare[0] if bare is not None and len(bare[0]) <= MAX_ID else b""


def references(header: HeaderSection) -> bytes:
    """The ids that the message refers to, oldest first, joined by blanks: References, else In-Reply-To's first."""
    found = _ids((header.first(b"references") or b"")[:_MAX_VALUE])
    if not found:
        found = _ids((header.first(b"in-reply-to") or b"")[:_MAX_VALUE])[:1]
    if len(found) > MAX_REFERENCES:
        found = [found[0], *found[1 - MAX_REFERENCES :]]
    return b" ".join(found)


def _ids(value: bytes) -> list[bytes]:
    return [one for one in map(_normal, _ID.findall(value)) if one and len(one) <= MAX_ID]


def _normal(one: bytes) -> bytes:
    """Without needless quotes: ``"01KF8JCEOCBS0045PS"@x`` is the same as without (RFC 5256 §2.2)."""
    if b'"' in one:
        one = _QUOTED.sub(rb"\1", one, count=1)
        one = _PAIR.sub(rb"\1", one)
    return one
