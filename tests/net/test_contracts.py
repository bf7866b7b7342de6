"""Clocks, identifiers and blocking calls: real ones and those of the tests keep the same promises."""

from typing import Any

from twisted.internet.task import Clock
from twisted.python.threadpool import ThreadPool

from daptinmail.net.blocking import PoolBlocking
from daptinmail.net.runtime import RandomIdentifiers, SystemClock
from tests.contracts import runtime as contract
from tests.support.accounts import HeldBlocking
from tests.support.queue import ReactorClock
from tests.support.runtime import CountingIdentifiers, SteadyClock, SynchronousBlocking
from tests.support.storage import ThreadCalls
from tests.support.stored import fired


class SystemClockTests(contract.ClockContract):
    """The real one."""

    clock = SystemClock()


class SteadyClockTests(contract.ClockContract):
    """One that stands still."""

    clock = SteadyClock()


class ReactorClockTests(contract.ClockContract):
    """One that moves with timers."""

    clock = ReactorClock(Clock())


class RandomIdentifiersTests(contract.IdentifiersContract):
    """The real ones."""

    def setUp(self) -> None:
        self.clock = SteadyClock()
        self.identifiers = RandomIdentifiers(self.clock)

    def wait(self) -> None:
        """A millisecond passes."""
        self.clock.advance(0.001)


class CountingIdentifiersTests(contract.IdentifiersContract):
    """Those that count."""

    def setUp(self) -> None:
        self.identifiers = CountingIdentifiers()


class PoolBlockingTests(contract.BlockingContract):
    """In threads."""

    def setUp(self) -> None:
        pool, self.calls = ThreadPool(0, 2), ThreadCalls()
        pool.start()
        self.addCleanup(pool.stop)
        self.blocking = PoolBlocking(self.calls, pool)

    def settled(self, waiting: Any) -> Any:
        """When the thread has answered."""
        return self.calls.settle(waiting)


class SynchronousBlockingTests(contract.BlockingContract):
    """At once."""

    blocking = SynchronousBlocking()

    def settled(self, waiting: Any) -> Any:
        """It is there."""
        return fired(waiting)


class HeldBlockingTests(contract.BlockingContract):
    """When told."""

    def setUp(self) -> None:
        self.blocking = HeldBlocking()

    def settled(self, waiting: Any) -> Any:
        """Now."""
        self.blocking.release_all()
        return fired(waiting)
