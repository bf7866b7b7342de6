"""The promises of ``IReturns``."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

from zope.interface.verify import verifyObject

from daptinmail.interfaces.storage import Content, ITransaction
from daptinmail.interfaces.transfer import IReturns, ReturnedMessage
from daptinmail.mail.address import Address
from daptinmail.mail.reply import Reply
from daptinmail.mail.report import Action, RecipientReport
from tests.contracts.case import ContractCase

THEM = Address("them", "elsewhere.example")


class ReturnsContract(ContractCase):
    """Give ``returns`` over ``storage``, and ``sent``."""

    returns: Any
    storage: Any

    def sent(self) -> list[Address]:
        """To whom notifications are under way."""
        raise NotImplementedError

    def message(self, return_path: Address | None) -> ReturnedMessage:
        """One that was given up."""
        path = Path(self.mktemp())
        path.write_bytes(b"Subject: x\r\n\r\n")
        reply = Reply(550, "5.1.1", "nobody")
        failed = RecipientReport(Address("x", "y.example"), Action.FAILED, reply, "mx.y.example")
        return ReturnedMessage(
            trail=UUID(int=7),
            return_path=return_path,
            reports=[failed],
            original=Content(14, path=path),
            arrived=datetime(2026, 1, 2, tzinfo=UTC),
            reporting_host="mail.example.com",
            server_id=None,
            destination=self.result(self.returns.locate(return_path)),
        )

    def test_contract_elsewhere(self) -> None:
        """A sender elsewhere is told, when the transaction that gives up is done."""
        verifyObject(IReturns, self.returns)
        message = self.message(THEM)
        self.assertEqual(message.destination, THEM)
        self.result(self.storage.write(lambda transaction: self.returns.return_in(transaction, message)))
        self.assertEqual(self.sent(), [THEM])

    def test_contract_null_path(self) -> None:
        """The null return-path is nowhere, and nothing is sent there (RFC 5321 §4.5.5)."""
        message = self.message(None)
        self.assertIsNone(message.destination)
        self.result(self.storage.write(lambda transaction: self.returns.return_in(transaction, message)))
        self.assertEqual(self.sent(), [])

    def test_contract_failed_transaction(self) -> None:
        """A transaction that fails has told nobody."""
        message = self.message(THEM)

        def work(transaction: ITransaction) -> None:
            self.returns.return_in(transaction, message)
            raise ZeroDivisionError

        self.refused(self.storage.write(work), ZeroDivisionError)
        self.assertEqual(self.sent(), [])
