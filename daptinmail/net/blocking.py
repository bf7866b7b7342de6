"""Blocking calls to threads; the rim between coroutines and Deferreds."""

from collections.abc import Callable, Coroutine
from functools import wraps
from typing import Any, ParamSpec, TypeVar

from attrs import define
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IReactorFromThreads
from twisted.internet.threads import deferToThreadPool
from twisted.python.threadpool import ThreadPool
from zope.interface import implementer

from daptinmail.interfaces.runtime import IBlocking

P = ParamSpec("P")
T = TypeVar("T")


@implementer(IBlocking)
@define
class PoolBlocking:
    """Runs calls in a Twisted thread pool, which its owner starts and stops."""

    reactor: IReactorFromThreads
    pool: ThreadPool

    def run(self, function: Callable[..., T], *arguments: object) -> "Deferred[T]":
        """Run ``function(*arguments)`` in the pool."""
        return deferToThreadPool(self.reactor, self.pool, function, *arguments)


def deferred(function: Callable[P, Coroutine[Any, Any, T]]) -> Callable[P, "Deferred[T]"]:
    """Make an ``async def`` answer a Deferred, for methods that Twisted calls."""

    @wraps(function)
    def start(*arguments: P.args, **keywords: P.kwargs) -> "Deferred[T]":
        return Deferred.fromCoroutine(function(*arguments, **keywords))

    return start
