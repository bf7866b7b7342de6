"""The text index of SEARCH, with the thread that writes it."""

from pathlib import Path
from typing import Any

from attrs import define, field
from sqlalchemy import make_url
from twisted.python.threadpool import ThreadPool

from daptinmail.db.engine import open_engine
from daptinmail.interfaces.messages import IMessageStore
from daptinmail.interfaces.runtime import IBlocking
from daptinmail.interfaces.storage import IStorage
from daptinmail.net.blocking import PoolBlocking
from daptinmail.settings import Boot
from daptinmail.store.text_file import TextFile
from daptinmail.store.text_indexer import TextIndexer
from daptinmail.store.text_postgresql import PostgresqlTextIndex
from daptinmail.store.text_sqlite import SqliteTextIndex

FILE_NAME = "search.sqlite"
"""In the data directory. It may be removed while no server runs: it is made again from the mail."""


@define(eq=False)
class TextIndexing:
    """Owns the index and its thread; ``keep`` says which store it reads from."""

    reactor: Any
    blocking: IBlocking
    pool: ThreadPool
    index: SqliteTextIndex | PostgresqlTextIndex
    indexer: TextIndexer | None = field(default=None, init=False)

    def keep(self, store: IMessageStore) -> TextIndexer:
        """What keeps the index up with ``store``."""
        self.indexer = TextIndexer(self.index, store, self.blocking, self.reactor)
        self.index.woken = self.indexer.wake
        return self.indexer

    async def open(self) -> None:
        """Open the index and begin to keep it up."""
        self.pool.start()
        await self.index.open()
        if self.indexer is not None:
            self.indexer.start()

    async def discard(self) -> None:
        """Let the next start make the index anew. Only while it is not open."""
        await self.blocking.run(self.index.discard)

    async def stop(self) -> None:
        """Let the batch at work be written, then end the thread. Harmless if it was not open."""
        if not self.pool.started:
            return
        if self.indexer is not None:
            await self.indexer.stop()
        await self.index.close()
        self.pool.stop()


def make_text_index(boot: Boot, reactor: Any, storage: IStorage, blocking: IBlocking) -> TextIndexing:
    """The index that fits the database. Blocking."""
    pool = ThreadPool(0, 1, "search")
    writer, url = PoolBlocking(reactor, pool), make_url(boot.database_url)
    index: SqliteTextIndex | PostgresqlTextIndex
    if url.get_backend_name() == "postgresql":
        index = PostgresqlTextIndex(storage, writer, open_engine(boot.database_url))
    else:
        file = TextFile(boot.data_dir / FILE_NAME, Path(str(url.database)).absolute())
        index = SqliteTextIndex(storage, blocking, writer, file)
    return TextIndexing(reactor, blocking, pool, index)
