"""What the store does by itself, and what other programs' folders and keywords become."""

from datetime import timedelta
from pathlib import Path

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from daptinmail.interfaces.messages import FlagMode
from daptinmail.store.chores import FIRST_PRUNE, LOOK
from daptinmail.store.keywords import read_keywords
from daptinmail.store.pruning import KEPT, Pruning
from daptinmail.store.rounds import Rounds
from tests.contracts.message_store_base import DELETED, SEEN, Listening, StoreCase
from tests.support.stored import Stored


class ChoresTests(StoreCase, SynchronousTestCase):
    """Over storage in memory and real files."""

    def setUp(self) -> None:
        self.stored = Stored.in_memory()
        self.store, self.clock = self.stored.store, self.stored.clock
        self.account = self.stored.now(lambda t: self.stored.open_account(t, "a@example.test"))
        self.folder = self.stored.mail_dir / "example.test" / "a"
        self.timers = Clock()

    def drop(self, path: Path) -> None:
        """Another program delivers a message."""
        for place in ("cur", "new", "tmp"):
            (path / place).mkdir(parents=True, exist_ok=True)
        (path / "new" / "1.foreign.host").write_bytes(b"Subject: x\r\n\r\ny\r\n")

    def test_listeners_hear_of_foreign_mail(self) -> None:
        """A session that only listens hears of mail that another program delivers, within some seconds."""
        inbox = self.inbox().id
        self.assertEqual(self.uids(), [])
        ear = Listening()
        self.store.listen(inbox, ear)
        self.stored.store.start(self.timers)
        self.timers.advance(LOOK)
        self.assertEqual(ear.heard, [])
        self.drop(self.folder)
        self.timers.advance(LOOK)
        self.assertEqual([mailbox for mailbox, _ in ear.heard], [inbox])
        self.now(self.stored.store.stop())
        self.assertEqual(self.timers.getDelayedCalls(), [])

    def test_old_expunges_are_forgotten(self) -> None:
        """After two months expunges cannot be told one by one any more, and who asks is told so."""
        inbox = self.inbox()
        for _ in range(3):
            self.add(flags=frozenset({DELETED}))
        self.now(self.store.expunge(inbox.id, [1, 2]))
        before = self.inbox().highestmodseq
        self.clock.advance(KEPT.total_seconds() - 1)
        self.stored.store.start(self.timers)
        self.timers.advance(FIRST_PRUNE)
        self.assertEqual(list(self.now(self.store.changes(inbox.id, 1)).expunged), [1, 2])
        self.clock.advance(timedelta(hours=1).total_seconds())
        self.now(self.store.expunge(inbox.id, [3]))
        self.assertEqual(self.now(Pruning(self.stored.storage, self.clock).run()), 2)
        self.stored.restart()
        self.store = self.stored.store
        early, late = self.now(self.store.changes(inbox.id, 1)), self.now(self.store.changes(inbox.id, before))
        self.assertEqual((early.complete, list(early.expunged)), (False, [3]))
        self.assertEqual((late.complete, list(late.expunged)), (True, [3]))

    def test_foreign_folders_are_mailboxes(self) -> None:
        """A folder that another program made, and what is in it, shows in the list of mailboxes."""
        self.drop(self.folder / ".Lists.dev")
        (self.folder / ".not a name&").mkdir()
        (self.folder / ".empty" / "cur").mkdir(parents=True)
        names = self.names()
        self.assertIn("Lists/dev", names)
        self.assertIn("Lists", names)
        self.assertNotIn("empty", names)
        self.assertEqual(self.uids("Lists/dev"), [1])
        self.drop(self.folder / ".empty")
        self.assertIn("empty", self.names())

    def test_keywords_in_names(self) -> None:
        """Keywords get letters that other programs know, in names and in a file of the folder."""
        self.add(flags=frozenset({SEEN, b"$Work"}))
        self.now(self.store.change_flags(self.inbox().id, [1], FlagMode.ADD, frozenset({b"Blue"})))
        self.now(self.stored.store.renaming.run())
        (file,) = (self.folder / "cur").iterdir()
        self.assertTrue(file.name.endswith(":2,Sab"))
        self.assertEqual(read_keywords(self.folder), {"a": b"$Work", "b": b"Blue"})

    def test_keywords_survive_the_database(self) -> None:
        """When rows are made again from the tree, keywords come back with the messages."""
        self.add(flags=frozenset({b"$Work"}))
        self.now(self.stored.store.renaming.run())
        self.stored.now(lambda t: t.connection.exec_driver_sql("DELETE FROM mail"))
        self.stored.restart()
        self.store = self.stored.store
        self.now(self.stored.store.reindex(self.account))
        self.assertEqual(self.flags(1), {b"$Work"})

    def test_keywords_changed_outside(self) -> None:
        """Another program takes a keyword away by its letter."""
        self.add(flags=frozenset({b"$Work", b"Blue"}))
        self.uids()
        self.now(self.stored.store.renaming.run())
        self.uids()
        (file,) = (self.folder / "cur").iterdir()
        file.rename(file.with_name(file.name[:-2] + "Fb"))
        self.assertEqual(self.flags(1), {rb"\Flagged", b"Blue"})


class RoundsTests(SynchronousTestCase):
    """``Rounds``."""

    def test_goes_on_after_a_failure(self) -> None:
        """A round that fails is logged, and the next one comes."""
        timers, done = Clock(), []

        async def work() -> None:
            done.append(timers.seconds())
            raise ValueError("this one failed")

        rounds = Rounds("work", work, 10, 1)
        rounds.start(timers)
        timers.pump([1, 10, 10])
        self.assertEqual(done, [1, 11, 21])
        self.assertEqual(len(self.flushLoggedErrors(ValueError)), 3)
