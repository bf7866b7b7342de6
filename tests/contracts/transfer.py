"""The promises of ``ITransfer``."""

from pathlib import Path
from typing import Any
from uuid import UUID

from zope.interface.verify import verifyObject

from daptinmail.interfaces.transfer import ITransfer, TransferRequest
from daptinmail.mail.address import Address
from daptinmail.mail.receipt import Outcome, Receipt
from tests.contracts.case import ContractCase

GOOD, GONE, BUSY = (Address(name, "x.example") for name in ("good", "gone", "busy"))
CONTENT = b"Subject: x\r\n\r\nbody\r\n"


class TransferContract(ContractCase):
    """Give ``agent``.

    The host of x.example takes good@, refuses gone@ for good and busy@ for now; down.example cannot be reached.
    """

    agent: Any

    def send(self, domain: str, *recipients: Address) -> list[Receipt]:
        """One attempt."""
        path = Path(self.mktemp())
        path.write_bytes(CONTENT)
        request = TransferRequest(
            UUID(int=1), domain, None, recipients, path, len(CONTENT), "me.example", eight_bit=False, smtputf8=False
        )
        return list(self.result(self.agent.transfer(request)))

    def test_contract_receipts(self) -> None:
        """Each recipient gets one receipt, with the words of the host that took or refused."""
        verifyObject(ITransfer, self.agent)
        receipts = self.send("x.example", GOOD, GONE, BUSY)
        outcomes = {receipt.recipient: receipt.outcome for receipt in receipts}
        codes = {receipt.recipient: receipt.reply.code for receipt in receipts}
        self.assertEqual(len(receipts), 3)
        self.assertEqual(outcomes, {GOOD: Outcome.DELIVERED, GONE: Outcome.REFUSED, BUSY: Outcome.DEFERRED})
        self.assertEqual(codes, {GOOD: 250, GONE: 550, BUSY: 451})

    def test_contract_never_raises(self) -> None:
        """A network that is down is a receipt that says: later."""
        recipients = Address("a", "down.example"), Address("b", "down.example")
        receipts = self.send("down.example", *recipients)
        self.assertEqual([receipt.recipient for receipt in receipts], list(recipients))
        self.assertEqual({receipt.outcome for receipt in receipts}, {Outcome.DEFERRED})
