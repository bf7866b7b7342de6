"""What keeps an account from sending more, or to whom it should not: asked at submission."""

from collections.abc import Awaitable, Sequence

from zope.interface import Interface

from daptinmail.interfaces.storage import ITransaction
from daptinmail.mail.address import Address


class ISuppressions(Interface):
    """Addresses at other hosts that do not exist, as these hosts said."""

    def reason(recipient: Address) -> Awaitable[str | None]:
        """Why nothing is sent there; ``None`` if mail is."""


class IOutgoingCaps(Interface):
    """How much an account may send to other hosts in 24 hours. All raise ``Refused`` with a temporary reply."""

    def check_message(account_id: int) -> Awaitable[None]:
        """May this account send one more message?"""

    def check_recipient(account_id: int, recipient: Address, others: Sequence[Address]) -> Awaitable[None]:
        """May it write to this recipient, and in the same message to the others?"""

    def count_in(transaction: ITransaction, account_id: int, recipients: Sequence[Address]) -> None:
        """Count a message, in the transaction that queues it."""
