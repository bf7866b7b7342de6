"""When to try again (RFC 5321 §4.5.4.1)."""

from datetime import timedelta
from random import Random

from attrs import frozen

MINUTE = 60.0
HOUR = 3600.0


@frozen
class Schedule:
    """``delays`` in seconds after the first, second, ... failure; ``jitter`` is the largest share added by chance."""

    delays: tuple[float, ...]
    jitter: float = 0.1

    def after(self, failures: int, random: Random) -> timedelta | None:
        """How long to wait after this many failures; ``None`` to give up."""
        if failures > len(self.delays):
            return None
        delay = self.delays[max(failures, 1) - 1]
        return timedelta(seconds=delay * (1 + self.jitter * random.random()))


TWO_DAYS = Schedule((*(minutes * MINUTE for minutes in (2, 5, 10, 20, 40)), HOUR, 2 * HOUR, *(4 * HOUR,) * 11))
"""The default: quick while a greylist or a restart may be the cause, then every four hours until two days are over."""

DAPTIN = Schedule(tuple(2**n * MINUTE for n in range(1, 5)), jitter=0.0)
"""Daptin's: 2^n minutes, five tries."""


def named(name: str) -> Schedule:
    """The schedule that ``mail.outbound.schedule`` names; the default for a name it does not know."""
    return DAPTIN if name.strip().lower() == "daptin" else TWO_DAYS
