"""Rights, annotations, counts and quota of the real store, and of the one in memory."""

from collections.abc import Callable
from functools import partial
from typing import Any, TypeVar

from sqlalchemy import Connection, Table, func, select, update
from twisted.internet.defer import Deferred
from twisted.trial.unittest import SynchronousTestCase

from daptinmail.db.schema import mail, mail_account, mail_box, mailbox_annotation, mailbox_right
from daptinmail.errors import OverQuota
from daptinmail.interfaces.mailboxes import IMailboxStore
from daptinmail.interfaces.messages import Delivery
from daptinmail.interfaces.quota import Quota
from daptinmail.interfaces.sharing import Grant, GrantMode
from daptinmail.interfaces.storage import ITransaction
from daptinmail.store.rows import folder_by_id
from tests.contracts.message_store_base import ARRIVAL, DELETED, StoreCase, content
from tests.contracts.sharing import SharingContract
from tests.support.memory_store import MemoryMessageStore
from tests.support.runtime import CountingIdentifiers, SteadyClock
from tests.support.stored import Stored

T = TypeVar("T")


class MemorySharingTests(SharingContract, SynchronousTestCase):
    """In memory."""

    def setUp(self) -> None:
        self.clock = SteadyClock()
        memory = MemoryMessageStore(self.clock, CountingIdentifiers())
        self.account, self.neighbour, self.stranger = 1, 2, 3
        self.login, self.other_login = "a@example.test", "b@example.test"
        for number, login in ((1, self.login), (2, self.other_login), (3, "stranger@example.org")):
            memory.logins[number] = login
            memory.open_account(number)
        self.store = memory


class StoredCase(StoreCase):
    """Over the real store."""

    store: IMailboxStore
    login, other_login = "a@example.test", "b@example.test"

    def setUp(self) -> None:
        """Three accounts."""
        self.stored = self.make_stored()
        self.store, self.clock = self.stored.store, self.stored.clock
        self.account = self.in_transaction(lambda t: self.stored.open_account(t, self.login))
        self.neighbour = self.in_transaction(lambda t: self.stored.open_account(t, self.other_login))
        self.stranger = self.in_transaction(lambda t: self.stored.open_account(t, "stranger@example.org"))

    def make_stored(self) -> Stored:
        """Where it is kept."""
        return Stored.in_memory()

    def settled(self, waiting: "Deferred[Any]") -> Any:
        return self.stored.settle(waiting)

    def in_transaction(self, work: Callable[[ITransaction], T]) -> T:
        return self.stored.now(work)


def rows_of(table: Table, connection: Connection) -> int:
    """How many rows there are."""
    return connection.execute(select(func.count()).select_from(table)).scalar_one()


class StoreSharingTests(StoredCase, SharingContract, SynchronousTestCase):
    """In the database."""

    def test_rights_never_pass_to_another_account_of_the_same_name(self) -> None:
        """An entry belongs to the account, not to its name: renamed accounts keep it, new ones do not get it."""
        self.share(self.other_login, "lr")
        rename = update(mail_account).where(mail_account.c.id == self.neighbour).values(username="c@example.test")
        self.in_transaction(lambda t: t.connection.execute(rename) and None)
        again = self.in_transaction(lambda t: self.stored.open_account(t, "b+2@example.test"))
        rename = update(mail_account).where(mail_account.c.id == again).values(username=self.other_login)
        self.in_transaction(lambda t: t.connection.execute(rename) and None)
        self.assertEqual(len(self.shown(self.neighbour)), 1)
        self.assertEqual(self.shown(again), {})
        self.assertEqual(
            self.now(self.store.rights.grants(self.inbox().id)), [Grant("c@example.test", frozenset("lr"))]
        )

    def test_rows_go_with_their_mailbox(self) -> None:
        """Nothing is left of a deleted mailbox's rights and annotations."""
        self.now(self.store.create(self.account, "a"))
        box = self.box("a").id
        self.now(self.store.rights.grant(box, Grant("anyone", frozenset("l")), GrantMode.REPLACE))
        self.now(self.store.annotations.annotate(self.account, box, {"/private/a": b"1"}))
        self.now(self.store.delete(self.account, "a"))
        for table in (mailbox_right, mailbox_annotation):
            self.assertEqual(self.stored.read(partial(rows_of, table)), 0)


class CountingTests(StoredCase, SynchronousTestCase):
    """What is counted on mailboxes is what is in them."""

    def check(self) -> None:
        """Compare."""
        counted = select(mail_box.c.id, mail_box.c.message_count, mail_box.c.octets).order_by(mail_box.c.id)
        real = (
            select(mail_box.c.id, func.count(mail.c.id), func.coalesce(func.sum(mail.c.size), 0))
            .join_from(mail_box, mail, mail.c.mail_box_id == mail_box.c.id, isouter=True)
            .group_by(mail_box.c.id)
            .order_by(mail_box.c.id)
        )
        self.assertEqual(
            self.stored.read(lambda c: [tuple(row) for row in c.execute(counted)]),
            self.stored.read(lambda c: [tuple(row) for row in c.execute(real)]),
        )

    def test_everything_counts(self) -> None:
        """Append, delivery, copy, move, expunge, RENAME of INBOX and DELETE keep the counts right."""
        for text in ("one", "two two", "three three three"):
            self.add(text=text)
        self.check()
        deliveries = [Delivery(self.account, "a@example.test"), Delivery(self.neighbour, "b@example.test")]
        self.now(self.store.deliver(content("four"), deliveries, ARRIVAL))
        self.check()
        self.now(self.store.copy(self.inbox().id, [1, 2], self.box("Sent").id))
        self.check()
        self.now(self.store.copy(self.inbox().id, [1], self.inbox().id))
        self.now(self.store.move(self.inbox().id, [2, 3], self.box("Trash").id))
        self.now(self.store.move(self.inbox().id, [1], self.inbox().id))
        self.check()
        gone = self.add("Sent", "five", frozenset({DELETED}))
        self.now(self.store.expunge(self.box("Sent").id, [gone]))
        self.check()
        self.now(self.store.rename(self.account, "INBOX", "Old"))
        self.check()
        self.now(self.store.delete(self.account, "Old"))
        self.check()

    def test_files_of_other_tools_count(self) -> None:
        """Files that somebody dropped into the tree are counted, and no more when they are gone."""
        inbox, tree = self.inbox().id, self.stored.store.parts.messages.tree
        folder = self.stored.read(lambda connection: folder_by_id(connection, inbox))
        dropped = tree.of(folder) / "new" / "1.dropped.host"
        dropped.write_bytes(b"Subject: x\n\nx\n")
        self.assertEqual(len(self.uids()), 1)
        self.check()
        for file in (tree.of(folder) / "cur").iterdir():
            file.unlink()
        self.assertEqual(self.uids(), [])
        self.check()


class QuotaTests(StoredCase, SynchronousTestCase):
    """Limits hold whoever stores."""

    def limit(self, octets: int | None = None, messages: int | None = None) -> None:
        """As the API sets it."""
        change = update(mail_account).where(mail_account.c.id == self.account)
        change = change.values(quota_bytes=octets, quota_messages=messages)
        self.in_transaction(lambda t: t.connection.execute(change) and None)

    def test_use(self) -> None:
        """Use is told with limits, and without."""
        self.add()
        size = content().size
        self.assertEqual(self.now(self.store.quotas.quota(self.account)), Quota(size, 1))
        self.limit(5000, 10)
        self.assertEqual(self.now(self.store.quotas.quota(self.account)), Quota(size, 1, 5000, 10))

    def test_append(self) -> None:
        """What would exceed a limit is refused; what frees space lets it in; the limit itself may be used."""
        self.limit(octets=content().size * 2)
        self.add()
        uid = self.add(flags=frozenset({DELETED}))
        with self.assertRaises(OverQuota):
            self.add()
        self.assertEqual(len(self.uids()), 2)
        self.now(self.store.expunge(self.inbox().id, [uid]))
        self.add("Sent")

    def test_messages(self) -> None:
        """The number of messages is limited too; COPY counts, MOVE within the account does not."""
        self.limit(messages=2)
        self.add()
        self.add()
        self.refused(self.store.copy(self.inbox().id, [1], self.box("Sent").id), OverQuota)
        self.now(self.store.move(self.inbox().id, [1, 2], self.box("Sent").id))
        self.now(self.store.rename(self.account, "Sent", "Old"))

    def test_delivery(self) -> None:
        """A delivery to a full account is refused for now (452 4.2.2), for all its recipients."""
        self.limit(messages=0)
        deliveries = [Delivery(self.neighbour, "b@example.test"), Delivery(self.account, "a@example.test")]
        with self.assertRaises(OverQuota) as caught:
            self.now(self.store.deliver(content(), deliveries, ARRIVAL))
        self.assertEqual(str(caught.exception.reply), "452 4.2.2 Mailbox full")
        inbox = self.now(self.store.mailbox(self.neighbour, "INBOX"))
        self.assertEqual(self.now(self.store.status(inbox.id)).messages, 0)
        self.now(self.store.deliver(content(), deliveries[:1], ARRIVAL))

    def test_move_to_somebody_else_counts_there(self) -> None:
        """A message that moves to another account counts there, and not here any more."""
        self.add()
        target = self.now(self.store.mailbox(self.neighbour, "INBOX"))
        self.now(self.store.move(self.inbox().id, [1], target.id))
        self.assertEqual(self.now(self.store.quotas.quota(self.account)).messages, 0)
        self.assertEqual(self.now(self.store.quotas.quota(self.neighbour)).messages, 1)
        self.limit(messages=0)
        back = (target.id, [1], self.inbox().id)
        self.refused(self.store.move(*back), OverQuota)
        self.refused(self.store.copy(*back), OverQuota)
