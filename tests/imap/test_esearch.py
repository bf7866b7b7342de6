"""Long ESEARCH responses."""

from twisted.trial.unittest import SynchronousTestCase

from daptinmail.imap.esearch import MailboxOrder, SortedOrder, return_data
from daptinmail.imap.search_sets import Universe
from daptinmail.imap.search_values import Return
from daptinmail.imap.sequences import parse_sequence_set

COUNT = 60_000


class LongTests(SynchronousTestCase):
    """Sixty thousand messages, every third of which was expunged."""

    def setUp(self) -> None:
        self.universe = Universe([uid for uid in range(1, COUNT * 3 // 2 + 1) if uid % 3])

    def test_all_of_them(self) -> None:
        """What is written as ranges stands for the same messages, neighbours or scattered."""
        for step in (1, 2, 7):
            messages = self.universe.of_octets(bytes(index % step == 0 for index in range(COUNT)))
            found = MailboxOrder(self.universe, messages)
            for uid in (False, True):
                [data] = return_data(self.universe, found, Return(all=True), uid, ())
                told = parse_sequence_set(data.removeprefix(b"ALL ")).resolve(0)
                self.assertEqual([one for low, high in told for one in range(low, high + 1)], list(found.numbers(uid)))

    def test_in_order(self) -> None:
        """In an order of its own, only what ascends is a range, and the ends are those of the order."""
        found = SortedOrder(self.universe, [3, 2, 5, 6, 7, 0])
        wanted = Return(all=True, min=True, max=True)
        self.assertEqual(return_data(self.universe, found, wanted, False, ()), [b"MIN 4", b"MAX 1", b"ALL 4,3,6:8,1"])
