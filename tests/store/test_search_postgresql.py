"""SEARCH's finds with the text index in PostgreSQL. Skipped where its server is not installed."""

from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from daptinmail.db.engine import open_engine
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
