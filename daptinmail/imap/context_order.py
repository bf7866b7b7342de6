"""The results of a search that is kept up to date, and how changes to them are told: ADDTO and REMOVEFROM
(RFC 5267 §4.3.3, §4.3.4)."""

from array import array
from bisect import bisect_left
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice
from typing import Protocol

from attrs import define, field

from daptinmail.imap.limits import CONTEXT_PAIRS
from daptinmail.imap.search_run import in_turn, rows_of
from daptinmail.imap.selected import SelectedMailbox
from daptinmail.imap.sequences import format_numbers
from daptinmail.imap.session import Session
from daptinmail.imap.sort_grammar import Criterion
from daptinmail.imap.sort_order import columns_for, ordered

Name = Callable[[int], int]
"""UID -> what the client calls the message."""

PROBES = 64
"""Results that a new one is compared with at a time."""
FEW = 50
"""So many find their places one by one; of more all are sorted again."""


class Order(Protocol):
    """The UIDs of results in the requested order."""

    def __contains__(self, uid: object) -> bool:
        """Whether a message is among them."""

    def remove(self, uids: Sequence[int], name: Name) -> list[bytes]:
        """Take some out, all of which are in; what to tell."""

    async def add(self, session: Session, view: SelectedMailbox, uids: Sequence[int], name: Name) -> list[bytes]:
        """Put some in, none of which is in; what to tell."""


def _array(uids: Iterable[int]) -> "array[int]":
    return array("I", uids)


@define(eq=False)
class InMailbox:
    """Results of SEARCH, in mailbox order: the client finds their place itself, so it is told as 0."""

    uids: "array[int]" = field(converter=_array)

    def __contains__(self, uid: object) -> bool:
        """Whether a message is among them."""
        if not isinstance(uid, int):
            return False
        index = bisect_left(self.uids, uid)
        return index < len(self.uids) and self.uids[index] == uid

    def remove(self, uids: Sequence[int], name: Name) -> list[bytes]:
        """Take some out."""
        gone = set(uids)
        self.uids = array("I", [uid for uid in self.uids if uid not in gone]) if gone else self.uids
        return [b"REMOVEFROM (0 %b)" % format_numbers(map(name, uids))] if uids else []

    async def add(self, session: Session, view: SelectedMailbox, uids: Sequence[int], name: Name) -> list[bytes]:
        """Put some in."""
        self.uids = array("I", sorted([*self.uids, *uids]))
        return [b"ADDTO (0 %b)" % format_numbers(map(name, uids))]


@define(eq=False)
class InOrder:
    """Results of SORT. What they are sorted by never changes, so that new ones only need to find their place."""

    uids: "array[int]" = field(converter=_array)
    criteria: tuple[Criterion, ...]
    _members: set[int] = field(init=False)

    def __attrs_post_init__(self) -> None:
        self._members = set(self.uids)

    def __contains__(self, uid: object) -> bool:
        """Whether a message is among them."""
        return uid in self._members

    def remove(self, uids: Sequence[int], name: Name) -> list[bytes]:
        """Take some out; each place is the one it has once those before it are out."""
        told = self._places(uids)
        self._members.difference_update(uids)
        self.uids = array("I", [uid for uid in self.uids if uid in self._members]) if told else self.uids
        return list(_pairs(b"REMOVEFROM", _shifted(_runs(told)), name))

    async def add(self, session: Session, view: SelectedMailbox, uids: Sequence[int], name: Name) -> list[bytes]:
        """Put some in; each place is the one it has when those before it are in."""
        told = await self._sort_again(session, view, uids, name) if len(uids) > FEW else []
        for uid in uids if len(uids) <= FEW else ():
            if await self._insert(session, view, uid):
                self._members.add(uid)
        told += _pairs(b"ADDTO", _runs(self._places([uid for uid in uids if uid in self])), name)
        return told

    def _places(self, uids: Sequence[int]) -> list[tuple[int, int]]:
        """Places, counted from 1, and who has them, in order."""
        if len(uids) <= FEW:
            return sorted((self.uids.index(uid) + 1, uid) for uid in uids)
        wanted = set(uids)
        return [(place, uid) for place, uid in enumerate(self.uids, 1) if uid in wanted]

    async def _sort_again(
        self, session: Session, view: SelectedMailbox, uids: Sequence[int], name: Name
    ) -> list[bytes]:
        """Many come: read what all are sorted by. What is gone already leaves."""
        everybody = sorted([*self.uids, *uids])
        rows = await rows_of(session, view.mailbox.id, everybody, columns_for(self.criteria))
        order = await in_turn(session, lambda: session.edge.blocking.run(ordered, rows, self.criteria))
        told = self.remove(sorted(self._members.difference(order)), name)
        self.uids, self._members = array("I", order), set(order)
        return told

    async def _insert(self, session: Session, view: SelectedMailbox, uid: int) -> bool:
        """Find the place of one message among the others, of which the store tells a few at a time."""
        low, high, columns = 0, len(self.uids), columns_for(self.criteria)
        while low < high:
            places = {self.uids[place]: place for place in range(low, high, max(1, (high - low) // PROBES))}
            rows = await session.store.columns(view.mailbox.id, sorted([*places, uid]), columns)
            order = ordered(rows, self.criteria)
            if uid not in order:
                return False  # gone again
            rank = order.index(uid)
            before = places[order[rank - 1]] + 1 if rank else low
            after = places[order[rank + 1]] if rank + 1 < len(order) else high
            if (before, after) == (low, high):
                break  # those that could tell are gone
            low, high = before, after
        self.uids.insert(low, uid)
        return True


Run = tuple[int, list[int]]
"""A place, counted from 1, and the UIDs that stand from there on."""


def _runs(told: Iterable[tuple[int, int]]) -> Iterator[Run]:
    """Neighbours as one."""
    start, run = 0, list[int]()
    for place, uid in told:
        if run and place == start + len(run):
            run.append(uid)
            continue
        if run:
            yield start, run
        start, run = place, [uid]
    if run:
        yield start, run


def _shifted(runs: Iterable[Run]) -> Iterator[Run]:
    """Places as they are once the runs before are out."""
    out = 0
    for place, run in runs:
        yield place - out, run
        out += len(run)


def _pairs(item: bytes, runs: Iterator[Run], name: Name) -> Iterator[bytes]:
    """``ADDTO (place set place set ...)``, not too many in one."""
    while some := list(islice(runs, CONTEXT_PAIRS)):
        told = b" ".join(b"%d %b" % (place, format_numbers(map(name, run))) for place, run in some)
        yield b"%b (%b)" % (item, told)
