"""Names of message files. Pure.

``<seconds>.M<microseconds>P<process>Q<count>.<host>,S=<size>,W=<size with CRLF>,U=<uid>,V=<uidvalidity>:2,<letters>``:
a Maildir name (https://cr.yp.to/proto/maildir.html) with the sizes other servers look for, and the UID with the
UIDVALIDITY it belongs to, so that the rows can be made again from the tree.
"""

import re
from collections.abc import Collection, Mapping
from datetime import datetime
from functools import lru_cache

from attrs import frozen

from daptinmail.interfaces.messages import Flags
from daptinmail.store.flags import ANSWERED, DELETED, DRAFT, FLAGGED, SEEN

_LETTERS = {"D": DRAFT, "F": FLAGGED, "R": ANSWERED, "S": SEEN, "T": DELETED}
_FIELD = re.compile(r",([SWUV])=(\d{1,19})(?=,|$)")
_USABLE = re.compile(r"[A-Za-z0-9._=+@-]{1,120}")
SYSTEM = frozenset(_LETTERS.values())
NO_KEYWORDS: Mapping[str, bytes] = {}


@frozen
class FileName:
    """What a name says. ``base`` is the unique part, ``letters`` the info suffix; ``None`` is not said."""

    base: str
    size: int | None = None
    vsize: int | None = None
    uid: int | None = None
    uidvalidity: int | None = None
    letters: str | None = None

    @property
    def flags(self) -> Flags:
        """The system flags of the info suffix."""
        return flags_of(self.letters or "")

    @property
    def usable(self) -> bool:
        """True if the unique part may stand in a name of ours."""
        return _USABLE.fullmatch(self.base) is not None

    def __str__(self) -> str:
        fields = (("S", self.size), ("W", self.vsize), ("U", self.uid), ("V", self.uidvalidity))
        said = "".join(f",{key}={value}" for key, value in fields if value is not None)
        return f"{self.base}{said}:2,{self.letters or ''}"


def parse(name: str) -> FileName:
    """Read any file name; what it does not say stays ``None``."""
    front, colon, info = name.partition(":")
    base, comma, fields = front.partition(",")
    said = {key: int(value) for key, value in _FIELD.findall(comma + fields)}
    letters = info[2:] if colon and info.startswith("2,") else None
    return FileName(base, said.get("S"), said.get("W"), said.get("U"), said.get("V"), letters)


def base_of(name: str) -> str:
    """What stays the same when flags change: everything before the info suffix."""
    return name.partition(":")[0]


def letters_for(flags: Collection[bytes], before: str = "", keywords: Mapping[str, bytes] = NO_KEYWORDS) -> str:
    """The info suffix: letters in ASCII order, those of ``before`` kept that stand for nothing we know.

    ``keywords`` tells what the letters a to z stand for in this folder.
    """
    ours = {letter for letter, flag in _LETTERS.items() if flag in flags}
    if keywords and flags:
        wanted = {flag.lower() for flag in flags}
        ours |= {letter for letter, keyword in keywords.items() if keyword.lower() in wanted}
    foreign = {one for one in before if one.isalpha() and one not in _LETTERS and one not in keywords}
    return "".join(sorted(ours | foreign))


def with_flags(name: str, flags: Collection[bytes], keywords: Mapping[str, bytes] = NO_KEYWORDS) -> str:
    """The name a file has after its flags changed."""
    front, _, info = name.partition(":")
    return f"{front}:2,{letters_for(flags, info[2:], keywords)}"


def flags_of(letters: str, keywords: Mapping[str, bytes] = NO_KEYWORDS) -> Flags:
    """What an info suffix says."""
    known = (_LETTERS.get(letter) or keywords.get(letter) for letter in letters)
    return frozenset(flag for flag in known if flag is not None)


def unique_base(now: datetime, process: int, count: int, host: str) -> str:
    """The unique part of a new name."""
    front, back = unique_ends(now, process, host)
    return f"{front}{count}{back}"


def unique_ends(now: datetime, process: int, host: str) -> tuple[str, str]:
    """What stands before and after the count in the unique part of new names."""
    return f"{int(now.timestamp())}.M{now.microsecond}P{process}Q", f".{_plain(host)}"


@lru_cache(maxsize=16)
def _plain(host: str) -> str:
    return re.sub(r"[^A-Za-z0-9.-]", "", host)[:60] or "localhost"
