"""SEARCH's finds with the text index, and what becomes of the index in accidents."""

from pathlib import Path

from twisted.internet.task import Clock

from daptinmail.events.log import EventLog
from daptinmail.store.messagestore import MessageStore
from daptinmail.store.text_file import TextFile
from daptinmail.store.text_indexer import TextIndexer
from daptinmail.store.text_sqlite import SqliteTextIndex
from tests.store import test_search
from tests.support.runtime import SynchronousBlocking
from tests.support.stored import Stored


class IndexedFinds(test_search.ThreadedFinds):
    """``MessageStore.find`` over ``SqliteTextIndex``."""

    base: Path
    index: SqliteTextIndex
    indexer: TextIndexer

    def setUp(self) -> None:
        self.base = Path(self.mktemp()).absolute()
        self.use(Stored.threaded(self.base, self))
        self.open_index()
        self.addCleanup(lambda: self.now(self.index.close()))

    def text_file(self) -> TextFile:
        """The file of the index."""
        return TextFile(self.base / "search", self.base / "db")

    def open_index(self) -> None:
        """As at the start of a server."""
        blocking, stored = SynchronousBlocking(), self.stored
        self.index = SqliteTextIndex(stored.storage, blocking, blocking, self.text_file())
        self.now(self.index.open())
        events = EventLog(stored.storage, stored.clock)
        stored.store = self.store = MessageStore(
            stored.storage, stored.mail_dir, stored.clock, stored.identifiers, events, blocking, "mail.test", self.index
        )
        self.indexer = TextIndexer(self.index, self.store, blocking, Clock())

    def settle_index(self) -> None:
        """Index all that waits."""
        while self.now(self.indexer.step()):
            pass
        while self.now(self.index.forget()):
            pass
        self.assertEqual(self.now(self.index.lag()), 0)
