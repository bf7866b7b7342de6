"""One ``IReception`` for the SMTP edge."""

from uuid import UUID

from attrs import define
from zope.interface import implementer

from daptinmail.interfaces.reception import IReception, Origin
from daptinmail.interfaces.storage import Content
from daptinmail.mail.address import Address
from daptinmail.mail.envelope import Envelope, MailParameters


@implementer(IReception)
@define(eq=False)
class Reception:
    """Mail of a logged-in account is a submission, all other a transfer."""

    mta: IReception
    msa: IReception

    async def mail(self, origin: Origin, return_path: Address | None, parameters: MailParameters) -> None:
        """May this transaction begin?"""
        await self._agent(origin).mail(origin, return_path, parameters)

    async def recipient(self, origin: Origin, envelope: Envelope, recipient: Address) -> None:
        """May this recipient be added?"""
        await self._agent(origin).recipient(origin, envelope, recipient)

    async def receive(self, origin: Origin, envelope: Envelope, content: Content, trail: UUID) -> None:
        """Take the message."""
        await self._agent(origin).receive(origin, envelope, content, trail)

    def _agent(self, origin: Origin) -> IReception:
        return self.mta if origin.account is None else self.msa
