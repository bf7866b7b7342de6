"""Threads for blocking calls, the warmest first."""

from collections import deque
from collections.abc import Callable
from queue import SimpleQueue
from threading import Thread
from typing import Any, TypeVar

from attrs import define, field, frozen
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorFromThreads
from twisted.python.failure import Failure
from zope.interface import implementer

from daptinmail.interfaces.runtime import IBlocking

T = TypeVar("T")


@frozen
class _Call:
    """What to run, and who waits for it."""

    function: Callable[..., Any]
    arguments: tuple[object, ...]
    waiter: "Deferred[Any]"


@define(eq=False)
class _Worker:
    """A thread, and what it is given."""

    calls: "SimpleQueue[_Call | None]" = field(factory=SimpleQueue)
    thread: Thread | None = None


@implementer(IBlocking)
@define(eq=False)
class WarmThreads:
    """Up to ``limit`` threads, made when they are needed.

    A call goes to the thread that became free last: what it needs is in a processor's cache. Threads that share a queue
    take turns instead, and a short call takes two or three times as long. Reactor thread only.
    """

    _reactor: IReactorFromThreads
    _limit: int
    _name: str
    _workers: list[_Worker] = field(factory=list, init=False)
    _idle: list[_Worker] = field(factory=list, init=False)
    _waiting: "deque[_Call]" = field(factory=deque, init=False)
    _stopped: bool = field(default=False, init=False)

    def run(self, function: Callable[..., T], *arguments: object) -> "Deferred[T]":
        """Run ``function(*arguments)`` in a thread; calls beyond the limit wait in order."""
        waiter: Deferred[T] = Deferred()
        call = _Call(function, arguments, waiter)
        if self._stopped:
            waiter.errback(RuntimeError("the threads have stopped"))
        elif self._idle:
            self._idle.pop().calls.put(call)
        elif len(self._workers) < self._limit:
            self._start().calls.put(call)
        else:
            self._waiting.append(call)
        return waiter

    def stop(self) -> None:
        """Wait for the calls that run, and for those that wait. Blocking; when the reactor has stopped, or nearly."""
        self._stopped = True
        while self._waiting:
            self._workers[0].calls.put(self._waiting.popleft())
        for worker in self._workers:
            worker.calls.put(None)
        for worker in self._workers:
            if worker.thread is not None:
                worker.thread.join()
        self._workers.clear()
        self._idle.clear()

    def _start(self) -> _Worker:
        worker = _Worker()
        worker.thread = Thread(
            target=self._work, args=(worker,), name=f"{self._name}-{len(self._workers)}", daemon=True
        )
        self._workers.append(worker)
        worker.thread.start()
        return worker

    def _work(self, worker: _Worker) -> None:
        """One thread."""
        while (call := worker.calls.get()) is not None:
            try:
                result = call.function(*call.arguments)
            except BaseException:  # noqa: BLE001 - raised where the result is awaited
                self._reactor.callFromThread(self._done, worker, call.waiter.errback, Failure())
            else:
                self._reactor.callFromThread(self._done, worker, call.waiter.callback, result)
                del result
            del call

    def _done(self, worker: _Worker, tell: Callable[[Any], None], result: Any) -> None:
        if self._waiting:
            worker.calls.put(self._waiting.popleft())
        elif not self._stopped:
            self._idle.append(worker)
        tell(result)
