"""What is seen of a mailbox without asking the database again, and when it has to be asked."""

from collections.abc import Callable
from typing import TypeVar

from attrs import define, field
from sqlalchemy import Connection, update
from twisted.internet.defer import Deferred
from twisted.trial.unittest import SynchronousTestCase
from zope.interface import implementer

from daptinmail.db.schema import mail_box
from daptinmail.errors import NotFound
from daptinmail.interfaces.mailboxes import IMailboxStore
from daptinmail.interfaces.messages import FlagMode
from daptinmail.interfaces.storage import IStorage, ITransaction
from tests.contracts.message_store_base import SEEN, StoreCase
from tests.support.runtime import SteadyClock
from tests.support.storage import MemoryStorage
from tests.support.stored import Stored

T = TypeVar("T")


@implementer(IStorage)
@define(eq=False)
class Interleaved:
    """Counts what is read; ``meanwhile`` happens once, between a read and its answer."""

    inner: MemoryStorage
    doubts: int = 0
    reads: int = 0
    meanwhile: list[Callable[[], object]] = field(factory=list)

    def write(self, work: Callable[[ITransaction], T]) -> "Deferred[T]":
        """As it is."""
        return self.inner.write(work)

    def read(self, work: Callable[[Connection], T]) -> "Deferred[T]":
        """Read, let others write, answer."""
        self.reads += 1
        answer = self.inner.read(work)
        while self.meanwhile:
            self.meanwhile.pop()()
        return answer


class ViewingTests(StoreCase, SynchronousTestCase):
    """Over storage in memory and real files."""

    store: IMailboxStore

    def setUp(self) -> None:
        clock = SteadyClock()
        memory = MemoryStorage(clock)
        self.storage = Interleaved(memory)
        self.stored = Stored(self.storage, memory.directory / "mail", clock=clock)
        self.store, self.clock = self.stored.store, self.stored.clock
        self.account = self.stored.now(lambda t: self.stored.open_account(t, "a@example.test"))
        self.box_id = self.inbox().id
        self.add()

    def found(self, name: str) -> int:
        """Which mailbox a name stands for."""
        mailbox_id: int = self.now(self.store.rights.find(self.account, name)).mailbox.id
        return mailbox_id

    def seen(self) -> int:
        """How many messages are seen, to who opens the mailbox now."""
        view = self.now(self.store.snapshot(self.box_id))
        return sum(SEEN in flags for flags in view.flags)

    def reads(self, work: Callable[[], object]) -> int:
        """How often the database is asked meanwhile."""
        before = self.storage.reads
        work()
        return self.storage.reads - before

    def mark(self, uid: int) -> None:
        """Another session reads a message."""
        self.now(self.store.change_flags(self.box_id, [uid], FlagMode.ADD, frozenset({SEEN})))

    def test_opened_again(self) -> None:
        """Opening a mailbox again asks the database nothing, whatever was committed since by this server."""
        self.found("INBOX")
        self.seen()
        self.mark(1)
        self.assertEqual(self.reads(lambda: self.found("INBOX")), 0)
        self.assertEqual(self.reads(lambda: self.assertEqual(self.seen(), 1)), 0)
        view = self.now(self.store.snapshot(self.box_id))
        row = self.inbox()
        self.assertEqual((view.modseq, view.mailbox.uidnext), (row.highestmodseq, row.uidnext))

    def test_other_programs(self) -> None:
        """Mail that another program puts into the folder is there at once."""
        self.seen()
        new = self.stored.mail_dir / "example.test" / "a" / "new"
        (new / "1.foreign.host").write_bytes(b"Subject: x\r\n\r\ny\r\n")
        self.assertEqual(len(self.now(self.store.snapshot(self.box_id)).uids), 2)

    def test_changed_while_it_was_read(self) -> None:
        """What is committed while a mailbox is read for the first time is seen by whoever opens it next."""
        self.now(self.store.status(self.box_id))  # the folder was scanned, so that one read is enough
        self.storage.meanwhile.append(lambda: self.mark(1))
        self.seen()
        self.assertEqual(self.seen(), 1)
        self.assertEqual(self.seen(), 1)

    def test_renamed_while_it_was_looked_up(self) -> None:
        """A name that was looked up just before it went to another mailbox is not believed."""
        self.now(self.store.create(self.account, "Old"))
        self.storage.meanwhile.append(lambda: self.now(self.store.rename(self.account, "Old", "New")))
        moved = self.found("Old")
        self.refused(self.store.rights.find(self.account, "Old"), NotFound)
        self.assertEqual(self.found("New"), moved)

    def test_names_that_go(self) -> None:
        """After DELETE, and after another mailbox took the name, the old one is not found."""
        self.now(self.store.create(self.account, "Old"))
        first = self.found("Old")
        self.now(self.store.delete(self.account, "Old"))
        self.refused(self.store.rights.find(self.account, "Old"), NotFound)
        self.now(self.store.create(self.account, "Old"))
        self.assertNotEqual(self.found("Old"), first)
        self.refused(self.store.snapshot(first), NotFound)

    def test_deleted_while_known(self) -> None:
        """A mailbox that was opened before and is gone cannot be opened."""
        self.now(self.store.create(self.account, "Old"))
        gone = self.found("Old")
        self.now(self.store.snapshot(gone))
        self.now(self.store.delete(self.account, "Old"))
        self.refused(self.store.snapshot(gone), NotFound)

    def test_outcome_unknown(self) -> None:
        """When nobody can say what was committed, the database is asked again."""
        self.now(self.store.create(self.account, "Old"))
        self.seen()
        self.found("Old")
        change = update(mail_box).where(mail_box.c.name == "Old").values(name="Gone")
        self.stored.now(lambda transaction: transaction.connection.execute(change).rowcount)
        self.storage.doubts += 1
        self.refused(self.store.rights.find(self.account, "Old"), NotFound)
        self.assertEqual(self.reads(self.seen), 1)

    def test_recent_once(self) -> None:
        r"""Messages are \Recent to one session only, also when no row is read for the next."""
        self.now(self.store.snapshot(self.box_id))
        first = self.now(self.store.snapshot(self.box_id, claim_recent=True))
        later = [self.now(self.store.snapshot(self.box_id, claim_recent=claim)) for claim in (False, True)]
        self.assertEqual(first.first_recent_uid, 1)
        self.assertEqual([view.first_recent_uid for view in later], [2, 2])
