"""SEARCH's finds with the text index in PostgreSQL. Skipped where its server is not installed."""

from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from daptinmail.db.engine import open_engine
from daptinmail.interfaces.search import BodyContains, SearchText, Unread
from daptinmail.store.text_postgresql import PostgresqlTextIndex
from tests.contracts.search import SearchContract
from tests.store.search_case import IndexedCase
from tests.support.postgresql import empty_tables
from tests.support.runtime import SynchronousBlocking
from tests.support.stored import Stored


class PostgresqlFinds(IndexedCase, SearchContract, SynchronousTestCase):
    """``MessageStore.find`` over ``PostgresqlTextIndex``."""

    def setUp(self) -> None:
        base = Path(self.mktemp()).absolute()
        base.mkdir(parents=True)
        engine = empty_tables()
        self.use(Stored.over(engine, base, self))
        writing = open_engine(engine.url.render_as_string(hide_password=False))
        self.open_index(PostgresqlTextIndex(self.stored.storage, SynchronousBlocking(), writing))
        self.addCleanup(lambda: self.now(self.index.close()))

    def test_reset(self) -> None:
        """An index that is emptied knows that it knows nothing, and is filled again."""
        self.fill()
        self.settle_index()
        for reset in (lambda: self.now(self.index.reset()), self.index.discard):
            reset()
            self.finds(BodyContains("quick"), 1)
            self.assertEqual(self.now(self.index.lag()), 3)
            self.settle_index()
            self.finds(BodyContains("quick"), 1)

    def test_gone_meanwhile(self) -> None:
        """A content that goes while it is read for the index is passed over; one that cannot be read stays unknown."""
        self.fill()
        unread = self.now(self.index.unread(1))
        gone = Unread(4711, b"", None, None)
        self.now(self.index.add([(unread[0], None), (gone, SearchText("", "", ""))]))
        self.settle_index()
        self.finds(BodyContains("quick"), 1)
