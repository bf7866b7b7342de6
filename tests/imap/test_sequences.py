"""Sequence sets as ranges."""

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from daptinmail.errors import Malformed
from daptinmail.imap.sequences import LARGEST, contains, format_numbers, indexes_in, parse_sequence_set

NUMBERS = st.lists(st.integers(1, 60), max_size=40)


class SequenceSetTests(SynchronousTestCase):
    """Parsing, resolving, formatting."""

    def test_resolve(self) -> None:
        """Overlaps are merged, reversed ranges turned, ``*`` is the largest."""
        for text, ranges in {
            b"1": [(1, 1)],
            b"5:3": [(3, 5)],
            b"1:3,2:4,6": [(1, 4), (6, 6)],
            b"1,2,3": [(1, 3)],
            b"*": [(10, 10)],
            b"*:8": [(8, 10)],
            b"20:*": [(10, 20)],
        }.items():
            self.assertEqual(parse_sequence_set(text).resolve(10), ranges, text)

    def test_malformed(self) -> None:
        """Everything else is refused."""
        for text in (b"", b"0", b"1,", b",1", b"1:", b":1", b"1:2:3", b"01", b"-1", b"**", b"%d" % (LARGEST + 1), b"a"):
            with self.assertRaises(Malformed):
                parse_sequence_set(text)

    @settings(deadline=None)
    @given(NUMBERS)
    def test_round_trip(self, numbers: list[int]) -> None:
        """What is formatted parses to the same numbers."""
        wanted = sorted(set(numbers))
        if not wanted:
            self.assertEqual(format_numbers(wanted), b"")
            return
        ranges = parse_sequence_set(format_numbers(wanted)).resolve(100)
        self.assertEqual([number for low, high in ranges for number in range(low, high + 1)], wanted)

    @settings(deadline=None)
    @given(NUMBERS, NUMBERS)
    def test_indexes(self, named: list[int], present: list[int]) -> None:
        """The indexes found are those of the numbers named."""
        uids = sorted(set(present))
        ranges = parse_sequence_set(b",".join(b"%d" % number for number in named) or b"99").resolve(100)
        wanted = [index for index, uid in enumerate(uids) if uid in named]
        self.assertEqual(list(indexes_in(ranges, uids)), wanted)
        self.assertEqual([index for index, uid in enumerate(uids) if contains(ranges, uid)], wanted)

    @settings(deadline=None)
    @given(st.binary(max_size=30))
    def test_any_octets(self, text: bytes) -> None:
        """Any octets are a set or ``Malformed``, nothing else."""
        try:
            ranges = parse_sequence_set(text).resolve(7)
        except Malformed:
            return
        self.assertTrue(ranges)
