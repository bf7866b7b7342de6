"""The real store keeps its promises: over storage in memory, and over the storage thread."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from twisted.internet.defer import Deferred
from twisted.trial.unittest import SynchronousTestCase

from daptinmail.interfaces.storage import ITransaction
from tests.contracts.message_store import MessageStoreContract
from tests.support.stored import Stored

T = TypeVar("T")


class MessageStoreTests(MessageStoreContract, SynchronousTestCase):
    """``MessageStore`` keeps the contract."""

    def setUp(self) -> None:
        self.use(Stored.in_memory())

    def use(self, stored: Stored) -> None:
        """Open two accounts."""
        self.stored = stored
        self.store, self.clock = self.stored.store, self.stored.clock
        self.account = self.in_transaction(lambda t: self.stored.open_account(t, "a@example.test"))
        self.neighbour = self.in_transaction(lambda t: self.stored.open_account(t, "b@example.test"))

    def in_transaction(self, work: Callable[[ITransaction], T]) -> T:
        return self.stored.now(work)


class ThreadedMessageStoreTests(MessageStoreTests):
    """The same over the storage thread and a database file."""

    def setUp(self) -> None:
        self.use(Stored.threaded(Path(self.mktemp()).absolute(), self))

    def settled(self, waiting: "Deferred[Any]") -> Any:
        """Turn the reactor by hand."""
        return self.stored.settle(waiting)
