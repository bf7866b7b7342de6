"""PARTIAL: a range of results (RFC 9394 §4), of searches and of UID FETCH."""

import re

from attrs import frozen

from daptinmail.errors import Malformed
from daptinmail.imap.cursor import Cursor
from daptinmail.imap.sequences import LARGEST

RANGE = re.compile(rb"(-?)([1-9][0-9]{0,9}):(-?)([1-9][0-9]{0,9})")


@frozen
class Partial:
    """PARTIAL ``first:last``, counted from the first result, or from the last one when negative (RFC 9394 §3.1)."""

    first: int
    last: int

    def window(self, count: int) -> tuple[int, int]:
        """Which of ``count`` results these are, as the ends of a slice."""
        low, high = sorted((abs(self.first), abs(self.last)))
        if self.first > 0:
            return min(low - 1, count), min(high, count)
        return max(count - high, 0), max(count - low + 1, 0)


def partial(cursor: Cursor) -> Partial:
    """``1:100`` or ``-1:-100``; also FETCH's (RFC 9394 §3.3). Raises ``Malformed`` if only one end is negative."""
    match = RANGE.fullmatch(cursor.take(RANGE, "a range of results"))
    if match is None or match[1] != match[3]:
        raise Malformed("Malformed range of results")
    first, last = int(match[2]), int(match[4])
    if max(first, last) > LARGEST:
        raise Malformed("Number too large")
    return Partial(-first, -last) if match[1] else Partial(first, last)
