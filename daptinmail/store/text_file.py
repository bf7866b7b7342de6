"""The file of the text index: SQLite, made again from the mail when it is lost. Blocking; any thread.

``head`` has the fields that people search, ``text`` all text, ``grams`` which runs of three characters are in which
text (FTS5). ``pending`` are contents up to ``state.mark`` whose text could not be read; all others up to it are here.
"""

import os
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from queue import Empty, SimpleQueue

from attrs import define, field, frozen

from daptinmail.interfaces.search import Found, IndexCriterion, SearchText, Unread
from daptinmail.store.text import head_of
from daptinmail.store.text_queries import find

FORMAT = 2
"""Another number stands in files of other versions, which are thrown away."""

_TABLES = """
    CREATE TABLE head (
        id INTEGER PRIMARY KEY, sent_day INTEGER, subject TEXT, "from" TEXT, "to" TEXT, cc TEXT, bcc TEXT
    );
    CREATE TABLE text (id INTEGER PRIMARY KEY, header TEXT NOT NULL, mime TEXT NOT NULL, body TEXT NOT NULL);
    CREATE TABLE pending (id INTEGER PRIMARY KEY);
    CREATE TABLE state (mark INTEGER NOT NULL, witness BLOB NOT NULL, has_grams INTEGER NOT NULL);
"""
_GRAMS = """
    CREATE VIRTUAL TABLE {schema}grams USING fts5(
        header, mime, body, content='text', content_rowid='id', detail='none', tokenize='trigram case_sensitive 1'
    )
"""
_ADD_HEAD = "INSERT INTO head VALUES (?, ?, ?, ?, ?, ?, ?)"
_ADD_TEXT = "INSERT INTO text VALUES (?, ?, ?, ?)"
_ADD_GRAMS = "INSERT INTO grams (rowid, header, mime, body) VALUES (?, ?, ?, ?)"
_ADVANCE = "UPDATE state SET mark = ?, witness = ? WHERE mark < ?"
_DROP_GRAMS = """
    INSERT INTO grams (grams, rowid, header, mime, body) SELECT 'delete', id, header, mime, body FROM text WHERE id = ?
"""
_FOREIGN = """
    SELECT mark > coalesce((SELECT seq FROM mail_db.sqlite_sequence WHERE name = 'mail_content'), 0)
        OR EXISTS (SELECT 1 FROM mail_db.mail_content WHERE id = mark AND email_id <> witness)
    FROM state
"""


class Unusable(Exception):
    """The file is of another version, or belongs to another database."""


@frozen
class Reader:
    """A connection that reads both databases."""

    generation: int
    connection: sqlite3.Connection


@define(eq=False)
class TextFile:
    """The index at ``path`` of the mail in the database at ``mail_database``.

    Each method raises ``sqlite3.Error`` if a file cannot be used. One thread at a time may write.
    """

    path: Path
    mail_database: Path
    has_grams: bool = field(init=False)
    generation: int = field(default=0, init=False)
    """Counts the files that were at ``path``."""
    _writer: sqlite3.Connection | None = field(default=None, init=False)
    _idle: "SimpleQueue[Reader]" = field(factory=SimpleQueue, init=False)

    def __attrs_post_init__(self) -> None:
        self.has_grams = has_trigrams()

    def open(self) -> bool:
        """Open the file, make it if there is none; false if there was one that had to be thrown away."""
        try:
            self._open()
        except (sqlite3.DatabaseError, Unusable):
            self.reset(self.generation)
            return False
        return True

    def reset(self, generation: int) -> None:
        """Begin with an empty file, if that of ``generation`` is still in use."""
        if generation != self.generation:
            return
        self.discard()
        self._open()

    def discard(self) -> None:
        """Close the file and remove it."""
        self.close()
        for suffix in ("", "-wal", "-shm"):
            with suppress(FileNotFoundError):
                os.unlink(f"{self.path}{suffix}")

    def close(self) -> None:
        """Close what is open; readers that are at work close their own."""
        self.generation += 1
        if self._writer is not None:
            self._writer.close()
            self._writer = None
        with suppress(Empty):
            while True:
                self._idle.get_nowait().connection.close()

    # Writing

    def add(self, texts: Sequence[tuple[Unread, SearchText | None]]) -> None:
        """Take texts, in the order of their ids."""
        with self._transaction() as connection:
            for unread, text in texts:
                key = unread.content_id
                if text is None:
                    connection.execute("INSERT OR IGNORE INTO pending VALUES (?)", (key,))
                    continue
                connection.execute("DELETE FROM pending WHERE id = ?", (key,))
                connection.execute(_ADD_HEAD, (key, text.sent_day, *head_of(text)))
                connection.execute(_ADD_TEXT, (key, text.header, text.mime, text.body))
                if self.has_grams:
                    connection.execute(_ADD_GRAMS, (key, text.header, text.mime, text.body))
            last = texts[-1][0]
            connection.execute(_ADVANCE, (last.content_id, last.email_id, last.content_id))

    def remove(self, content_ids: Sequence[int]) -> None:
        """Let go of contents; those that are not here are passed over."""
        keys = [(key,) for key in content_ids]
        with self._transaction() as connection:
            if self.has_grams:
                connection.executemany(_DROP_GRAMS, keys)
            for table in ("head", "text", "pending"):
                connection.executemany(f"DELETE FROM {table} WHERE id = ?", keys)  # noqa: S608 - names are ours

    # Reading

    def pending(self) -> list[int]:
        """Contents that could not be read."""
        with self._reading() as connection:
            return [row[0] for row in connection.execute("SELECT id FROM pending ORDER BY id")]

    def mark(self) -> int:
        """All contents up to this id have been heard of."""
        with self._reading() as connection:
            mark: int = connection.execute("SELECT mark FROM state").fetchone()[0]
            return mark

    def find(self, mailbox_id: int, criterion: IndexCriterion, uids: Sequence[int] | None) -> Found:
        """What is known of a mailbox. Raises ``NotFound``."""
        with self._reading() as connection:
            return find(connection, mailbox_id, criterion, uids, self.has_grams)

    # Inside

    def _open(self) -> None:
        os.close(os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_CLOEXEC, 0o600))
        self._writer = writer = sqlite3.connect(self.path, isolation_level=None, check_same_thread=False)
        for pragma in (
            "page_size=16384",
            "journal_mode=WAL",
            "synchronous=NORMAL",
            "busy_timeout=10000",
            "journal_size_limit=16777216",
        ):
            writer.execute(f"PRAGMA {pragma}")
        version = writer.execute("PRAGMA user_version").fetchone()[0]
        if version == 0:
            self._make(writer)
        elif version != FORMAT or writer.execute("SELECT has_grams FROM state").fetchone()[0] != self.has_grams:
            raise Unusable
        with self._reading() as connection:
            if connection.execute(_FOREIGN).fetchone()[0]:
                raise Unusable

    def _make(self, writer: sqlite3.Connection) -> None:
        grams = _GRAMS.format(schema="") + ";" if self.has_grams else ""
        first = f"INSERT INTO state VALUES (0, x'', {int(self.has_grams)});"  # noqa: S608 - a number
        writer.executescript(f"BEGIN; {_TABLES} {grams} {first} PRAGMA user_version={FORMAT}; COMMIT")

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        if self._writer is None:
            raise sqlite3.OperationalError("the text index is not open")
        self._writer.execute("BEGIN IMMEDIATE")
        try:
            yield self._writer
            self._writer.execute("COMMIT")
        except BaseException:
            with suppress(sqlite3.Error):
                self._writer.execute("ROLLBACK")
            raise

    @contextmanager
    def _reading(self) -> Iterator[sqlite3.Connection]:
        """One snapshot of the index, and one of the mail that is not older."""
        reader = self._borrow()
        try:
            reader.connection.execute("BEGIN")
            yield reader.connection
            reader.connection.execute("COMMIT")
        except BaseException:
            reader.connection.close()
            raise
        if reader.generation == self.generation:
            self._idle.put(reader)
        else:
            reader.connection.close()

    def _borrow(self) -> Reader:
        with suppress(Empty):
            while True:
                reader = self._idle.get_nowait()
                if reader.generation == self.generation:
                    return reader
                reader.connection.close()
        generation = self.generation
        if self._writer is None:
            raise sqlite3.OperationalError("the text index is not open")
        connection = sqlite3.connect(self.path, isolation_level=None, check_same_thread=False)
        for pragma in ("query_only=ON", "busy_timeout=10000", "temp_store=MEMORY", "cache_size=-8192"):
            connection.execute(f"PRAGMA {pragma}")
        connection.execute("ATTACH DATABASE ? AS mail_db", (str(self.mail_database),))
        return Reader(generation, connection)


def has_trigrams() -> bool:
    """Whether this SQLite can index runs of three characters (FTS5, 3.34)."""
    connection = sqlite3.connect(":memory:")
    try:
        connection.executescript(f"{_TABLES} {_GRAMS.format(schema='')}")
    except sqlite3.Error:
        return False
    finally:
        connection.close()
    return True
