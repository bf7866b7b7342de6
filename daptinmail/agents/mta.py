"""Mail from other hosts, without authentication: taken for accounts of this server, and for nobody else."""

from uuid import UUID

from attrs import define
from twisted.logger import Logger
from zope.interface import implementer

from daptinmail.agents.content import ContentReader
from daptinmail.agents.mda import Mda
from daptinmail.agents.stamp import arrival_of, received
from daptinmail.errors import Refused
from daptinmail.interfaces.events import IEventLog
from daptinmail.interfaces.reception import IReception, Origin
from daptinmail.interfaces.runtime import IClock
from daptinmail.interfaces.storage import Content, IStorage, ITransaction
from daptinmail.mail.address import Address
from daptinmail.mail.envelope import Envelope, MailParameters
from daptinmail.mail.trace import count_received
from daptinmail.policy.hops import hops_refusal
from daptinmail.policy.relaying import reception_refusal

log = Logger()


@implementer(IReception)
@define(eq=False)
class Mta:
    """Receives by SMTP (RFC 5598 §4.3.2)."""

    mda: Mda
    storage: IStorage
    events: IEventLog
    contents: ContentReader
    clock: IClock

    async def mail(self, origin: Origin, return_path: Address | None, parameters: MailParameters) -> None:
        """Anybody may begin; recipients decide."""

    async def recipient(self, origin: Origin, envelope: Envelope, recipient: Address) -> None:
        """Only accounts of this server, and only where the listener takes mail without log-in."""
        is_local, account = await self.mda.standing(recipient)
        refusal = reception_refusal(
            recipient,
            authentication_required=origin.server.authentication_required,
            is_local=is_local,
            has_account=account is not None,
        )
        if refusal:
            raise Refused(refusal)
        await self.mda.check_room(account)

    async def receive(self, origin: Origin, envelope: Envelope, content: Content, trail: UUID) -> None:
        """Stamp and deliver to all recipients, or to none."""
        header = await self.contents.header(content)
        refusal = hops_refusal(count_received(header.raw))
        if refusal:
            raise Refused(refusal)
        deliveries = await self.mda.deliveries(envelope.recipients)
        stamped = content.with_prefix(received(origin, envelope, trail, self.clock.now()) + header.separator)
        arrival = arrival_of(origin, envelope, trail)
        data = {
            "from": arrival.return_path,
            "recipients": [str(one) for one in envelope.recipients],
            "ip": origin.ip,
            "helo": origin.helo,
            "tls": origin.tls,
            "size": content.size,
        }

        def deliver(transaction: ITransaction) -> None:
            self.mda.deliver_in(transaction, stamped, deliveries, arrival, envelope.return_path)
            self.events.record_in(transaction, "message.received", trail, "", data)

        await self.storage.write(deliver)
        log.info(
            "[{connection}] {trail}: received from {sender}, delivered to {count}",
            connection=origin.connection,
            trail=trail.hex,
            sender=arrival.return_path or "<>",
            count=len(deliveries),
        )
