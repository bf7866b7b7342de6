"""Mail composed over the HTTP API: composed here, then submitted like any other."""

from collections.abc import Callable, Sequence
from uuid import UUID

from attrs import define, evolve
from zope.interface import implementer

from daptinmail.errors import Invalid, NotFound, Refused
from daptinmail.interfaces.directory import Account
from daptinmail.interfaces.events import IEventLog
from daptinmail.interfaces.reception import IReception, Origin
from daptinmail.interfaces.runtime import IBlocking, IClock
from daptinmail.interfaces.sending import DELIVERED, ISending, IStandings, SendOutcome, SendRequest, Standing
from daptinmail.interfaces.storage import Content, ISpool
from daptinmail.mail.address import Address
from daptinmail.mail.composition import Uncomposable, compose
from daptinmail.mail.envelope import Envelope, MailParameters
from daptinmail.settings import Live, ServerSettings

PROTOCOL = "HTTP"
ACCEPTED = "message.submitted"


@implementer(ISending)
@define(eq=False)
class Sending:
    """Hands compositions to ``msa``; ``live`` answers what the services run with now."""

    msa: IReception
    standings: IStandings
    events: IEventLog
    spool: ISpool
    blocking: IBlocking
    clock: IClock
    live: Callable[[], Live]

    async def send(self, request: SendRequest) -> SendOutcome:
        """Submit, unless the trail was submitted before; then tell how far it has come."""
        server = self._server(request)
        message_id = f"{request.trail.hex}@{request.account.address.ascii_domain}"
        if not await self._is_accepted(request.trail):
            await self._submit(request, server, message_id)
        if request.immediate:
            await self.standings.attempt(request.trail)
        return SendOutcome(request.trail, message_id, await self._standings(request))

    async def _is_accepted(self, trail: UUID) -> bool:
        return any(event.kind == ACCEPTED for event in await self.events.trail(trail))

    async def _submit(self, request: SendRequest, server: ServerSettings, message_id: str) -> None:
        octets = await self._composed(request, message_id)
        sender = _as_server(request.account, server)
        origin = Origin(
            connection=request.trail.hex[:8],
            ip=request.ip,
            helo="",
            server=server,
            account=sender,
            via=PROTOCOL,
        )
        author = request.composition.author.address
        parameters = MailParameters(size=len(octets), smtputf8=not octets.isascii())
        await self.msa.mail(origin, author, parameters)
        envelope = await self._envelope(origin, author, parameters, request.composition.recipients)
        await self._keep(origin, envelope, octets, request.trail)

    async def _composed(self, request: SendRequest, message_id: str) -> bytes:
        now = self.clock.now()
        try:
            return await self.blocking.run(
                lambda: compose(request.composition, message_id=message_id, now=now),
            )
        except Uncomposable as error:
            raise Invalid(fields={error.part: str(error)}) from error

    async def _envelope(
        self, origin: Origin, author: Address, parameters: MailParameters, recipients: Sequence[Address]
    ) -> Envelope:
        """With every recipient, or none."""
        envelope = Envelope(author, (), parameters)
        refused: list[str] = []
        for recipient in recipients:
            try:
                await self.msa.recipient(origin, envelope, recipient)
            except Refused as error:
                refused.append(f"{recipient}: {error.reply.text}")
            else:
                envelope = evolve(envelope, recipients=(*envelope.recipients, recipient))
        if refused:
            raise Invalid(fields={"to": "; ".join(refused)})
        return envelope

    async def _keep(self, origin: Origin, envelope: Envelope, octets: bytes, trail: UUID) -> None:
        spooled = self.spool.create()
        try:
            waiting = spooled.write(octets)
            if waiting is not None:
                await waiting
            content: Content = await spooled.finish()
            await self.msa.receive(origin, envelope, content, trail)
        finally:
            spooled.discard()

    async def _standings(self, request: SendRequest) -> list[Standing]:
        """Recipients that are not in the queue have their copy in a mailbox here."""
        queued = {one.recipient: one for one in await self.standings.standings(request.trail)}
        return [queued.get(one) or Standing(one, DELIVERED) for one in request.composition.recipients]

    def _server(self, request: SendRequest) -> ServerSettings:
        """The named server, else the account's.

        Raises:
            NotFound: there is none, or it is not enabled.
        """
        wanted = request.server_hostname.lower()
        for server in self.live().servers:
            mine = server.hostname.lower() == wanted if wanted else server.id == request.account.server_id
            if mine and (server.is_enabled or not wanted):
                return server
        raise NotFound(f"failed to get mail server details for sending as: {wanted or request.account.server_hostname}")


def _as_server(account: Account, server: ServerSettings) -> Account:
    """The account as if it belonged to ``server``, whose name then stands in EHLO."""
    return evolve(account, server_id=server.id, server_hostname=server.hostname)
