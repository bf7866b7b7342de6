"""``ISuppressions`` and ``IOutgoingCaps`` in memory."""

from collections.abc import Sequence

from attrs import define, field
from zope.interface import implementer

from daptinmail.errors import Refused
from daptinmail.interfaces.outgoing import IOutgoingCaps, ISuppressions
from daptinmail.interfaces.storage import ITransaction
from daptinmail.mail.address import Address
from daptinmail.mail.reply import Reply

TOO_MUCH = Reply(451, "4.7.1", "enough for today")


@implementer(ISuppressions)
@define(eq=False)
class MemorySuppressions:
    """``reasons`` by address."""

    reasons: dict[Address, str] = field(factory=dict)

    async def reason(self, recipient: Address) -> str | None:
        """As told."""
        return self.reasons.get(recipient)


@implementer(IOutgoingCaps)
@define(eq=False)
class MemoryCaps:
    """Allows ``messages`` and ``strangers`` in all, each account for itself."""

    messages: int = 1000
    strangers: int = 200
    counted: dict[int, int] = field(factory=dict)
    known: dict[int, set[Address]] = field(factory=dict)

    async def check_message(self, account_id: int) -> None:
        """One more message?"""
        if self.counted.get(account_id, 0) >= self.messages:
            raise Refused(TOO_MUCH)

    async def check_recipient(self, account_id: int, recipient: Address, others: Sequence[Address]) -> None:
        """One more recipient?"""
        known = self.known.get(account_id, set())
        if recipient not in known and len(known | {recipient, *others}) > self.strangers:
            raise Refused(TOO_MUCH)

    def count_in(self, transaction: ITransaction, account_id: int, recipients: Sequence[Address]) -> None:
        """Counted when the transaction commits."""
        known = self.known.get(account_id, set()) | set(recipients)
        count = self.counted.get(account_id, 0) + 1
        if count > self.messages or len(known) > self.strangers:
            raise Refused(TOO_MUCH)
        transaction.after_commit(lambda: self.counted.update({account_id: count}))
        transaction.after_commit(lambda: self.known.update({account_id: known}))
