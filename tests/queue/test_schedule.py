"""When to try again."""

from datetime import timedelta
from random import Random

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from daptinmail.queue.schedule import DAPTIN, STANDARD, Schedule, chosen

FIVE_DAYS = timedelta(days=5)


def tries(schedule: Schedule, seed: int = 1) -> list[timedelta]:
    """The age of a message at each try, when all of them fail."""
    ages, age, random = [timedelta()], timedelta(), Random(seed)
    while (wait := schedule.after(len(ages), age, random)) is not None:
        age += wait
        ages.append(age)
    return ages


class ScheduleTests(SynchronousTestCase):
    """Delays grow, and add up to what is promised."""

    def test_daptin(self) -> None:
        """Daptin's schedule waits 2, 4, 8 and 16 minutes and gives up at the fifth failure."""
        waits = [DAPTIN.after(n, timedelta(), Random(1)) for n in range(1, 6)]
        self.assertEqual(waits, [timedelta(minutes=n) for n in (2, 4, 8, 16)] + [None])

    def test_lifetime(self) -> None:
        """Mail is tried for as long as configured, five days here, the last time at the very end."""
        ages = tries(chosen("", FIVE_DAYS))
        self.assertEqual(ages[-1], FIVE_DAYS)
        self.assertGreater(len(ages), 30)
        self.assertEqual(len([age for age in ages if age <= timedelta(minutes=20)]), 4)

    def test_lifetime_made_shorter(self) -> None:
        """A message that is older than the lifetime, since that was made shorter, is given up at its next failure."""
        self.assertIsNone(chosen("", timedelta(hours=1)).after(3, timedelta(hours=2), Random(1)))

    @given(st.integers(1, 50), st.integers())
    def test_jitter(self, failures: int, seed: int) -> None:
        """Chance adds at most a tenth and takes nothing away."""
        wait = chosen("", FIVE_DAYS).after(failures, timedelta(), Random(seed))
        assert wait is not None
        plain = STANDARD.delays[min(failures, len(STANDARD.delays)) - 1]
        self.assertTrue(plain <= wait.total_seconds() <= plain * 1.1 + 1)

    def test_own(self) -> None:
        """Waits may be configured; the last one repeats."""
        schedule = chosen(" 30s, 5M 1h 1d", FIVE_DAYS)
        self.assertEqual(schedule.delays, (30, 300, 3600, 86400))
        self.assertEqual(tries(schedule)[-1], FIVE_DAYS)

    def test_names(self) -> None:
        """The configuration chooses by name; a typing error does not stop mail."""
        usual = chosen("", FIVE_DAYS)
        self.assertEqual([chosen("Daptin", FIVE_DAYS), chosen("default", FIVE_DAYS)], [DAPTIN, usual])
        for text in ("x", "5", "0s", "1s", "9999d", "5m x", "-5m", "1m " * 60, "5m" * 1000):
            self.assertEqual(chosen(text, FIVE_DAYS), usual, text)
