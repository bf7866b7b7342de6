"""Keys of requests that may be repeated."""

from datetime import timedelta

from twisted.trial.unittest import SynchronousTestCase

from daptinmail.db.repeats import KEPT, Repeats
from tests.contracts.repeats import ANN, ONE, OTHER, RepeatsContract
from tests.support.repeats import MemoryRepeats
from tests.support.runtime import CountingIdentifiers, SteadyClock
from tests.support.storage import StorageCase


class StoredRepeatsTests(RepeatsContract, StorageCase):
    """Over the table."""

    def setUp(self) -> None:
        self.clock = SteadyClock()
        self.repeats = Repeats(self.make_storage(self.clock), CountingIdentifiers())

    def test_a_day(self) -> None:
        """A key counts for 24 hours."""
        claim = self.answer(self.repeats.claim(ANN, "k", ONE))
        self.answer(self.repeats.keep(claim, b"done"))
        self.clock.advance((KEPT - timedelta(seconds=1)).total_seconds())
        self.assertEqual(self.answer(self.repeats.claim(ANN, "k", ONE)).answer, b"done")
        self.clock.advance(1)
        self.assertIsNone(self.answer(self.repeats.claim(ANN, "k", OTHER)).answer)


class MemoryRepeatsTests(RepeatsContract, SynchronousTestCase):
    """The one that other tests use."""

    def setUp(self) -> None:
        self.repeats = MemoryRepeats()
