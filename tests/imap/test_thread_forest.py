"""How THREAD writes a forest."""

from twisted.trial.unittest import SynchronousTestCase

from daptinmail.imap.thread_forest import Forest, format_forest


class FormatTests(SynchronousTestCase):
    """The examples of RFC 5256 §4."""

    def test_branches(self) -> None:
        """A chain is a row of numbers, siblings are lists."""
        children: list[list[int]] = [[], [2], [3, 5], [4], [], [6], [7], []]
        numbers = [2, 3, 6, 4, 23, 44, 7, 96]
        self.assertEqual(format_forest(Forest(8, [0, 1], children), numbers), b"(2)(3 6 (4 23)(44 7 96))")

    def test_absent_parent(self) -> None:
        """Siblings without a parent to show."""
        self.assertEqual(format_forest(Forest(2, [2], [[], [], [0, 1]]), [3, 5]), b"((3)(5))")

    def test_nothing(self) -> None:
        """No messages, no threads."""
        self.assertEqual(format_forest(Forest(0, [], []), []), b"")
