"""Blocking calls in threads that stay warm."""

from threading import Event, get_ident
from typing import Any

from twisted.internet.defer import CancelledError, Deferred
from zope.interface.verify import verifyObject

from daptinmail.interfaces.runtime import IBlocking
from daptinmail.net.threads import WarmThreads
from tests.contracts import runtime as contract
from tests.support.storage import ThreadCalls


class WarmThreadsTests(contract.BlockingContract):
    """The seam over real threads; the reactor is turned by hand."""

    def setUp(self) -> None:
        self.calls = ThreadCalls()
        self.blocking = WarmThreads(self.calls, 2, "test")
        self.addCleanup(self.blocking.stop)

    def settled(self, waiting: Any) -> Any:
        """When the thread has answered."""
        return self.calls.settle(waiting)

    def test_provides_the_seam(self) -> None:
        """It can stand wherever blocking calls are made."""
        verifyObject(IBlocking, self.blocking)

    def test_one_thread_for_one_caller(self) -> None:
        """Who waits for each call before the next meets the same thread, and never the caller's own."""
        threads = {self.settled(self.blocking.run(get_ident)) for _ in range(5)}
        self.assertEqual(len(threads), 1)
        self.assertNotIn(get_ident(), threads)

    def test_others_go_on_beside_a_slow_call(self) -> None:
        """A call that hangs holds up nobody while there is another thread."""
        hung = Event()
        slow: Deferred[bool] = self.blocking.run(hung.wait, 60)
        self.assertEqual(self.settled(self.blocking.run(len, "abc")), 3)
        hung.set()
        self.assertTrue(self.settled(slow))

    def test_more_calls_than_threads(self) -> None:
        """Calls beyond the limit wait their turn, in order."""
        gate, done = Event(), list[int]()
        waiting: list[Deferred[Any]] = [self.blocking.run(gate.wait, 60) for _ in range(2)]
        waiting += [self.blocking.run(done.append, number) for number in range(4)]
        gate.set()
        for one in waiting:
            self.settled(one)
        self.assertEqual(sorted(done), [0, 1, 2, 3])

    def test_cancelled(self) -> None:
        """Who gives up waiting hears so at once; what the call answers later is dropped."""
        gate = Event()
        slow: Deferred[bool] = self.blocking.run(gate.wait, 60)
        slow.cancel()
        gate.set()
        self.settled(slow.addErrback(lambda failure: failure.trap(CancelledError)))
        self.calls.turn()
        self.assertEqual(self.settled(self.blocking.run(len, "abc")), 3)

    def test_stopped(self) -> None:
        """Stopping waits for what was asked for; nothing more is taken then."""
        gate, done = Event(), list[int]()
        for _ in range(2):
            self.blocking.run(gate.wait, 60)
        self.blocking.run(done.append, 1)
        gate.set()
        self.blocking.stop()
        self.assertEqual(done, [1])
        failed = self.settled(self.blocking.run(len, "abc"))
        self.assertIsNotNone(failed.check(RuntimeError))
