"""SEARCH's finds, over the store in memory and the real one without a text index."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from twisted.internet.defer import Deferred
from twisted.trial.unittest import SynchronousTestCase

from daptinmail.interfaces.storage import ITransaction
from tests.contracts.search import SearchContract
from tests.store import test_memory_store
from tests.support.stored import Stored

T = TypeVar("T")


class MemoryFinds(SearchContract, SynchronousTestCase):
    """``MemoryMessageStore.find``."""

    setUp = test_memory_store.MemoryMessageStoreTests.setUp


class DirectFinds(SearchContract, SynchronousTestCase):
    """``MessageStore.find``, reading every message."""

    stored: Stored

    def setUp(self) -> None:
        self.use(Stored.in_memory())

    def use(self, stored: Stored) -> None:
        """Open two accounts."""
        self.stored = stored
        self.store, self.clock = stored.store, stored.clock
        self.account = self.in_transaction(lambda t: stored.open_account(t, "a@example.test"))
        self.neighbour = self.in_transaction(lambda t: stored.open_account(t, "b@example.test"))

    def in_transaction(self, work: Callable[[ITransaction], T]) -> T:
        return self.stored.now(work)


class ThreadedFinds(DirectFinds):
    """The same over the storage thread."""

    def setUp(self) -> None:
        self.use(Stored.threaded(Path(self.mktemp()).absolute(), self))

    def settled(self, waiting: "Deferred[Any]") -> Any:
        return self.stored.settle(waiting)
