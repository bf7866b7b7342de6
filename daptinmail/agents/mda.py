"""Final delivery (RFC 5598 §4.3.3): recipients become deliveries, the content gets its Return-Path."""

from collections.abc import Iterable, Sequence

from attrs import define

from daptinmail.errors import Refused, Unavailable
from daptinmail.interfaces.directory import Account, IDirectory
from daptinmail.interfaces.mailboxes import IMailboxStore
from daptinmail.interfaces.messages import Appended, Arrival, Delivery
from daptinmail.interfaces.storage import Content, ITransaction
from daptinmail.mail.address import Address
from daptinmail.mail.reply import Reply
from daptinmail.mail.trace import return_path_field

MAILBOX_FULL = Reply(552, "5.2.2", "Mailbox full")


@define(eq=False)
class Mda:
    """Delivers to mailboxes of this server."""

    directory: IDirectory
    store: IMailboxStore

    async def standing(self, recipient: Address) -> tuple[bool, Account | None]:
        """Whether the domain is ours, and the recipient's account here."""
        account = await self.directory.account_at(recipient)
        return account is not None or await self.directory.is_local(recipient.domain), account

    async def check_room(self, account: Account | None) -> None:
        """See that an account is not full already.

        Raises:
            Refused: it is, for good (552 5.2.2): only this recipient is refused, and the sender is told at once.
        """
        if account is not None and account.limited and (await self.store.quotas.quota(account.id)).is_full:
            raise Refused(MAILBOX_FULL)

    async def delivery(self, recipient: Address) -> Delivery | None:
        """Where mail for ``recipient`` goes; ``None`` if there is no account."""
        account = await self.directory.account_at(recipient)
        return None if account is None else Delivery(account.id, str(recipient))

    async def deliveries(self, recipients: Iterable[Address]) -> list[Delivery]:
        """One delivery for each account among accepted recipients.

        Raises:
            Unavailable: an account is gone since its recipient was accepted; at the next try RCPT will say so.
        """
        found: dict[int, Delivery] = {}
        for recipient in recipients:
            delivery = await self.delivery(recipient)
            if delivery is None:
                raise Unavailable(f"The account of {recipient} has just been removed")
            found.setdefault(delivery.account_id, delivery)
        return list(found.values())

    def deliver_in(
        self,
        transaction: ITransaction,
        content: Content,
        deliveries: Sequence[Delivery],
        arrival: Arrival,
        return_path: Address | None,
    ) -> list[Appended]:
        """Store the content in every account, with the Return-Path field in front (RFC 5321 §4.4)."""
        stamped = content.with_prefix(return_path_field(return_path))
        return self.store.deliver_in(transaction, stamped, deliveries, arrival)
