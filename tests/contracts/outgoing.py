"""The promises of ``ISuppressions`` and ``IOutgoingCaps``."""

from typing import Any

from zope.interface.verify import verifyObject

from daptinmail.errors import Refused
from daptinmail.interfaces.outgoing import IOutgoingCaps, ISuppressions
from daptinmail.interfaces.storage import ITransaction
from daptinmail.mail.address import Address
from tests.contracts.case import ContractCase

A, B, C, D = (Address(name, "elsewhere.example") for name in "abcd")


class SuppressionsContract(ContractCase):
    """Give ``suppressions``, and ``put``."""

    suppressions: Any

    def put(self, address: Address) -> None:
        """Its host has said that there is no such address."""
        raise NotImplementedError

    def test_contract_reason(self) -> None:
        """Whoever is on the list is there for a reason; others are not."""
        verifyObject(ISuppressions, self.suppressions)
        self.put(A)
        self.assertIn("550 5.1.1", str(self.result(self.suppressions.reason(A))))
        self.assertIsNone(self.result(self.suppressions.reason(B)))


class OutgoingCapsContract(ContractCase):
    """Give ``caps`` over ``storage`` that allow three messages and two new recipients to ``account_id``."""

    caps: Any
    storage: Any
    account_id = 1

    def send(self, *recipients: Address) -> None:
        """One message, as at submission."""
        self.result(self.caps.check_message(self.account_id))
        for number, one in enumerate(recipients):
            self.result(self.caps.check_recipient(self.account_id, one, recipients[:number]))
        self.result(self.count(*recipients))

    def count(self, *recipients: Address) -> Any:
        """Only the end of it."""
        return self.storage.write(lambda transaction: self.caps.count_in(transaction, self.account_id, recipients))

    def check(self, recipient: Address, *others: Address) -> Any:
        """Only a recipient."""
        return self.caps.check_recipient(self.account_id, recipient, others)

    def test_contract_messages(self) -> None:
        """The fourth message is refused for now, by the first question and by the last."""
        verifyObject(IOutgoingCaps, self.caps)
        for _ in range(3):
            self.send(A)
        self.temporary(self.refused(self.caps.check_message(self.account_id), Refused))
        self.temporary(self.refused(self.count(A), Refused))

    def test_contract_new_recipients(self) -> None:
        """The third new recipient is refused for now, those of the same message counted; old ones never are."""
        self.temporary(self.refused(self.check(C, A, B), Refused))
        self.send(A, B)
        self.temporary(self.refused(self.check(C), Refused))
        self.temporary(self.refused(self.count(A, C), Refused))
        self.send(A, B)

    def test_contract_failed_transaction(self) -> None:
        """A message that was not kept does not count."""

        def work(transaction: ITransaction) -> None:
            self.caps.count_in(transaction, self.account_id, (A, B))
            raise ZeroDivisionError

        for _ in range(4):
            self.refused(self.storage.write(work), ZeroDivisionError)
        self.send(C, D)

    def temporary(self, error: Any) -> None:
        """An error that says: later."""
        self.assertTrue(error.reply.temporary)
