"""Flags: canonical spelling, limits, and the text of the ``mail.flags`` column. Pure.

The column holds flags joined by commas, as Daptin's does; a comma inside a keyword is written ``%2C``, which is
unambiguous because ``%`` may not occur in a flag (RFC 9051 §9, atom-specials).
"""

import re
from collections.abc import Iterable
from functools import lru_cache

from daptinmail.errors import Invalid
from daptinmail.interfaces.messages import FlagMode, Flags

SEEN = rb"\Seen"
DELETED = rb"\Deleted"
ANSWERED = rb"\Answered"
FLAGGED = rb"\Flagged"
DRAFT = rb"\Draft"
SYSTEM_FLAGS = (SEEN, ANSWERED, FLAGGED, DELETED, DRAFT)
RECENT = rb"\Recent"

MAX_KEYWORDS = 100  # on one message
MAX_KEYWORD = 100  # octets

_SPELLING = {flag.lower(): flag for flag in SYSTEM_FLAGS}
_ATOM = re.compile(rb'[^\x00-\x20(){%*"\\\]\x7f-\xff]+')
_RANK = {flag: rank for rank, flag in enumerate(SYSTEM_FLAGS)}


def canonical(flags: Iterable[bytes]) -> Flags:
    r"""Flags in their canonical spelling, each keyword once; ``\Recent`` is the server's and is left out.

    Raises:
        Invalid: an unknown system flag, a keyword that is no atom or too long, too many of them.
    """
    found: dict[bytes, bytes] = {}
    for flag in flags:
        key = flag.lower()
        if key in _SPELLING:
            found[key] = _SPELLING[key]
        elif key == RECENT.lower():
            continue
        elif len(flag) > MAX_KEYWORD or not _ATOM.fullmatch(flag):
            raise Invalid("No such flag, or not a keyword")
        else:
            found.setdefault(key, flag)
    if len(found) > MAX_KEYWORDS:
        raise Invalid("Too many keywords")
    return frozenset(found.values())


def changed(before: Flags, mode: FlagMode, flags: Flags) -> Flags:
    """What STORE makes of ``before``. A keyword that is there already keeps its spelling.

    Raises:
        Invalid: too many keywords.
    """
    spelling = {flag.lower(): flag for flag in before}
    known = {spelling.get(flag.lower(), flag) for flag in flags}
    if mode is FlagMode.REPLACE:
        after = frozenset(known)
    elif mode is FlagMode.ADD:
        after = before | known
    else:
        after = before - known
    if len(after) > MAX_KEYWORDS and len(after) > len(before):
        raise Invalid("Too many keywords")
    return before if after == before else after


@lru_cache(maxsize=4096)
def has_keywords(flags: Flags) -> bool:
    """True if not all are system flags: keywords get their letters in file names later."""
    return any(flag not in _RANK for flag in flags)


@lru_cache(maxsize=4096)
def to_column(flags: Flags) -> str:
    """The column text: system flags first, then keywords in order."""
    ordered = sorted(flags, key=lambda flag: (_RANK.get(flag, len(_RANK)), flag))
    return ",".join(flag.decode("ascii").replace(",", "%2C") for flag in ordered)


@lru_cache(maxsize=4096)
def from_column(text: str) -> Flags:
    """The flags of a column text."""
    return frozenset(flag.replace("%2C", ",").encode("ascii") for flag in text.split(",") if flag)
