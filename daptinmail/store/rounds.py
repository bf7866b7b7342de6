"""Work that is done again and again. Reactor thread only."""

from collections.abc import Awaitable, Callable

from attrs import define, field
from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.logger import Logger
from twisted.python.failure import Failure

log = Logger()


@define(eq=False)
class Rounds:
    """Calls ``work`` every ``interval`` seconds, the first time after ``first``; never twice at a time."""

    name: str
    work: Callable[[], Awaitable[object]]
    interval: float
    first: float
    _timers: IReactorTime | None = field(default=None, init=False)
    _later: IDelayedCall | None = field(default=None, init=False)
    _running: "Deferred[None] | None" = field(default=None, init=False)

    def start(self, timers: IReactorTime) -> None:
        """From now on."""
        self._timers = timers
        self._later = timers.callLater(self.first, self._begin)

    async def stop(self) -> None:
        """No more; what is under way ends."""
        self._timers = None
        if self._later is not None:
            self._later.cancel()
            self._later = None
        if self._running is not None:
            self._running.cancel()

    def _begin(self) -> None:
        self._later = None
        running = Deferred.fromCoroutine(self._round()).addErrback(self._report).addCallback(self._again)
        self._running = None if running.called else running

    async def _round(self) -> None:
        await self.work()

    def _report(self, failure: Failure) -> None:
        if not failure.check(CancelledError):
            log.failure("{name} failed", failure, name=self.name)

    def _again(self, _: None) -> None:
        self._running = None
        if self._timers is not None:
            self._later = self._timers.callLater(self.interval, self._begin)
