"""The store in memory keeps the promises of the real one."""

from collections.abc import Callable, Sequence
from datetime import datetime
from pathlib import Path
from typing import TypeVar

from attrs import define, field
from sqlalchemy import Connection, create_engine
from twisted.trial.unittest import SynchronousTestCase
from zope.interface import implementer

from daptinmail.interfaces.storage import Content, FileNames, Foreseen, ITransaction
from tests.contracts.message_store import MessageStoreContract
from tests.support.memory_store import MemoryMessageStore
from tests.support.runtime import START, CountingIdentifiers, SteadyClock

T = TypeVar("T")


@implementer(ITransaction)
@define(eq=False)
class CallbackTransaction:
    """A transaction that can only call back."""

    connection: Connection = field(factory=lambda: create_engine("sqlite://").connect())
    now: datetime = START
    callbacks: list[Callable[[], None]] = field(factory=list)

    def after_commit(self, callback: Callable[[], None]) -> None:
        """Keep it for the end."""
        self.callbacks.append(callback)

    def place(self, content: Content, path: Path) -> None:
        """No files here."""

    def foresee(self, steps: Sequence[Foreseen]) -> None:
        """No files here."""

    def link(self, source: Path, target: Path) -> None:
        """No files here."""

    def rename(self, source: Path, target: Path) -> None:
        """No files here."""

    def link_all(self, files: FileNames) -> list[int]:
        """No files here."""
        return []

    def rename_all(self, files: FileNames) -> list[int]:
        """No files here."""
        return []

    def make_directory(self, path: Path) -> None:
        """No files here."""

    def remove(self, path: Path) -> None:
        """No files here."""

    def remove_later(self, directory: Path, names: Sequence[str]) -> None:
        """No files here."""

    def after_removal(self, callback: Callable[[], None]) -> None:
        """Nothing is removed."""


class MemoryMessageStoreTests(MessageStoreContract, SynchronousTestCase):
    """``MemoryMessageStore``."""

    def setUp(self) -> None:
        self.clock = SteadyClock()
        memory = MemoryMessageStore(self.clock, CountingIdentifiers())
        self.account, self.neighbour = 1, 2
        memory.open_account(1)
        memory.open_account(2)
        self.store = memory

    def in_transaction(self, work: Callable[[ITransaction], T]) -> T:
        transaction = CallbackTransaction()
        result = work(transaction)
        for callback in transaction.callbacks:
            callback()
        return result
