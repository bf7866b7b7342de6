"""Sequence sets (RFC 3501 §9 ``sequence-set``) as ranges of integers."""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain

from attrs import frozen

from daptinmail.errors import Malformed

RANGE = re.compile(rb"([1-9][0-9]{0,9}|\*)(?::([1-9][0-9]{0,9}|\*))?")
TOKEN = re.compile(rb"\$|[0-9*:,]+")
SAVED = b"$"
LARGEST = 0xFFFF_FFFF
STAR = LARGEST + 1
"""Stands for ``*`` until the largest number in use is known."""


@frozen
class SequenceSet:
    """Ranges as the client wrote them, ends included; an end may be ``STAR``.

    ``saved``: no ranges but ``$``, the messages that the last SEARCH RETURN (SAVE) found (RFC 9051 §6.4.4.1).
    """

    ranges: tuple[tuple[int, int], ...]
    saved: bool = False

    @property
    def has_star(self) -> bool:
        """True if ``*`` occurs."""
        return any(STAR in pair for pair in self.ranges)

    def resolve(self, largest: int) -> list[tuple[int, int]]:
        """Sorted, disjoint ranges with ``*`` as ``largest``. ``5:*`` with a largest of 3 means 3:5. ``$`` has none."""
        pairs = sorted(_ordered(low, high, largest) for low, high in self.ranges)
        merged: list[tuple[int, int]] = []
        for low, high in pairs:
            if merged and low <= merged[-1][1] + 1:
                if high > merged[-1][1]:
                    merged[-1] = (merged[-1][0], high)
            else:
                merged.append((low, high))
        return merged


def numbers_of(messages: SequenceSet, most: int) -> list[int]:
    """Each number of a set without ``*``, in the order written.

    Raises:
        Malformed: there are more than ``most``.
    """
    if sum(abs(high - low) + 1 for low, high in messages.ranges) > most:
        raise Malformed("Too many numbers")
    return [
        number
        for low, high in messages.ranges
        for number in (range(low, high + 1) if low <= high else range(low, high - 1, -1))
    ]


def _ordered(low: int, high: int, largest: int) -> tuple[int, int]:
    low = largest if low == STAR else low
    high = largest if high == STAR else high
    return (low, high) if low <= high else (high, low)


def parse_sequence_set(text: bytes) -> SequenceSet:
    """``1,3:5,7:*`` or ``$``. Raises ``Malformed``; 0 and numbers over 32 bits are none."""
    if text == SAVED:
        return SequenceSet((), saved=True)
    return SequenceSet(tuple(_parse_range(item) for item in text.split(b",")))


def _parse_range(item: bytes) -> tuple[int, int]:
    match = RANGE.fullmatch(item)
    if match is None:
        raise Malformed("Malformed sequence set")
    low = _number(match.group(1))
    return low, low if match.group(2) is None else _number(match.group(2))


def _number(text: bytes) -> int:
    if text == b"*":
        return STAR
    value = int(text)
    if value > LARGEST:
        raise Malformed("Number too large in a sequence set")
    return value


def format_numbers(numbers: Iterable[int]) -> bytes:
    """Numbers in the given order, runs of neighbours as ranges: ``4,7:9``. The inverse of ``parse_sequence_set``."""
    return format_ranges(runs(numbers))


def format_ranges(ranges: Iterable[tuple[int, int]]) -> bytes:
    """Ranges as they are."""
    return b",".join([b"%d" % low if low == high else b"%d:%d" % (low, high) for low, high in ranges])


def runs(numbers: Iterable[int]) -> Iterator[tuple[int, int]]:
    """Neighbours put together, ends included."""
    low = high = -1
    for number in numbers:
        if number == high + 1 and low >= 0:
            high = number
            continue
        if low >= 0:
            yield low, high
        low = high = number
    if low >= 0:
        yield low, high


def indexes_in(ranges: Sequence[tuple[int, int]], numbers: Sequence[int]) -> Sequence[int]:
    """The indexes of those sorted ``numbers`` that lie in the sorted ``ranges``."""
    found: list[range] = []
    for low, high in ranges:
        start = bisect_left(numbers, low)
        found.append(range(start, bisect_right(numbers, high, start)))
    return joined(found)


def joined(stretches: Sequence[range]) -> Sequence[int]:
    """Their numbers one after the other; of a single stretch none is made before it is looked at."""
    return stretches[0] if len(stretches) == 1 else [*chain.from_iterable(stretches)]


def contains(ranges: Sequence[tuple[int, int]], number: int) -> bool:
    """True if ``number`` lies in the sorted, disjoint ``ranges``."""
    index = bisect_right(ranges, (number, LARGEST + 1)) - 1
    return index >= 0 and ranges[index][0] <= number <= ranges[index][1]
