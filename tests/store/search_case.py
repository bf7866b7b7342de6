"""What the promises of ``IMessageStore.find`` are run with over the real store."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

from twisted.internet.defer import Deferred
from twisted.internet.task import Clock

from daptinmail.events.log import EventLog
from daptinmail.interfaces.storage import ITransaction
from daptinmail.store.messagestore import MessageStore
from daptinmail.store.text_file import TextFile
from daptinmail.store.text_indexer import TextIndexer
from daptinmail.store.text_postgresql import PostgresqlTextIndex
from daptinmail.store.text_sqlite import SqliteTextIndex
from tests.contracts.search import SearchCase
from tests.support.runtime import SynchronousBlocking
from tests.support.stored import Stored

T = TypeVar("T")


class StoredCase(SearchCase):
    """Mix in before a test case; ``use`` says what it runs over."""

    stored: Stored

    def use(self, stored: Stored) -> None:
        """Open two accounts."""
        self.stored = stored
        self.store, self.clock = stored.store, stored.clock
        self.account = self.in_transaction(lambda t: stored.open_account(t, "a@example.test"))
        self.neighbour = self.in_transaction(lambda t: stored.open_account(t, "b@example.test"))

    def in_transaction(self, work: Callable[[ITransaction], T]) -> T:
        return self.stored.now(work)

    def settled(self, waiting: "Deferred[Any]") -> Any:
        return self.stored.settle(waiting)


class IndexedCase(StoredCase):
    """A store with an index, which catches up when it is told."""

    index: SqliteTextIndex | PostgresqlTextIndex
    indexer: TextIndexer
    timers: Clock

    def open_index(self, index: SqliteTextIndex | PostgresqlTextIndex) -> None:
        """Use ``index`` as at the start of a server."""
        blocking, stored, self.index = SynchronousBlocking(), self.stored, index
        self.now(index.open())
        events = EventLog(stored.storage, stored.clock)
        stored.store = self.store = MessageStore(
            stored.storage, stored.mail_dir, stored.clock, stored.identifiers, events, blocking, "mail.test", index
        )
        self.timers = Clock()
        self.indexer = TextIndexer(index, self.store, blocking, self.timers)
        index.woken = self.indexer.wake

    def settle_index(self) -> None:
        """Index all that waits."""
        while self.now(self.indexer.step()):
            pass
        while self.now(self.index.forget()):
            pass
        self.assertEqual(self.now(self.index.lag()), 0)


class SqliteCase(IndexedCase):
    """An index in a file beside a database file, both in ``base``."""

    base: Path
    index: SqliteTextIndex
    file: TextFile
    has_grams = True

    def begin(self, base: Path) -> None:
        """Make both."""
        self.base = base
        self.use(Stored.threaded(base, self))
        self.restart()
        self.addCleanup(lambda: self.now(self.index.close()))

    def restart(self) -> None:
        """Open the index anew."""
        blocking = SynchronousBlocking()
        self.file = TextFile(self.base / "search", self.base / "db")
        self.file.has_grams = self.has_grams and self.file.has_grams
        self.open_index(SqliteTextIndex(self.stored.storage, blocking, blocking, self.file))
