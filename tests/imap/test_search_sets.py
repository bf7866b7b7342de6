"""Sets of messages beside Python's own."""

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from daptinmail.imap import search_sets
from daptinmail.imap.esearch import MailboxOrder
from daptinmail.imap.search_partial import Partial
from daptinmail.imap.search_sets import Universe
from daptinmail.imap.sequences import format_numbers

UIDS = st.sets(st.integers(1, 60)).map(sorted)


def chosen(universe: Universe, wanted: set[int]) -> int:
    """The messages whose UIDs are in ``wanted``."""
    return universe.of_octets(bytes(uid in wanted for uid in universe.uids))


class SetTests(SynchronousTestCase):
    """What goes in comes out."""

    @given(UIDS, st.sets(st.integers(1, 60)))
    def test_views(self, uids: list[int], wanted: set[int]) -> None:
        """Indexes, UIDs, ends, counts and runs of a set."""
        universe = Universe(uids)
        messages = chosen(universe, wanted)
        expected = [index for index, uid in enumerate(uids) if uid in wanted]
        self.assertEqual(universe.indexes(messages), expected)
        self.assertEqual(universe.uids_of(messages), [uids[index] for index in expected])
        self.assertEqual(search_sets.size(messages), len(expected))
        self.assertEqual([index for low, high in universe.runs(messages) for index in range(low, high)], expected)
        if expected:
            self.assertEqual(search_sets.first(messages), expected[0])
            self.assertEqual(search_sets.last(messages), expected[-1])

    @given(UIDS, st.sets(st.integers(1, 60)))
    def test_by_uid(self, uids: list[int], wanted: set[int]) -> None:
        """UIDs that the view does not know are passed over, few or many."""
        universe = Universe(uids)
        self.assertEqual(universe.of_uids(sorted(wanted)), chosen(universe, wanted))
        many = sorted(wanted) + [1000] * search_sets.FEW
        self.assertEqual(universe.of_uids(many), chosen(universe, wanted))

    @given(UIDS, st.sets(st.integers(1, 60)))
    def test_sequence_sets(self, uids: list[int], wanted: set[int]) -> None:
        """All results as a sequence set, by number and by UID."""
        universe = Universe(uids)
        order = MailboxOrder(universe, chosen(universe, wanted))
        indexes = universe.indexes(order.messages)
        self.assertEqual(order.everything(uid=False), format_numbers(index + 1 for index in indexes))
        self.assertEqual(order.everything(uid=True), format_numbers(uids[index] for index in indexes))

    @given(UIDS, st.sets(st.integers(1, 60)), st.sets(st.integers(1, 60)))
    def test_algebra(self, uids: list[int], left: set[int], right: set[int]) -> None:
        """AND, OR and NOT."""
        universe = Universe(uids)
        a, b = chosen(universe, left), chosen(universe, right)
        self.assertEqual(a & b, chosen(universe, left & right))
        self.assertEqual(a | b, chosen(universe, left | right))
        self.assertEqual(universe.everything & ~a, chosen(universe, set(uids) - left))

    @given(UIDS, st.sets(st.integers(1, 60)), st.integers(1, 9), st.integers(1, 9), st.booleans())
    def test_pages(self, uids: list[int], wanted: set[int], first: int, last: int, backwards: bool) -> None:
        """PARTIAL counts from the first or the last result, both ends included, in either order (RFC 9394 §3.1)."""
        order = MailboxOrder(Universe(uids), chosen(Universe(uids), wanted))
        found = [index for index, uid in enumerate(uids) if uid in wanted]
        low, high = sorted((first, last))
        if backwards:
            expected = list(reversed(list(reversed(found))[low - 1 : high]))
            page = Partial(-first, -last)
        else:
            expected, page = found[low - 1 : high], Partial(first, last)
        self.assertEqual(list(order.indexes(*page.window(len(order)))), expected)
