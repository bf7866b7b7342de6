"""When to try again, and for how long (RFC 5321 §4.5.4.1)."""

import re
from datetime import timedelta
from random import Random

from attrs import evolve, frozen

MINUTE = 60.0
HOUR = 3600.0
UNITS = {"s": 1.0, "m": MINUTE, "h": HOUR, "d": 24 * HOUR}
SHORTEST = 10.0  # seconds
LONGEST = 7 * 24 * HOUR
MAX_DELAYS = 50

_WAIT = re.compile(r"(\d{1,6})([smhd])")


@frozen
class Schedule:
    """``delays`` in seconds after the first, second, ... failure; ``jitter`` is the largest share added by chance.

    With a ``lifetime`` (seconds) the last delay is repeated until that time is over, and the last try is at its end;
    without one there are no more tries than delays, and one.
    """

    delays: tuple[float, ...]
    jitter: float = 0.1
    lifetime: float | None = None

    def after(self, failures: int, age: timedelta, random: Random) -> timedelta | None:
        """How long to wait after this many failures of a message of this age; ``None`` to give up."""
        if self.lifetime is None and failures > len(self.delays):
            return None
        delay = self.delays[min(max(failures, 1), len(self.delays)) - 1]
        delay *= 1 + self.jitter * random.random()
        if self.lifetime is not None:
            remaining = self.lifetime - age.total_seconds()
            if remaining <= 0:
                return None
            delay = min(delay, max(remaining, SHORTEST))
        return timedelta(seconds=delay)


STANDARD = Schedule((*(minutes * MINUTE for minutes in (2, 5, 10, 20, 40)), HOUR, 2 * HOUR, 4 * HOUR))
"""The default, without its lifetime: quick while a greylist or a restart may be the cause, then every four hours."""

DAPTIN = Schedule(tuple(2**n * MINUTE for n in range(1, 5)), jitter=0.0)
"""Daptin's: 2^n minutes, five tries."""


def chosen(text: str, lifetime: timedelta) -> Schedule:
    """The schedule that ``mail.outbound.schedule`` means: ``daptin``, or waits such as ``5m 30m 2h``; else the default.

    ``lifetime`` is for all but Daptin's, which counts tries.
    """
    text = text.strip().lower()
    if text == "daptin":
        return DAPTIN
    own = _waits(text)
    return evolve(STANDARD, delays=own or STANDARD.delays, lifetime=lifetime.total_seconds())


def _waits(text: str) -> tuple[float, ...]:
    words = text.replace(",", " ").split()
    found = [_WAIT.fullmatch(word) for word in words]
    if not found or len(found) > MAX_DELAYS:
        return ()
    waits = tuple(int(match[1]) * UNITS[match[2]] if match else 0.0 for match in found)
    return waits if all(SHORTEST <= wait <= LONGEST for wait in waits) else ()
