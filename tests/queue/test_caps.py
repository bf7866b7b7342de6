"""How much an account may send in a day."""

from datetime import timedelta
from typing import Any

from daptinmail.db.schema import mail_account, mail_server
from daptinmail.interfaces.storage import ITransaction
from daptinmail.mail.address import Address
from daptinmail.queue.caps import OutgoingCaps
from daptinmail.settings import Live, QueueSettings
from tests.contracts import outgoing as contract
from tests.contracts.outgoing import A, B, C, D
from tests.support.outgoing import MemoryCaps
from tests.support.runtime import CountingIdentifiers, SteadyClock
from tests.support.storage import MemoryStorage, StorageCase


class MemoryCapsTests(contract.OutgoingCapsContract):
    """The one behind the tests of the MSA."""

    def setUp(self) -> None:
        """Over storage."""
        self.storage, self.caps = MemoryStorage(), MemoryCaps(3, 2)


class CapsTests(contract.OutgoingCapsContract, StorageCase):
    """The real one."""

    def setUp(self) -> None:
        """Two accounts."""
        self.clock = SteadyClock()
        self.storage = self.make_storage(self.clock)
        self.live = Live(hostname="h", queue=QueueSettings(messages_per_day=3, new_recipients_per_day=2))
        self.caps = self.fresh()
        self.result(self.storage.write(self.fill))

    def fresh(self) -> OutgoingCaps:
        """As after a restart."""
        return OutgoingCaps(self.storage, self.clock, lambda: self.live)

    def fill(self, transaction: ITransaction) -> None:
        """The accounts."""
        identifiers = CountingIdentifiers()
        server = mail_server.insert().values(
            id=1, created_at=transaction.now, reference_id=identifiers.uuid7(), hostname="h"
        )
        transaction.connection.execute(server)
        for number in (1, 2):
            name = f"user{number}"
            values: dict[str, Any] = {"id": number, "created_at": transaction.now, "reference_id": identifiers.uuid7()}
            values |= {"username": name, "password": "", "mail_server_id": 1, "directory": name}
            values |= {"address_local": name, "address_domain": "example.com"}
            transaction.connection.execute(mail_account.insert().values(**values))

    def test_restart(self) -> None:
        """A restart forgives nothing."""
        for _ in range(3):
            self.send(A)
        self.caps = self.fresh()
        self.refused(self.caps.check_message(1))
        self.result(self.caps.check_message(2))

    def test_a_day_later(self) -> None:
        """A day later as much may be sent again; who was written to once is not new any more."""
        for _ in range(3):
            self.send(A, B)
        self.clock.advance(timedelta(hours=23).total_seconds())
        self.refused(self.caps.check_message(1))
        self.clock.advance(timedelta(hours=2).total_seconds())
        self.send(A, B, C, D)
        self.refused(self.check(Address("e", "elsewhere.example")))

    def test_each_account(self) -> None:
        """What one account sends does not count for another."""
        self.send(A, B)
        self.account_id = 2
        self.send(C, D)

    def test_no_limit(self) -> None:
        """Zero means that there is no limit, and nobody becomes new by switching it on."""
        self.live = Live(hostname="h", queue=QueueSettings(messages_per_day=0, new_recipients_per_day=0))
        for _ in range(5):
            self.send(A, B, C, D)
        self.live = Live(hostname="h", queue=QueueSettings(messages_per_day=9, new_recipients_per_day=1))
        self.send(A, B, C, D)

    def test_spelling(self) -> None:
        """Capitals make no new recipient."""
        self.send(A, B)
        self.send(Address("A", "elsewhere.example"))

    def test_what_the_client_reads(self) -> None:
        """The refusal names the limit."""
        for _ in range(3):
            self.send(A)
        error = self.refused(self.caps.check_message(1))
        self.assertEqual((error.reply.code, error.reply.status), (451, "4.7.1"))
        self.assertIn("3 messages in 24 hours", error.reply.text)
        error = self.refused(self.check(D, B, C))
        self.assertEqual((error.reply.code, error.reply.status), (452, "4.7.1"))
        self.assertIn("2 new recipients in 24 hours", error.reply.text)
