"""SEARCH's finds with the text index, and what becomes of the index in accidents."""

import sqlite3
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import TypeVar

from attrs import define, field
from sqlalchemy import Connection, update
from twisted.internet.defer import Deferred, fail
from twisted.trial.unittest import SynchronousTestCase
from zope.interface import implementer

import daptinmail
from daptinmail.db.schema import mail_content
from daptinmail.errors import Unavailable
from daptinmail.interfaces.messages import FlagMode
from daptinmail.interfaces.runtime import IBlocking
from daptinmail.interfaces.search import BodyContains, HeaderContains, TextContains
from daptinmail.interfaces.storage import IStorage, ITransaction
from daptinmail.store.text import MAX_TEXT
from daptinmail.store.text_indexer import DELAY, LATEST
from daptinmail.store.text_sqlite import MOST_RESETS
from tests.contracts.message_store_base import DELETED
from tests.contracts.search import GERMAN, PLAIN, SearchContract
from tests.store.search_case import SqliteCase

T = TypeVar("T")

KILLED = """
import os, sys
from pathlib import Path
from daptinmail.interfaces.search import SearchText, Unread
from daptinmail.store.text_file import TextFile

class Killed(TextFile):
    def add(self, texts):
        super().add(texts[:1])
        with self._transaction() as connection:
            connection.execute("UPDATE state SET mark = 99")
            connection.execute("DELETE FROM text")
            os._exit(9)

file = Killed(Path(sys.argv[1]) / "search", Path(sys.argv[1]) / "db")
file.open()
text = SearchText("\\nsubject: hello world\\nfrom: ada\\nlist-id: x", "", "the quick brown fox")
file.add([(Unread(1, bytes.fromhex(sys.argv[2]), 1, 1), text)])
"""


class SqliteFinds(SqliteCase, SearchContract, SynchronousTestCase):
    """``MessageStore.find`` over ``SqliteTextIndex``."""

    def setUp(self) -> None:
        self.begin(Path(self.mktemp()).absolute())


class WithoutTrigrams(SqliteCase, SearchContract, SynchronousTestCase):
    """The same where SQLite is too old for trigrams."""

    has_grams = False

    def setUp(self) -> None:
        self.begin(Path(self.mktemp()).absolute())

    def test_after_an_upgrade(self) -> None:
        """When a newer SQLite has them, the index is made again."""
        self.fill()
        self.settle_index()
        self.has_grams = True
        self.restart()
        self.assertEqual(self.now(self.index.lag()), 3)
        self.settle_index()
        self.finds(BodyContains("quick"), 1)


class Accidents(SqliteCase, SynchronousTestCase):
    """Whatever happens to the index, what is found is right."""

    def setUp(self) -> None:
        self.begin(Path(self.mktemp()).absolute())
        self.fill()

    def all_is_right(self) -> None:
        """Assert some finds."""
        self.finds(BodyContains("quick"), 1)
        self.finds(BodyContains("ß"), 2)
        self.finds(TextContains("ada"), 1, 2)
        self.finds(HeaderContains(b"subject", "KÖLN"), 2)
        self.finds(HeaderContains(b"list-id", ""), 1)

    def texts(self) -> list[int]:
        """Ids of the contents whose text stands in the file."""
        with closing(sqlite3.connect(self.base / "search")) as connection:
            return [row[0] for row in connection.execute("SELECT id FROM text ORDER BY id")]

    def test_killed_before_the_commit(self) -> None:
        """A server that is killed while it writes the index finds the same afterwards, and writes it again."""
        self.now(self.index.close())
        root = Path(daptinmail.__file__).parent.parent
        with closing(sqlite3.connect(self.base / "db")) as connection:
            (email_id,) = connection.execute("SELECT hex(email_id) FROM mail_content WHERE id = 1").fetchone()
        done = subprocess.run([sys.executable, "-c", KILLED, str(self.base), email_id], cwd=root, check=False)
        self.assertEqual(done.returncode, 9)
        self.restart()
        self.assertEqual((self.now(self.index.lag()), self.texts()), (2, [1]))
        self.all_is_right()
        self.settle_index()
        self.all_is_right()
        self.assertEqual(self.texts(), [1, 2, 3])

    def test_lost(self) -> None:
        """A file that was removed while no server ran is made again."""
        self.settle_index()
        self.now(self.index.close())
        (self.base / "search").unlink()
        self.restart()
        self.all_is_right()
        self.settle_index()
        self.assertEqual(self.texts(), [1, 2, 3])
        self.all_is_right()

    def test_not_a_database(self) -> None:
        """A file that is something else is thrown away at the start."""
        self.now(self.index.close())
        (self.base / "search").write_bytes(b"something else" * 1000)
        self.restart()
        self.all_is_right()
        self.settle_index()
        self.all_is_right()

    def test_damaged_while_in_use(self) -> None:
        """A file whose pages are overwritten under a running server is thrown away, and nobody is told wrong."""
        self.settle_index()
        self.damage()
        self.all_is_right()
        self.assertEqual(self.now(self.index.lag()), 3)
        self.settle_index()
        self.all_is_right()

    def test_damaged_again_and_again(self) -> None:
        """After some times it is left alone until the next start; what is found stays right."""
        for _ in range(MOST_RESETS + 1):
            self.settle_index()
            self.damage()
            self.all_is_right()
        self.assertEqual(self.now(self.index.unread(10)), [])
        self.assertGreaterEqual(len(self.flushLoggedErrors()), 0)
        self.restart()
        self.settle_index()
        self.all_is_right()

    def damage(self) -> None:
        """Overwrite the pages that are in the file."""
        with closing(sqlite3.connect(self.base / "search")) as connection:
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        size = (self.base / "search").stat().st_size
        with (self.base / "search").open("r+b") as file:
            file.seek(100)
            file.write(b"\xa5" * (size - 100))
        while not self.file._idle.empty():
            self.file._idle.get().connection.close()

    def test_of_another_database(self) -> None:
        """An index beside a database that was put back from a backup is not believed: its ids mean other messages."""
        self.settle_index()
        self.now(self.index.close())
        with closing(sqlite3.connect(self.base / "search")) as connection, connection:
            connection.execute("UPDATE state SET witness = x'00'")
        self.restart()
        self.assertEqual(self.now(self.index.lag()), 3)
        self.settle_index()
        self.now(self.index.close())
        with closing(sqlite3.connect(self.base / "search")) as connection, connection:
            connection.execute("UPDATE state SET mark = 1000")
        self.restart()
        self.assertEqual(self.now(self.index.lag()), 3)

    def test_reset(self) -> None:
        """An index that is emptied knows that it knows nothing."""
        self.settle_index()
        self.now(self.index.reset())
        self.assertEqual(self.now(self.index.lag()), 3)
        self.all_is_right()

    def test_unreadable(self) -> None:
        """A message that cannot be read now holds up no other; it is indexed at a later start."""
        (path,) = self.stored.mail_dir.rglob("*,U=1,*")
        away = path.with_name("away")
        path.rename(away)
        path.symlink_to("nowhere")
        self.settle_index()
        self.assertEqual(self.texts(), [2, 3])
        path.unlink()
        away.rename(path)
        self.all_is_right()
        self.restart()
        self.settle_index()
        self.assertEqual(self.texts(), [1, 2, 3])
        self.all_is_right()

    def test_fault_of_ours(self) -> None:
        """A message on which our reading fails holds up no other."""
        self.stored.now(
            lambda t: t.connection.execute(update(mail_content).where(mail_content.c.id == 2).values(parts=b"?"))
        )
        self.settle_index()
        self.assertEqual(self.texts(), [1, 3])
        self.assertEqual(len(self.flushLoggedErrors(ValueError)), 1)
        self.assertEqual(self.find(HeaderContains(b"subject", "köln")), [2])

    def test_forgets(self) -> None:
        """When the last copy of a message is gone, its text leaves the index."""
        self.settle_index()
        inbox = self.inbox().id
        self.now(self.store.copy(inbox, [1], self.box("Archive").id))
        for name in ("INBOX", "Archive"):
            box = self.box(name).id
            self.assertEqual(self.texts(), [1, 2, 3])
            self.now(self.store.change_flags(box, [1], FlagMode.ADD, frozenset({DELETED})))
            self.now(self.store.expunge(box))
            self.settle_index()
        self.assertEqual(self.texts(), [2, 3])

    def test_one_of_many(self) -> None:
        """A small mailbox of a large server is searched by itself."""
        for number in range(110):
            self.put(PLAIN.replace(b"quick", b"quick%d" % number), "Archive")
        self.settle_index()
        self.all_is_right()
        self.assertEqual(self.find(BodyContains("quick109 brown"), name="Archive"), [110])
        self.assertEqual(len(self.find(BodyContains("quick1"), name="Archive")), 21)


@implementer(IBlocking)
@define
class BusyThread:
    """Does nothing until it is told."""

    waiting: list[Callable[[], None]] = field(factory=list)

    def run(self, function: Callable[..., T], *arguments: object) -> "Deferred[T]":
        """Keep the call."""
        done: Deferred[T] = Deferred()
        self.waiting.append(lambda: done.callback(function(*arguments)))
        return done

    def work(self) -> None:
        """Do what waits."""
        while self.waiting:
            self.waiting.pop(0)()


@implementer(IStorage)
class Away:
    """A database that does not answer."""

    doubts = 0

    def read(self, work: Callable[[Connection], T]) -> "Deferred[T]":
        """Refuse."""
        return fail(Unavailable(cause="away"))

    def write(self, work: Callable[[ITransaction], T]) -> "Deferred[T]":
        """Refuse."""
        return fail(Unavailable(cause="away"))


class KeepingUp(SqliteCase, SynchronousTestCase):
    """The indexer at work."""

    def setUp(self) -> None:
        self.begin(Path(self.mktemp()).absolute())

    def lag(self) -> int:
        """Contents that are not in the index."""
        return self.now(self.index.lag())

    def turn(self, seconds: float) -> None:
        """Let time go by, and threads do what was asked of them."""
        self.timers.advance(seconds)
        for _ in range(200):
            self.now(self.stored.storage.read(lambda connection: None))
            self.timers.advance(0)

    def test_by_itself(self) -> None:
        """What was there before the start is indexed at once, what comes later a moment after it came."""
        self.fill()
        self.indexer.start()
        self.turn(0)
        self.assertEqual(self.lag(), 0)
        self.put(GERMAN)
        self.turn(DELAY / 2)
        self.assertEqual(self.lag(), 1)
        self.turn(DELAY)
        self.assertEqual(self.lag(), 0)
        self.turn(DELAY)
        self.assertEqual(len(self.timers.getDelayedCalls()), 1)

    def test_mail_of_other_processes(self) -> None:
        """Mail that nobody told of is indexed after a while."""
        self.indexer.start()
        self.turn(0)
        self.index.woken = lambda: None
        self.put(PLAIN)
        self.turn(DELAY)
        self.assertEqual(self.lag(), 1)
        self.turn(LATEST)
        self.assertEqual(self.lag(), 0)

    def test_database_away(self) -> None:
        """While the database is away it waits, and goes on when it is back."""
        self.fill()
        self.index.storage, here = Away(), self.index.storage
        self.indexer.start()
        self.turn(0)
        self.index.storage = here
        self.assertEqual(self.lag(), 3)
        self.turn(LATEST)
        self.assertEqual(self.lag(), 0)

    def test_large_texts(self) -> None:
        """Of messages of many megabytes one is in memory at a time."""
        for _ in range(4):
            self.put(b"Subject: large\r\n\r\n" + b"line of text\r\n" * (MAX_TEXT // 14))
        self.assertEqual([self.now(self.indexer.step()) for _ in range(5)], [1, 1, 1, 1, 0])
        self.assertEqual(self.find(BodyContains("line of text")), [1, 2, 3, 4])

    def test_mailbox_gone(self) -> None:
        """Mail whose mailbox is deleted at this moment is passed over."""
        self.now(self.store.create(self.account, "Gone"))
        self.put(PLAIN, "Gone")
        unread = self.now(self.index.unread(10))
        self.now(self.store.delete(self.account, "Gone"))
        texts = self.now(self.indexer._read(unread))
        self.assertEqual(texts, [(unread[0], None)])
        self.now(self.index.add(texts))
        self.settle_index()
        self.fill()
        self.finds(BodyContains("quick"), 1)

    def test_stop(self) -> None:
        """After the stop nothing is begun any more."""
        self.fill()
        self.indexer.start()
        self.now(self.indexer.stop())
        self.indexer.wake()
        self.turn(LATEST)
        self.assertEqual((self.lag(), self.timers.getDelayedCalls()), (3, []))

    def test_stop_at_work(self) -> None:
        """A stop in the middle waits for the batch at work."""
        self.fill()
        thread = BusyThread()
        self.index.writer, idle = thread, self.index.writer
        self.indexer.start()
        self.timers.advance(0)
        stopped = Deferred.fromCoroutine(self.indexer.stop())
        self.assertNoResult(stopped)
        thread.work()
        self.successResultOf(stopped)
        self.index.writer = idle
        self.assertEqual((self.lag(), self.timers.getDelayedCalls()), (0, []))
