"""The real store keeps its promises: over storage in memory, and over the storage thread."""

from collections.abc import Callable
from typing import TypeVar

from twisted.trial.unittest import SynchronousTestCase

from daptinmail.interfaces.storage import ITransaction
from tests.contracts.message_store import MessageStoreContract
from tests.support.stored import Stored

T = TypeVar("T")


class MessageStoreTests(MessageStoreContract, SynchronousTestCase):
    """``MessageStore`` keeps the contract."""

    def setUp(self) -> None:
        self.stored = Stored()
        self.store, self.clock = self.stored.store, self.stored.clock
        self.account = self.in_transaction(lambda t: self.stored.open_account(t, "a@example.test"))
        self.neighbour = self.in_transaction(lambda t: self.stored.open_account(t, "b@example.test"))

    def in_transaction(self, work: Callable[[ITransaction], T]) -> T:
        return self.stored.now(work)
