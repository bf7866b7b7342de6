"""Sets of a view's messages: SEARCH is algebra on them.

A set is an integer of one octet a message, 1 for those in it, the first message lowest. AND, OR and NOT of 100,000
messages take some microseconds, and ``bytes`` and ``int`` turn into each other as fast as memory is copied.
"""

import re
from bisect import bisect_left
from collections.abc import Iterator, Sequence
from itertools import compress

from attrs import frozen

MessageSet = int

NOTHING: MessageSet = 0
_RUN = re.compile(rb"\x01+")
FEW = 1000
"""So many UIDs are looked up one by one; more are compared with all of the view's."""


@frozen
class Universe:
    """The messages of one view, by index; ``uids`` ascend."""

    uids: Sequence[int]

    @property
    def count(self) -> int:
        """How many messages there are."""
        return len(self.uids)

    @property
    def everything(self) -> MessageSet:
        """All of them."""
        return self.of_octets(b"\x01" * len(self.uids))

    def of_octets(self, octets: bytes | bytearray) -> MessageSet:
        """From one octet a message."""
        return int.from_bytes(octets, "little")

    def octets(self, messages: MessageSet) -> bytes:
        """As one octet a message."""
        return messages.to_bytes(len(self.uids), "little")

    def of_ranges(self, ranges: Sequence[tuple[int, int]]) -> MessageSet:
        """From half-open, disjoint ranges of indexes."""
        octets = bytearray(len(self.uids))
        for start, stop in ranges:
            octets[start:stop] = b"\x01" * (stop - start)
        return self.of_octets(octets)

    def of_uids(self, uids: Sequence[int]) -> MessageSet:
        """Those that have one of these UIDs; unknown UIDs are passed over."""
        if len(uids) > FEW:
            return self.of_octets(bytes(map(set(uids).__contains__, self.uids)))
        octets = bytearray(len(self.uids))
        for uid in uids:
            index = bisect_left(self.uids, uid)
            if index < len(octets) and self.uids[index] == uid:
                octets[index] = 1
        return self.of_octets(octets)

    def indexes(self, messages: MessageSet) -> list[int]:
        """The indexes, ascending."""
        return list(compress(range(len(self.uids)), self.octets(messages)))

    def uids_of(self, messages: MessageSet) -> list[int]:
        """The UIDs, ascending."""
        return list(compress(self.uids, self.octets(messages)))

    def runs(self, messages: MessageSet) -> Iterator[tuple[int, int]]:
        """The half-open ranges of neighbouring indexes."""
        return (run.span() for run in _RUN.finditer(self.octets(messages)))

    def scattered(self, messages: MessageSet) -> bool:
        """True if few of them are neighbours."""
        return self.octets(messages).count(b"\x00\x01") * 3 > size(messages)


def size(messages: MessageSet) -> int:
    """How many are in the set."""
    return messages.bit_count()


def first(messages: MessageSet) -> int:
    """The lowest index of a set that is not empty."""
    return ((messages & -messages).bit_length() - 1) // 8


def last(messages: MessageSet) -> int:
    """The highest index of a set that is not empty."""
    return (messages.bit_length() - 1) // 8
