"""Addresses that do not exist."""

from typing import Any
from uuid import UUID

from daptinmail.db.records import Records
from daptinmail.db.schema import suppression
from daptinmail.errors import AlreadyExists, Invalid
from daptinmail.interfaces.directory import Viewer
from daptinmail.interfaces.records import Draft, Query
from daptinmail.mail.address import Address
from daptinmail.mail.receipt import Outcome, Receipt
from daptinmail.mail.reply import Reply
from daptinmail.queue.suppression import SuppressionRules, Suppressions, add, is_final
from daptinmail.settings import Live, QueueSettings
from tests.contracts import outgoing as contract
from tests.contracts.case import ContractCase
from tests.queue.case import QueueCase
from tests.support.events import MemoryEvents
from tests.support.outgoing import MemorySuppressions
from tests.support.runtime import CountingIdentifiers, SteadyClock
from tests.support.storage import StorageCase
from tests.support.transfer import BUSY, GONE

ROOT = Viewer(is_administrator=True)


class MemorySuppressionsTests(contract.SuppressionsContract):
    """The one behind the tests of the MSA."""

    def setUp(self) -> None:
        """An empty list."""
        self.suppressions = MemorySuppressions()

    def put(self, address: Address) -> None:
        """One more."""
        self.suppressions.reasons[address] = "since today: 550 5.1.1 nobody"


class SuppressionsTests(contract.SuppressionsContract, StorageCase):
    """The real one."""

    def setUp(self) -> None:
        """Over rows."""
        clock = SteadyClock()
        self.storage = self.make_storage(clock)
        self.live = Live(hostname="h")
        self.events = MemoryEvents(clock)
        self.identifiers = CountingIdentifiers()
        self.suppressions = Suppressions(self.storage, lambda: self.live)
        self.records = Records(self.storage, clock, self.identifiers, {"suppression": SuppressionRules()})

    def put(self, address: Address) -> None:
        """As the queue does."""
        receipt = Receipt(address, Outcome.REFUSED, GONE, "mx.example")
        self.result(
            self.storage.write(
                lambda transaction: add(transaction, receipt, UUID(int=1), self.identifiers, self.events)
            )
        )

    def reason(self, text: str) -> str | None:
        """For an address as text."""
        found: str | None = self.result(self.suppressions.reason(Address.parse(text)))
        return found

    def test_spelling(self) -> None:
        """Capitals and forms of the domain make no difference; the first reason stays, and is an event."""
        self.put(Address("Ann", "bücher.example"))
        self.put(Address("ann", "bücher.example"))
        for text in ("ann@bücher.example", "ANN@xn--bcher-kva.example"):
            self.assertEqual(self.reason(text), "since 2026-01-02: 550 5.1.1 nobody here")
        self.assertEqual(self.events.kinds, ["suppression.added"])

    def test_switched_off(self) -> None:
        """With mail.outbound.suppression off nobody is refused."""
        self.put(contract.A)
        self.live = Live(hostname="h", queue=QueueSettings(suppression=False))
        self.assertIsNone(self.reason(str(contract.A)))

    def test_over_the_api(self) -> None:
        """The list is read, added to and taken from like other rows."""
        self.put(contract.A)
        (record,) = self.result(self.records.list("suppression", Query(), ROOT)).records
        self.assertEqual(record.attributes["address"], str(contract.A))
        shown = record.attributes["remote"], str(record.attributes["trail"])
        self.assertEqual(shown, ("mx.example", str(UUID(int=1))))
        self.result(self.records.delete("suppression", record.reference, ROOT))
        self.assertIsNone(self.reason(str(contract.A)))
        made = self.result(self.records.create(Draft("suppression", {"address": "Bob@Y.Example"}), ROOT))
        self.assertEqual(made.attributes["address"], "bob@y.example")
        self.assertEqual(self.reason("BOB@y.example"), "since 2026-01-02")
        self.refused(self.records.create(Draft("suppression", {"address": "bob@y.example"}), ROOT), AlreadyExists)
        self.refused(self.records.create(Draft("suppression", {"address": "nonsense"}), ROOT), Invalid)


class FinalTests(ContractCase):
    """Which refusals say that an address does not exist."""

    def test_kinds(self) -> None:
        """Only its own host can say that a mailbox does not exist; what is refused by policy says nothing about it."""
        for code, status, remote, expected in (
            (550, "5.1.1", "mx.example", True),
            (553, "5.1.3", "mx.example", True),
            (551, "5.1.6", "mx.example", True),
            (550, "5.1.2", "mx.example", False),
            (550, "5.2.1", "mx.example", False),
            (552, "5.2.2", "mx.example", False),
            (550, "5.7.1", "mx.example", False),
            (554, "5.6.0", "mx.example", False),
            (550, None, "mx.example", False),
            (550, "5.1.1", None, False),
        ):
            receipt = Receipt(contract.A, Outcome.REFUSED, Reply(code, status, "x"), remote)
            self.assertEqual(is_final(receipt), expected, status)
        self.assertFalse(is_final(Receipt(contract.A, Outcome.DEFERRED, Reply(450, "4.1.1", "x"), "mx.example")))


class FilledTests(QueueCase):
    """The queue fills the list."""

    def suppressed(self) -> list[Any]:
        """The list."""
        rows = self.storage.read(lambda connection: connection.execute(suppression.select()).all())
        return [row.address for row in self.successResultOf(rows)]

    def test_filled(self) -> None:
        """An address that its host does not know is remembered with what the host said; others are not."""
        self.transfer.replies |= {
            "gone@x.example": GONE,
            "busy@x.example": BUSY,
            "spam@x.example": Reply(550, "5.7.1", "looks like spam"),
        }
        self.start()
        self.enqueue("gone@x.example", "busy@x.example", "spam@x.example", "good@x.example")
        self.assertEqual(self.suppressed(), ["gone@x.example"])
        self.enqueue("gone@x.example")
        self.assertEqual(self.suppressed(), ["gone@x.example"])

    def test_switched_off(self) -> None:
        """Nothing is remembered when the list is off."""
        self.live = Live(hostname="h", queue=QueueSettings(suppression=False))
        self.transfer.replies["x.example"] = GONE
        self.start()
        self.enqueue("gone@x.example")
        self.assertEqual(self.suppressed(), [])
