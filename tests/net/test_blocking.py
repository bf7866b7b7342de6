"""Blocking calls in threads."""

from threading import get_ident

from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorFromThreads
from twisted.python.threadpool import ThreadPool
from twisted.trial.unittest import TestCase
from zope.interface.verify import verifyObject

from daptinmail.interfaces.runtime import IBlocking
from daptinmail.net.blocking import PoolBlocking, deferred


class BlockingTests(TestCase):
    """Calls leave the reactor thread and come back."""

    def setUp(self) -> None:
        from twisted.internet import reactor

        self.pool = ThreadPool(1, 2)
        self.pool.start()
        self.addCleanup(self.pool.stop)
        self.blocking = PoolBlocking(IReactorFromThreads(reactor), self.pool)

    def test_provides_the_seam(self) -> None:
        """It can stand wherever blocking calls are made."""
        verifyObject(IBlocking, self.blocking)

    @deferred
    async def test_runs_elsewhere(self) -> None:
        """The call runs in another thread with its arguments, and its result comes back to this one."""
        here = get_ident()
        there, total = await self.blocking.run(lambda a, b: (get_ident(), a + b), 1, 2)
        self.assertNotEqual(here, there)
        self.assertEqual(total, 3)
        self.assertEqual(get_ident(), here)

    @deferred
    async def test_errors_come_back(self) -> None:
        """An exception in the thread is raised where the result was awaited."""
        with self.assertRaises(ZeroDivisionError):
            await self.blocking.run(lambda: 1 // 0)

    def test_deferred(self) -> None:
        """A coroutine function becomes one that Twisted may call."""

        @deferred
        async def answer(value: int) -> int:
            return value

        result = answer(42)
        self.assertIsInstance(result, Deferred)
        self.assertEqual(self.successResultOf(result), 42)
