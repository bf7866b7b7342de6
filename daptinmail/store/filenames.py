"""Names of message files. Pure.

``<seconds>.M<microseconds>P<process>Q<count>.<host>,S=<size>,W=<size with CRLF>,U=<uid>,V=<uidvalidity>:2,<letters>``:
a Maildir name (https://cr.yp.to/proto/maildir.html) with the sizes other servers look for, and the UID with the
UIDVALIDITY it belongs to, so that the rows can be made again from the tree.
"""

import re
from collections.abc import Collection
from datetime import datetime

from attrs import frozen

from daptinmail.interfaces.messages import Flags
from daptinmail.store.flags import ANSWERED, DELETED, DRAFT, FLAGGED, SEEN

_LETTERS = {"D": DRAFT, "F": FLAGGED, "R": ANSWERED, "S": SEEN, "T": DELETED}
_FIELD = re.compile(r",([SWUV])=(\d{1,19})(?=,|$)")
_USABLE = re.compile(r"[A-Za-z0-9._=+@-]{1,120}")
SYSTEM = frozenset(_LETTERS.values())


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
        return frozenset(_LETTERS[letter] for letter in self.letters or "" if letter in _LETTERS)

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


def letters_for(flags: Collection[bytes], before: str = "") -> str:
    """The info suffix: letters in ASCII order, foreign ones of ``before`` kept."""
    ours = {letter for letter, flag in _LETTERS.items() if flag in flags}
    return "".join(sorted(ours | {letter for letter in before if letter.isalpha() and letter not in _LETTERS}))


def with_flags(name: str, flags: Collection[bytes]) -> str:
    """The name a file has after its flags changed."""
    front, _, info = name.partition(":")
    return f"{front}:2,{letters_for(flags, info[2:])}"


def unique_base(now: datetime, process: int, count: int, host: str) -> str:
    """The unique part of a new name."""
    host = re.sub(r"[^A-Za-z0-9.-]", "", host)[:60] or "localhost"
    return f"{int(now.timestamp())}.M{now.microsecond}P{process}Q{count}.{host}"
