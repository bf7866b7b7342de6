"""The ESEARCH response (RFC 4466 §2.6.2, RFC 4731 §3.1, RFC 9394 §3.1), and the order that results stand in."""

from collections.abc import Iterator, Sequence
from itertools import chain, compress
from typing import Protocol

from attrs import frozen

from daptinmail.imap.search_partial import Partial
from daptinmail.imap.search_sets import MessageSet, Universe, first, last, size
from daptinmail.imap.search_values import Return
from daptinmail.imap.sequences import format_numbers


class Results(Protocol):
    """What was found, in the requested order."""

    def __len__(self) -> int:
        """How many messages."""

    def first(self) -> int:
        """The index of the first, if there is one."""

    def last(self) -> int:
        """The index of the last, if there is one."""

    def indexes(self, start: int, stop: int) -> Sequence[int]:
        """The indexes of results ``start`` to ``stop``."""

    def numbers(self, uid: bool) -> Iterator[int]:
        """All of them, by UID or by number."""

    def everything(self, uid: bool) -> bytes:
        """All as a sequence set."""


def number(universe: Universe, index: int, uid: bool) -> int:
    """What a message is called."""
    return universe.uids[index] if uid else index + 1


@frozen
class MailboxOrder:
    """Results as they stand in the mailbox: those of SEARCH."""

    universe: Universe
    messages: MessageSet

    def __len__(self) -> int:
        return size(self.messages)

    def first(self) -> int:
        """The lowest."""
        return first(self.messages)

    def last(self) -> int:
        """The highest."""
        return last(self.messages)

    def indexes(self, start: int, stop: int) -> Sequence[int]:
        """Some of them."""
        return self.universe.indexes(self.messages)[start:stop]

    def numbers(self, uid: bool) -> Iterator[int]:
        """All of them."""
        names = self.universe.uids if uid else range(1, self.universe.count + 1)
        return compress(names, self.universe.octets(self.messages))

    def everything(self, uid: bool) -> bytes:
        """All as a sequence set. Neighbours mostly have neighbouring UIDs, so ranges are found as wholes."""
        if self.universe.scattered(self.messages):
            return format_numbers(self.numbers(uid))
        if not uid:
            ranges: Iterator[tuple[int, int]] = ((low + 1, high) for low, high in self.universe.runs(self.messages))
        else:
            ranges = chain.from_iterable(self._uid_ranges(low, high) for low, high in self.universe.runs(self.messages))
        return b",".join([b"%d" % low if low == high else b"%d:%d" % (low, high) for low, high in ranges])

    def _uid_ranges(self, start: int, stop: int) -> Iterator[tuple[int, int]]:
        """UIDs of the indexes from ``start`` to before ``stop``; a gap is searched for by halves."""
        uids, waiting, low = self.universe.uids, [(start, stop)], -1
        high = low
        while waiting:
            start, stop = waiting.pop()
            if uids[stop - 1] - uids[start] != stop - 1 - start:
                middle = (start + stop) // 2
                waiting += [(middle, stop), (start, middle)]
            elif high + 1 == uids[start]:
                high = uids[stop - 1]
            else:
                if low >= 0:
                    yield low, high
                low, high = uids[start], uids[stop - 1]
        if low >= 0:
            yield low, high


@frozen
class SortedOrder:
    """Results in an order of their own: those of SORT. ``order`` are indexes."""

    universe: Universe
    order: Sequence[int]

    def __len__(self) -> int:
        return len(self.order)

    def first(self) -> int:
        """The lowest as sorted."""
        return self.order[0]

    def last(self) -> int:
        """The highest as sorted."""
        return self.order[-1]

    def indexes(self, start: int, stop: int) -> Sequence[int]:
        """Some of them."""
        return self.order[start:stop]

    def numbers(self, uid: bool) -> Iterator[int]:
        """All in order."""
        return (number(self.universe, index, uid) for index in self.order)

    def everything(self, uid: bool) -> bytes:
        """All in order; only what ascends is written as a range (RFC 5267 §3.2)."""
        return format_numbers(self.numbers(uid))


def numbers_of(universe: Universe, indexes: Sequence[int], uid: bool) -> bytes:
    """A sequence set in the order given."""
    return format_numbers(number(universe, index, uid) for index in indexes)


def reported(results: Results, wanted: Return) -> Sequence[int]:
    """The indexes of the messages that an answer is about: what SAVE keeps and MODSEQ tells of.

    (RFC 5182 §2.4, RFC 4731 §3.2, RFC 9394 §3.2)
    """
    if wanted.whole or not len(results):
        return results.indexes(0, len(results))
    chosen: set[int] = set()
    if wanted.min:
        chosen.add(results.first())
    if wanted.max:
        chosen.add(results.last())
    if wanted.partial:
        chosen.update(results.indexes(*wanted.partial.window(len(results))))
    return sorted(chosen)


def esearch(tag: bytes, uid: bool, data: Sequence[bytes], mailbox: bytes = b"") -> bytes:
    """The response. ``mailbox`` are further correlators (RFC 7377 §2.1)."""
    return b" ".join([b'ESEARCH (TAG "%b"%b)' % (tag, mailbox), *([b"UID"] if uid else []), *data])


def return_data(universe: Universe, results: Results, wanted: Return, uid: bool, modseqs: Sequence[int]) -> list[bytes]:
    """What RETURN asked for. ``modseqs`` are those of the messages reported, if one is to be told."""
    data: list[bytes] = []
    found = len(results)
    if wanted.min and found:
        data.append(b"MIN %d" % number(universe, results.first(), uid))
    if wanted.max and found:
        data.append(b"MAX %d" % number(universe, results.last(), uid))
    if wanted.count:
        data.append(b"COUNT %d" % found)
    if wanted.all and found:
        data.append(b"ALL " + results.everything(uid))
    if wanted.partial:
        data.append(_partial(universe, results, wanted.partial, uid))
    if modseqs:
        data.append(b"MODSEQ %d" % max(modseqs))
    return data


def _partial(universe: Universe, results: Results, wanted: Partial, uid: bool) -> bytes:
    indexes = results.indexes(*wanted.window(len(results)))
    return b"PARTIAL (%d:%d %b)" % (wanted.first, wanted.last, numbers_of(universe, indexes, uid) or b"NIL")
