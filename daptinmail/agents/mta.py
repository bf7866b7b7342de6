"""Mail from other hosts, without authentication: taken for accounts of this server, and for nobody else."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from attrs import define, evolve, frozen
from twisted.logger import Logger
from zope.interface import implementer

from daptinmail.agents.confirming import Confirming
from daptinmail.agents.content import ContentReader, Header
from daptinmail.agents.forwarding import Forwarding, Leaving
from daptinmail.agents.mda import Distribution, Mda
from daptinmail.agents.results_field import results_field, told, without_forged
from daptinmail.agents.stamp import arrival_of, received
from daptinmail.errors import Refused
from daptinmail.interfaces.events import IEventLog
from daptinmail.interfaces.messages import SPECIAL_USE_MAILBOXES, Delivery
from daptinmail.interfaces.reception import IReception, Origin
from daptinmail.interfaces.runtime import IClock
from daptinmail.interfaces.screening import Action, IScreening, Verdict
from daptinmail.interfaces.storage import Content, IStorage, ITransaction
from daptinmail.interfaces.transfer import OutboundMessage, ReturnedMessage
from daptinmail.mail.address import Address
from daptinmail.mail.envelope import Envelope, MailParameters
from daptinmail.mail.trace import count_received
from daptinmail.policy.hops import hops_refusal
from daptinmail.policy.relaying import reception_refusal

log = Logger()

SPAM = "Spam"
SPAM_FLAGS = frozenset((b"Spam", b"$Junk"))
MARK_FLAGS = frozenset((b"Spam",))
MAX_TOLD = 20
"""Recipients that an event names; more would leave no room for the verdict."""


@frozen
class _Arriving:
    """One message on its way through the MTA, judged."""

    origin: Origin
    envelope: Envelope
    trail: UUID
    verdict: Verdict

    @property
    def data(self) -> dict[str, Any]:
        """What the event log keeps of it."""
        return_path = self.envelope.return_path
        data = {
            "from": str(return_path) if return_path else "",
            "recipients": [str(one) for one in self.envelope.recipients[:MAX_TOLD]],
            "recipient_count": len(self.envelope.recipients),
            "ip": self.origin.ip,
            "helo": self.origin.helo,
            "tls": self.origin.tls,
        }
        return {**data, "screening": told(self.verdict)} if self.verdict.checks else data


@implementer(IReception)
@define(eq=False)
class Mta:
    """Receives by SMTP (RFC 5598 §4.3.2)."""

    mda: Mda
    storage: IStorage
    events: IEventLog
    contents: ContentReader
    clock: IClock
    screening: IScreening
    forwarding: Forwarding
    confirming: Confirming

    async def mail(self, origin: Origin, return_path: Address | None, parameters: MailParameters) -> None:
        """Anybody may begin; recipients decide."""

    async def recipient(self, origin: Origin, envelope: Envelope, recipient: Address) -> None:
        """Only addresses of this server, and only where the listener takes mail without log-in."""
        is_local, route = await self.mda.standing(recipient)
        is_known = route is not None or bool(await self.forwarding.returning([recipient], envelope.return_path))
        refusal = reception_refusal(
            recipient,
            authentication_required=origin.server.authentication_required,
            is_local=is_local,
            has_account=is_known,
        )
        if refusal:
            raise Refused(refusal)
        await self.mda.check_room(route)

    async def receive(self, origin: Origin, envelope: Envelope, content: Content, trail: UUID) -> None:
        """Judge, stamp and deliver to all recipients, or to none."""
        header = await self.contents.header(content)
        refusal = hops_refusal(count_received(header.raw))
        if refusal:
            raise Refused(refusal)
        verdict = await self.screening.screen(origin, envelope, content, header.fields)
        arriving = _Arriving(origin, envelope, trail, verdict)
        await self._refuse(arriving)
        cleaned, discard = await self._cleaned(origin, content, header)
        try:
            await self._deliver(arriving, cleaned, header)
        finally:
            discard()

    async def _refuse(self, arriving: _Arriving) -> None:
        """Record a refusal and make it."""
        verdict = arriving.verdict
        if verdict.reply is None:
            return
        data = {**arriving.data, "reply": str(verdict.reply)}
        await self.events.record("message.refused", arriving.trail, "", data)
        log.info(
            "[{connection}] {trail}: refused from {sender}: {reasons}",
            connection=arriving.origin.connection,
            trail=arriving.trail.hex,
            sender=data["from"] or "<>",
            reasons="; ".join(verdict.reasons),
        )
        raise Refused(verdict.reply)

    async def _cleaned(self, origin: Origin, content: Content, header: Header) -> tuple[Content, Callable[[], None]]:
        """The content without Authentication-Results in our name, whoever wrote them (RFC 8601 §5)."""
        kept = without_forged(header.raw, self.screening.authserv_ids(origin))
        if kept == header.raw:
            return content, lambda: None
        return await self.contents.with_header(content, header, kept)

    async def _deliver(self, arriving: _Arriving, content: Content, header: Header) -> None:
        origin, envelope, trail = arriving.origin, arriving.envelope, arriving.trail
        returning = await self.forwarding.returning(envelope.recipients, envelope.return_path)
        spread = await self.mda.distribution([one for one in envelope.recipients if one not in returning])
        deliveries = [_directed(one, arriving.verdict) for one in spread.deliveries]
        results = self._results(arriving)
        stamped = content.with_prefix(results + received(origin, envelope, trail, self.clock.now()) + header.separator)
        leaving = await self._leaving(arriving, spread, returning, stamped, results)
        confirmation = await self._confirmation(arriving)
        arrival = arrival_of(origin, envelope, trail)
        data = {**arriving.data, "size": content.size}
        if leaving is not None:
            data["forwarded"] = [str(one) for one in leaving.recipients]

        def deliver(transaction: ITransaction) -> None:
            if deliveries:
                self.mda.deliver_in(transaction, stamped, deliveries, arrival, envelope.return_path)
            self.events.record_in(transaction, "message.received", trail, "", data)
            if leaving is not None:
                self.forwarding.enqueue_in(transaction, leaving)
            self.confirming.confirm_in(transaction, confirmation, header.raw)

        await self.storage.write(deliver)
        log.info(
            "[{connection}] {trail}: received from {sender}, delivered to {count}",
            connection=origin.connection,
            trail=trail.hex,
            sender=arrival.return_path or "<>",
            count=len(deliveries),
        )

    async def _confirmation(self, arriving: _Arriving) -> ReturnedMessage | None:
        """For who asked for it; not for spam, nor where SPF did not say that the sender is who it seems."""
        verdict = arriving.verdict
        is_known = not verdict.checks or any(one.method == "spf" and one.result == "pass" for one in verdict.checks)
        if verdict.action is Action.SPAM or not is_known:
            return None
        envelope = arriving.envelope
        return await self.confirming.prepare(
            arriving.origin, envelope, envelope.recipients, arriving.trail, self.clock.now()
        )

    async def _leaving(
        self,
        arriving: _Arriving,
        spread: Distribution,
        returning: dict[Address, Address],
        content: Content,
        results: bytes,
    ) -> OutboundMessage | None:
        """What goes on to other hosts, if anything does."""
        recipients = tuple(dict.fromkeys((*spread.forwards, *returning.values())))
        via = spread.via or next(iter(returning), None)
        if not recipients or via is None:
            return None
        self.forwarding.check(arriving.verdict, kept_here=bool(spread.deliveries))
        if arriving.verdict.action is Action.SPAM:
            return None
        leaving = Leaving(arriving.origin, arriving.envelope, arriving.trail, arriving.verdict, recipients, via)
        return await self.forwarding.message(leaving, content, results.decode().partition(":")[2].strip())

    def _results(self, arriving: _Arriving) -> bytes:
        """Our Authentication-Results, above our Received field; none for a client that is not screened."""
        ids = self.screening.authserv_ids(arriving.origin)
        return results_field(ids[0], arriving.verdict.checks) if arriving.verdict.checks and ids else b""


def _directed(delivery: Delivery, verdict: Verdict) -> Delivery:
    """To the account's Spam mailbox, whatever it is called, if the verdict says so."""
    if verdict.action is Action.SPAM:
        return evolve(delivery, mailbox=SPAM, special_use=SPECIAL_USE_MAILBOXES[SPAM], flags=SPAM_FLAGS)
    return evolve(delivery, flags=MARK_FLAGS) if verdict.marked else delivery
