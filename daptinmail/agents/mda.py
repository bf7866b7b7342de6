"""Final delivery (RFC 5598 §4.3.3): recipients become deliveries, the content gets its Return-Path."""

from collections.abc import Iterable, Sequence

from attrs import define, frozen
from twisted.logger import Logger

from daptinmail.errors import Refused, Unavailable
from daptinmail.interfaces.directory import Account
from daptinmail.interfaces.mailboxes import IMailboxStore
from daptinmail.interfaces.messages import Appended, Arrival, Delivery
from daptinmail.interfaces.routing import IRouting, Route
from daptinmail.interfaces.storage import Content, ITransaction
from daptinmail.mail.address import Address
from daptinmail.mail.reply import Reply
from daptinmail.mail.trace import return_path_field

log = Logger()

MAILBOX_FULL = Reply(552, "5.2.2", "Mailbox full")


@frozen
class Distribution:
    """Where accepted recipients lead: one delivery for each account, addresses at other hosts once each.

    ``via`` is the first recipient whose mail leaves, ``None`` if all stays.
    """

    deliveries: tuple[Delivery, ...] = ()
    forwards: tuple[Address, ...] = ()
    via: Address | None = None


@define(eq=False)
class Mda:
    """Delivers to mailboxes of this server."""

    routing: IRouting
    store: IMailboxStore

    async def standing(self, recipient: Address) -> tuple[bool, Route | None]:
        """Whether the domain is ours, and where the recipient's mail goes."""
        route = await self.routing.route(recipient)
        return route is not None or await self.routing.is_local(recipient.domain), route

    async def check_room(self, route: Route | None) -> None:
        """See that there is room for a recipient.

        Raises:
            Refused: every account that gets the mail is full already (552 5.2.2): only this recipient is refused, and
                the sender is told at once.
        """
        if route is not None and not route.forwards and all([await self._is_full(one) for one, _ in route.accounts]):
            raise Refused(MAILBOX_FULL)

    async def delivery(self, recipient: Address) -> Delivery | None:
        """Where mail for ``recipient`` itself is kept; the first account of an alias, ``None`` if there is none."""
        route = await self.routing.route(recipient)
        return Delivery(route.accounts[0][0].id, str(recipient)) if route is not None and route.accounts else None

    async def distribution(self, recipients: Iterable[Address]) -> Distribution:
        """Everywhere that accepted recipients lead.

        Raises:
            Unavailable: an account is gone since its recipient was accepted; at the next try RCPT will say so.
        """
        deliveries: dict[int, Delivery] = {}
        forwards: dict[Address, Address] = {}
        for recipient in recipients:
            route = await self.routing.route(recipient)
            if route is None:
                raise Unavailable(f"The account of {recipient} has just been removed")
            for account, address in await self._with_room(route):
                deliveries.setdefault(account.id, Delivery(account.id, str(address)))
            for address in route.forwards:
                forwards.setdefault(address, recipient)
        return Distribution(tuple(deliveries.values()), tuple(forwards), next(iter(forwards.values()), None))

    async def _with_room(self, route: Route) -> Sequence[tuple[Account, Address]]:
        """Of several who get the mail, those who are not full: one of them must not stop it for all."""
        if len(route.accounts) + len(route.forwards) == 1:
            return route.accounts
        found = [one for one in route.accounts if not await self._is_full(one[0])]
        for account, _ in route.accounts:
            if not any(account.id == one.id for one, _ in found):
                log.warn("{account} is full and gets no copy of mail for its alias", account=account.username)
        return found

    async def _is_full(self, account: Account) -> bool:
        return account.limited and (await self.store.quotas.quota(account.id)).is_full

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
