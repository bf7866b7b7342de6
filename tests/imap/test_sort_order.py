"""Sort orders beside ``sorted``."""

from functools import cmp_to_key
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from daptinmail.imap.sort_grammar import Criterion
from daptinmail.imap.sort_order import columns_for, ordered

COLUMNS = ("internal_date", "sent_at", "size", "base_subject")
VALUES = st.tuples(st.integers(0, 3), st.none() | st.integers(0, 3), st.integers(0, 3), st.sampled_from(["", "a", "ä"]))
CRITERIA = st.lists(st.builds(Criterion, st.sampled_from(COLUMNS), st.booleans()), min_size=1, max_size=5)


class OrderTests(SynchronousTestCase):
    """Several criteria, some descending."""

    @given(st.lists(VALUES, max_size=10), CRITERIA)
    def test_as_compared_one_by_one(self, messages: list[tuple[Any, ...]], criteria: list[Criterion]) -> None:
        """Criteria count from the first on, REVERSE turns one of them, and ties stay in mailbox order."""
        known = [dict(zip(COLUMNS, values, strict=True)) for values in messages]

        def compare(left: int, right: int) -> int:
            for criterion in criteria:
                a, b = (self.value(known[uid - 1], criterion.column) for uid in (left, right))
                if a != b:
                    return (1 if a > b else -1) * (-1 if criterion.reverse else 1)
            return left - right

        rows = [(uid, *(one[name] for name in columns_for(criteria))) for uid, one in enumerate(known, 1)]
        self.assertEqual(ordered(rows, criteria), sorted(range(1, len(known) + 1), key=cmp_to_key(compare)))

    def value(self, message: dict[str, Any], column: str) -> Any:
        """What is compared: a message without Date was sent when it came."""
        value = message[column]
        return message["internal_date"] if value is None else value
