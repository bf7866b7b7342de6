"""THREAD ORDEREDSUBJECT."""

from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from daptinmail.imap.thread_forest import format_forest
from daptinmail.imap.thread_subject import by_subject

MESSAGES = st.lists(st.tuples(st.sampled_from(["", "a", "b", "c"]), st.integers(0, 4)), max_size=12)


def threads(messages: Sequence[tuple[str, int]]) -> str:
    """What the server says of (base subject, sent)."""
    forest = by_subject([subject for subject, _ in messages], [sent for _, sent in messages])
    return format_forest(forest, range(1, len(messages) + 1)).decode()


def reference(messages: Sequence[tuple[str, int]]) -> str:
    """A plain reading of RFC 5256 §3."""
    groups: dict[str, list[tuple[int, int]]] = {}
    for number, (subject, sent) in enumerate(messages, 1):
        groups.setdefault(subject, []).append((sent, number))
    written = []
    for group in sorted(sorted(group) for group in groups.values()):
        (_, head), *others = group
        below = "".join(f"({number})" for _, number in others)
        written.append(
            f"({head} {others[0][1]})" if len(others) == 1 else f"({head} {below})" if others else f"({head})"
        )
    return "".join(written)


class OrderedSubjectTests(SynchronousTestCase):
    """Poor man's threading."""

    def test_example(self) -> None:
        """One message, two, and more with the same subject."""
        mail = [("x", 5), ("y", 1), ("y", 2), ("z", 3), ("z", 9), ("z", 8)]
        self.assertEqual(threads(mail), "(2 3)(4 (6)(5))(1)")

    @given(MESSAGES)
    def test_as_the_reference(self, messages: list[tuple[str, int]]) -> None:
        """Every mailbox is threaded as a plain reading of the RFC does it."""
        self.assertEqual(threads(messages), reference(messages))
