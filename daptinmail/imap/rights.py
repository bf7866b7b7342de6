"""Rights as they are written (RFC 4314 §2), and what they mean for flags."""

import re
from collections.abc import Iterable

from daptinmail.errors import Forbidden, Malformed
from daptinmail.interfaces.messages import FlagMode, Flags
from daptinmail.interfaces.sharing import RIGHTS, GrantMode, Rights

OBSOLETE = {"c": "k", "d": "xte"}
"""Rights of RFC 2086 and what they stand for here (RFC 4314 §2.1.1)."""

CREATE, DELETE = frozenset("k"), frozenset("xte")
FLAG_RIGHTS = {rb"\Seen": "s", rb"\Deleted": "t"}
"""The right that each flag needs; all others need ``w``."""

FLAG_CHANGES = frozenset("swt")
WRITTEN = re.compile(rb"[+-]?[a-z0-9]*")


def letters(rights: Rights) -> bytes:
    """Rights in their order, with the obsolete ones that old clients look for (RFC 4314 §2.1.1)."""
    told = "".join(letter for letter in RIGHTS if letter in rights)
    if rights & CREATE:
        told += "c"
    if rights & DELETE:
        told += "d"
    return told.encode("ascii")


def parse_rights(text: bytes) -> tuple[GrantMode, Rights]:
    """``+lr``, ``-x``, ``lrs``.

    Raises:
        Malformed: a right that is not known (RFC 4314 §3.1: BAD).
    """
    if not WRITTEN.fullmatch(text):
        raise Malformed("Unknown right")
    word = text.decode("ascii")
    mode = GrantMode(word[0]) if word[:1] in {"+", "-"} else GrantMode.REPLACE
    word = word.lstrip("+-")
    rights = frozenset("".join(OBSOLETE.get(letter, letter) for letter in word))
    if not rights.issubset(RIGHTS):
        raise Malformed("Unknown right")
    return mode, rights


def may_set(rights: Rights, flag: bytes) -> bool:
    """True if rights allow to set and clear a flag (RFC 4314 §2.1)."""
    return FLAG_RIGHTS.get(flag, "w") in rights


def settable(rights: Rights, flags: Iterable[bytes]) -> Flags:
    """Those flags that rights allow to set; the others are left out without a word (RFC 4314 §4, APPEND and COPY)."""
    return frozenset(flag for flag in flags if may_set(rights, flag))


def stores(rights: Rights, mode: FlagMode, flags: Flags, known: Iterable[bytes]) -> list[tuple[FlagMode, Flags]]:
    """What a STORE comes to: with all rights itself, else one that leaves alone what may not be touched.

    ``known``: all flags that the messages may have.

    Raises:
        Forbidden: no right for any of the flags (RFC 4314 §4, STORE).
    """
    if rights >= FLAG_CHANGES:
        return [(mode, flags)]
    wanted = settable(rights, flags)
    if rights.isdisjoint(FLAG_CHANGES) or (flags and not wanted):
        raise Forbidden("Not permitted to change these flags")
    if mode is not FlagMode.REPLACE:
        return [(mode, wanted)]
    return [(FlagMode.REMOVE, settable(rights, known) - wanted), (FlagMode.ADD, wanted)]
