"""When to try again."""

from datetime import timedelta
from random import Random

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from daptinmail.queue.schedule import DAPTIN, TWO_DAYS, named


class ScheduleTests(SynchronousTestCase):
    """Delays grow, and add up to what is promised."""

    def test_daptin(self) -> None:
        """Daptin's schedule waits 2, 4, 8 and 16 minutes and gives up at the fifth failure."""
        waits = [DAPTIN.after(n, Random(1)) for n in range(1, 6)]
        self.assertEqual(waits, [timedelta(minutes=n) for n in (2, 4, 8, 16)] + [None])

    def test_two_days(self) -> None:
        """By default a message is tried for two days at least."""
        self.assertGreaterEqual(sum(TWO_DAYS.delays), 2 * 24 * 3600)
        self.assertIsNone(TWO_DAYS.after(len(TWO_DAYS.delays) + 1, Random(1)))

    @given(st.integers(1, 18), st.integers())
    def test_jitter(self, failures: int, seed: int) -> None:
        """Chance adds at most a tenth and takes nothing away."""
        wait = TWO_DAYS.after(failures, Random(seed))
        assert wait is not None
        plain = TWO_DAYS.delays[failures - 1]
        self.assertTrue(plain <= wait.total_seconds() <= plain * 1.1 + 1)

    def test_names(self) -> None:
        """The configuration chooses by name; a typing error does not stop mail."""
        self.assertEqual([named("Daptin"), named(""), named("x")], [DAPTIN, TWO_DAYS, TWO_DAYS])
