"""Runs a search program on one view: each key gives a set of messages, cheap keys first, dear ones only among what is
left."""

from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime

from attrs import define, field

from daptinmail.imap.limits import SEARCH_SLICE
from daptinmail.imap.search_keys import IN_VIEW, ViewKeys, cost, criterion
from daptinmail.imap.search_sets import NOTHING, MessageSet, Universe, size
from daptinmail.imap.search_values import Either, Every, Key, Negated, SearchKey
from daptinmail.interfaces.search import Criterion

NARROW = 8
"""The store is told where to look once so small a part of the mailbox, 1/8, is left."""

Find = Callable[[Criterion, Sequence[int] | None], Awaitable[Sequence[int]]]
"""Asks the store for the UIDs that meet a criterion, perhaps only among some."""


@define(eq=False)
class Program:
    """One search over one view. ``pause`` gives others a turn; it may raise to end the search.

    ``slice``: so many messages are looked at before others get a turn. ``done`` counts the keys looked at.
    """

    universe: Universe
    keys: ViewKeys
    find: Find
    now: datetime
    pause: Callable[[], Awaitable[None]]
    slice: int = SEARCH_SLICE
    done: int = field(default=0, init=False)
    _work: int = field(default=0, init=False)

    async def run(self, key: SearchKey, among: MessageSet) -> MessageSet:
        """Those of ``among`` that meet the key. Nesting is bounded by the grammar."""
        if not among:
            return NOTHING
        if isinstance(key, Negated):
            return among & ~await self.run(key.key, among)
        if isinstance(key, Every):
            for one in sorted(key.keys, key=cost):
                among = await self.run(one, among)
            return among
        if isinstance(key, Either):
            cheap, dear = sorted((key.left, key.right), key=cost)
            found = await self.run(cheap, among)
            return found | await self.run(dear, among & ~found)
        viewed = key.name in IN_VIEW
        found = await (self._look(key) if viewed else self._ask(criterion(key, self.now), among))
        self.done += 1
        return among & found

    async def _ask(self, wanted: Criterion, among: MessageSet) -> MessageSet:
        """By the store."""
        await self._rest(self.universe.count)
        narrow = size(among) * NARROW < self.universe.count
        uids = await self.find(wanted, self.universe.uids_of(among) if narrow else None)
        return self.universe.of_uids(uids)

    async def _look(self, key: Key) -> MessageSet:
        """By the view."""
        if key.name == b"NEW":
            return await self._look(Key(b"RECENT")) & await self._look(Key(b"UNSEEN"))
        if key.name == b"$":
            return self.universe.of_uids(tuple(self.keys.saved))
        ranges = self.keys.ranges(key)
        if ranges is not None:
            await self._rest(self.universe.count // 10 + len(ranges))
            return self.universe.of_ranges(ranges)
        test, pieces = self.keys.test(key), list[bytes]()
        for start in range(0, self.universe.count, self.slice):
            await self._rest(min(self.slice, self.universe.count - start))
            pieces.append(test(start, start + self.slice))
        return self.universe.of_octets(b"".join(pieces))

    async def _rest(self, work: int) -> None:
        """Give others a turn now and then. ``work`` is counted in messages looked at."""
        self._work += work
        if self._work > self.slice:
            self._work = work
            await self.pause()
