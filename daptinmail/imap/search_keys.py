"""What single search keys mean: those that the view answers, and what the store is asked for the others."""

import re
from binascii import unhexlify
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable
from datetime import date, datetime, timedelta

from attrs import define

from daptinmail.imap.search_values import Every, Key, Negated, SearchKey
from daptinmail.imap.selected import SelectedMailbox
from daptinmail.imap.sequences import SequenceSet
from daptinmail.interfaces import search as ask
from daptinmail.interfaces.messages import Flags
from daptinmail.interfaces.search import Criterion

FLAG_KEYS = {b"ANSWERED": rb"\Answered", b"DELETED": rb"\Deleted", b"DRAFT": rb"\Draft"}
FLAG_KEYS |= {b"FLAGGED": rb"\Flagged", b"SEEN": rb"\Seen"}
FIELD_KEYS = {b"BCC": b"bcc", b"CC": b"cc", b"FROM": b"from", b"SUBJECT": b"subject", b"TO": b"to"}
FLAG_CONDITIONS = frozenset({*FLAG_KEYS, *(b"UN" + name for name in FLAG_KEYS), b"KEYWORD", b"UNKEYWORD"})

COSTS = {b"BODY": 3, b"TEXT": 3, b"HEADER": 2, **dict.fromkeys(FIELD_KEYS, 2)}
IN_VIEW = FLAG_CONDITIONS | {b"ALL", b"SAVEDATESUPPORTED", b"NEW", b"OLD", b"RECENT", b"SEQUENCE", b"UID", b"$"}
IN_VIEW |= {b"MODSEQ"}

DAY = timedelta(days=1)
SECOND = timedelta(seconds=1)
OBJECT = re.compile(rb"[0-9a-f]{32}")


def cost(key: SearchKey) -> int:
    """How dear a key is: 0 for the view, 1 for dates and sizes, 2 for header fields, 3 for texts."""
    if isinstance(key, Key):
        return COSTS.get(key.name, 0 if key.name in IN_VIEW else 1)
    if isinstance(key, Negated):
        return cost(key.key)
    return max(map(cost, key.keys if isinstance(key, Every) else (key.left, key.right)))


def keys_in(key: SearchKey) -> int:
    """How many keys a program compares."""
    if isinstance(key, Key):
        return 1
    if isinstance(key, Negated):
        return keys_in(key.key)
    return sum(map(keys_in, key.keys if isinstance(key, Every) else (key.left, key.right)))


# What the view answers

Test = Callable[[int, int], bytes]
"""One octet a message, from an index to another: work that can be cut into slices."""


@define(eq=False)
class ViewKeys:
    """The keys that need nothing but the view. ``saved`` are the UIDs that ``$`` stands for."""

    view: SelectedMailbox
    saved: Iterable[int]

    def ranges(self, key: Key) -> list[tuple[int, int]] | None:
        """The half-open ranges of indexes of a key that is about where messages stand; ``None`` for other keys."""
        name, count = key.name, len(self.view)
        if name in {b"ALL", b"SAVEDATESUPPORTED"}:
            return [(0, count)]
        if name in {b"RECENT", b"OLD"}:
            start = bisect_left(self.view.uids, self.view.recent_from)
            return [(start, count)] if name == b"RECENT" else [(0, start)]
        if not isinstance(key.argument, SequenceSet):
            return None
        if name == b"SEQUENCE":
            return [(low - 1, min(high, count)) for low, high in key.argument.resolve(count) if 0 < low <= count]
        uids = self.view.uids
        ranges = key.argument.resolve(_largest(self.view))
        return [(bisect_left(uids, low), bisect_right(uids, high)) for low, high in ranges]

    def test(self, key: Key) -> Test:
        """The test of a key about flags or modseqs."""
        if isinstance(key.argument, int):
            modseqs, since = self.view.modseqs, key.argument
            return lambda start, stop: bytes([modseq >= since for modseq in modseqs[start:stop]])
        flags, wanted = self.view.flags, FLAG_KEYS.get(key.name.removeprefix(b"UN"))
        if wanted is None:
            verdict = Verdicts(key).__getitem__
            return lambda start, stop: bytes(map(verdict, flags[start:stop]))
        if key.name in FLAG_KEYS:
            return lambda start, stop: bytes([wanted in one for one in flags[start:stop]])
        return lambda start, stop: bytes([wanted not in one for one in flags[start:stop]])


def _largest(view: SelectedMailbox) -> int:
    """The largest UID of a message that is not gone, which is what ``*`` means; 0 without one."""
    return next((uid for uid in reversed(view.uids) if uid not in view.gone), 0)


class Verdicts(dict[Flags, bool]):
    """Which combinations of flags meet KEYWORD or UNKEYWORD: there are few, so each is looked at once."""

    def __init__(self, key: Key) -> None:
        super().__init__()
        self._key = key

    def __missing__(self, flags: Flags) -> bool:
        has = any(flag.lower() == self._key.argument for flag in flags)
        verdict = self[flags] = has == (self._key.name == b"KEYWORD")
        return verdict


# What the store answers


def criterion(key: Key, now: datetime) -> Criterion:
    """What to ask the store for. ``now`` is what OLDER and YOUNGER count from."""
    name, argument = key.name, key.argument
    if isinstance(argument, date):
        return _by_date(name, argument)
    if isinstance(argument, int):
        return _by_number(name, argument, now)
    if isinstance(argument, tuple):
        return ask.HeaderContains(*argument)
    if isinstance(argument, bytes):
        return ask.EmailId(octets_of(argument, b"M")) if name == b"EMAILID" else ask.ThreadId(octets_of(argument, b"T"))
    text = str(argument)
    if name in FIELD_KEYS:
        return ask.HeaderContains(FIELD_KEYS[name], text)
    return ask.BodyContains(text) if name == b"BODY" else ask.TextContains(text)


def octets_of(identifier: bytes, kind: bytes) -> bytes:
    """The octets of an object identifier; none, which nothing has, if it is not one that we gave out."""
    digits = identifier.removeprefix(kind)
    return unhexlify(digits) if identifier[:1] == kind and OBJECT.fullmatch(digits) else b""


def _by_date(name: bytes, day: date) -> Criterion:
    """BEFORE, ON and SINCE, of the internal date, the Date field, or the moment of saving (RFC 8514 §4.3)."""
    kind: Callable[[date | None, date | None], Criterion]
    kind = ask.SentDate if name.startswith(b"SENT") else ask.SavedAt if name.startswith(b"SAVED") else ask.InternalDate
    if name.endswith(b"BEFORE"):
        return kind(None, day)
    if name.endswith(b"SINCE"):
        return kind(day, None)
    return kind(day, None if day == date.max else day + DAY)


def _by_number(name: bytes, number: int, now: datetime) -> Criterion:
    """Sizes, and ages to the second (RFC 5032 §2)."""
    if name == b"LARGER":
        return ask.Size(larger=number)
    if name == b"SMALLER":
        return ask.Size(smaller=number)
    try:
        then = now.replace(microsecond=0) - timedelta(seconds=number)
    except OverflowError:  # before the year 1
        then = datetime.min.replace(tzinfo=now.tzinfo)
    return ask.InternalDate(since=then) if name == b"YOUNGER" else ask.InternalDate(before=then + SECOND)
