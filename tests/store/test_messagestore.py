"""The real store keeps its promises: over storage in memory, and over the storage thread."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from twisted.internet.defer import Deferred
from twisted.trial.unittest import SynchronousTestCase

from daptinmail.db.engine import open_engine
from daptinmail.db.migrate import migrate
from daptinmail.db.storage import Storage
from daptinmail.interfaces.storage import ITransaction
from tests.contracts.message_store import MessageStoreContract
from tests.support.runtime import SteadyClock, SynchronousBlocking
from tests.support.storage import ThreadCalls
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
    """The same over the storage thread and a database file, synced for real."""

    def setUp(self) -> None:
        base = Path(self.mktemp()).absolute()
        base.mkdir()
        engine = open_engine(f"sqlite:///{base / 'db'}")
        migrate(engine)
        clock, calls = SteadyClock(), ThreadCalls()
        storage = Storage(engine, clock, calls, SynchronousBlocking())
        storage.start()
        self.settle = calls.settle
        self.addCleanup(lambda: calls.settle(storage.stop()))
        self.use(Stored(storage, base / "mail", calls.settle, clock))

    def settled(self, waiting: "Deferred[Any]") -> Any:
        """Turn the reactor by hand."""
        return self.settle(waiting)
