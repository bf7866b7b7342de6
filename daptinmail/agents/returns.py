"""Notifications about what was, or could not be, delivered (RFC 3464, RFC 5321 §6.1)."""

import os
from collections.abc import Callable
from uuid import UUID

from attrs import define, evolve, field
from zope.interface import implementer

from daptinmail.agents.content import read_start
from daptinmail.agents.mda import Mda
from daptinmail.interfaces.events import IEventLog
from daptinmail.interfaces.messages import Arrival, Delivery
from daptinmail.interfaces.routing import IRouting
from daptinmail.interfaces.runtime import IIdentifiers
from daptinmail.interfaces.storage import Content, ITransaction
from daptinmail.interfaces.transfer import IQueue, IReturns, OutboundMessage, ReturnedMessage
from daptinmail.mail.address import Address
from daptinmail.mail.dsn import compose_notification
from daptinmail.mail.header import MAX_HEADER
from daptinmail.mail.report import Action

MAILER_DAEMON = "mailer-daemon"
MAX_RETURNED = 1 << 20
"""Octets of a message that goes back whole (RET=FULL); of a larger one the header section does."""

KINDS = {Action.FAILED: "message.returned", Action.DELAYED: "message.delayed"}


@implementer(IReturns)
@define(eq=False)
class Returns:
    """Sends notifications to return-paths. ``queue`` is asked late, because the queue itself needs this object."""

    routing: IRouting
    mda: Mda
    queue: Callable[[], IQueue]
    events: IEventLog
    identifiers: IIdentifiers
    random: Callable[[int], bytes] = field(default=os.urandom)

    async def locate(self, return_path: Address | None) -> Delivery | Address | None:
        """A mailbox here, an address elsewhere, or nowhere: the null path and accounts that are gone."""
        if return_path is None:
            return None
        if await self.routing.is_local(return_path.domain):
            return await self.routing.returning(return_path) or await self.mda.delivery(return_path)
        return return_path

    def return_in(self, transaction: ITransaction, message: ReturnedMessage) -> None:
        """Compose and send, all in the transaction that decides."""
        if message.return_path is None or message.destination is None:
            return
        trail = self.identifiers.uuid7()
        body = self._compose(transaction, message, message.return_path)
        content = Content(body_size=len(body), body=body)
        if isinstance(message.destination, Delivery):
            owed = evolve(message.destination, owed=True)  # a full mailbox must not keep us from giving up
            self.mda.deliver_in(transaction, content, [owed], Arrival(trail), None)
        else:
            notification = OutboundMessage(
                trail=trail,
                return_path=None,
                recipients=(message.destination,),
                content=content,
                server_id=message.server_id,
                eight_bit=not body.isascii(),
                smtputf8=not message.destination.local.isascii(),
            )
            self.queue().enqueue_in(transaction, notification)
        self._tell(transaction, message, trail)

    def _tell(self, transaction: ITransaction, message: ReturnedMessage, notification: UUID) -> None:
        """One event for each thing that was told."""
        for action in dict.fromkeys(report.action for report in message.reports):
            data = {
                "to": str(message.return_path),
                "recipients": [str(report.recipient) for report in message.reports if report.action is action],
                "action": action.value,
                "notification": notification.hex,
            }
            self.events.record_in(transaction, KINDS.get(action, "message.confirmed"), message.trail, "", data)

    def _compose(self, transaction: ITransaction, message: ReturnedMessage, recipient: Address) -> bytes:
        failed = any(report.action is Action.FAILED for report in message.reports)
        whole = failed and message.returned_part == "FULL" and message.original.size <= MAX_RETURNED
        return compose_notification(
            reporting_host=message.reporting_host,
            sender=Address(MAILER_DAEMON, message.reporting_host),
            recipient=recipient,
            reports=message.reports,
            arrived=message.arrived,
            now=transaction.now,
            original=_beginning(message.original, MAX_RETURNED if whole else MAX_HEADER),
            whole=whole,
            trail=message.trail,
            unique=self.random(16).hex(),
            envelope_id=message.envelope_id,
        )


def _beginning(content: Content, size: int) -> bytes:
    """The first octets of a message, or nothing if its file was lost: the sender is told nevertheless."""
    try:
        start = (content.body or b"") if content.path is None else read_start(content.path, size)
    except FileNotFoundError:
        return b""
    return (content.prefix + start)[:size]
