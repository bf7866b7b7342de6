"""Confirmations of final delivery, for senders who asked for them (NOTIFY=SUCCESS, RFC 3461 §6.2.6)."""

from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from attrs import define, evolve

from daptinmail.agents.mda import Mda
from daptinmail.interfaces.reception import Origin
from daptinmail.interfaces.storage import Content, ITransaction
from daptinmail.interfaces.transfer import IReturns, ReturnedMessage
from daptinmail.mail.address import Address
from daptinmail.mail.envelope import Envelope, RecipientParameters
from daptinmail.mail.reply import Reply
from daptinmail.mail.report import Action, RecipientReport, wants

DELIVERED = Reply(250, "2.1.5", "Delivered to the mailbox")
NOTHING = RecipientParameters()


@define(eq=False)
class Confirming:
    """Prepares before the transaction of a delivery, sends in it."""

    mda: Mda
    returns: IReturns

    async def prepare(
        self, origin: Origin, envelope: Envelope, recipients: Iterable[Address], trail: UUID, now: datetime
    ) -> ReturnedMessage | None:
        """What is to be said about recipients that get the mail in a mailbox here; ``None`` if nobody wants to know."""
        asking = [one for one in recipients if wants(envelope.dsn.get(one, NOTHING).notify, "SUCCESS")]
        reports = [self._report(envelope, one, now) for one in asking if await self.mda.delivery(one) is not None]
        destination = await self.returns.locate(envelope.return_path) if reports else None
        if destination is None:
            return None
        return ReturnedMessage(
            trail=trail,
            return_path=envelope.return_path,
            reports=reports,
            original=Content(0, b""),
            arrived=now,
            reporting_host=origin.server.hostname,
            server_id=origin.server.id,
            destination=destination,
            envelope_id=envelope.parameters.envid,
            returned_part=envelope.parameters.ret,
        )

    def confirm_in(self, transaction: ITransaction, message: ReturnedMessage | None, header: bytes) -> None:
        """Send it; ``header`` is the header section of the message."""
        if message is not None:
            self.returns.return_in(transaction, evolve(message, original=Content(len(header), header)))

    def _report(self, envelope: Envelope, recipient: Address, now: datetime) -> RecipientReport:
        original = envelope.dsn.get(recipient, NOTHING).orcpt
        return RecipientReport(recipient, Action.DELIVERED, DELIVERED, original=original, tried=now)
