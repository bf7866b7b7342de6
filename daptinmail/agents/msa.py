"""Mail from accounts (RFC 6409): the sender is checked, missing fields are added, DKIM signs last."""

from collections.abc import Callable
from datetime import datetime
from uuid import UUID

from attrs import define, frozen
from twisted.internet.defer import CancelledError
from twisted.logger import Logger
from zope.interface import implementer

from daptinmail.agents.confirming import Confirming
from daptinmail.agents.content import ContentReader, Header
from daptinmail.agents.mda import Mda
from daptinmail.agents.sender import added_fields, check_sender, sender_domain
from daptinmail.agents.stamp import arrival_of, received
from daptinmail.errors import Refused
from daptinmail.interfaces.directory import Account, IDirectory
from daptinmail.interfaces.events import IEventLog
from daptinmail.interfaces.messages import SPECIAL_USE_MAILBOXES, Delivery, IMessageStore
from daptinmail.interfaces.outgoing import IOutgoingCaps, ISuppressions
from daptinmail.interfaces.reception import IReception, Origin
from daptinmail.interfaces.runtime import IClock
from daptinmail.interfaces.storage import Content, IStorage, ITransaction
from daptinmail.interfaces.tls import ISigner
from daptinmail.interfaces.transfer import IQueue, OutboundMessage, ReturnedMessage
from daptinmail.mail.address import Address
from daptinmail.mail.envelope import Envelope, MailParameters
from daptinmail.mail.reply import Reply
from daptinmail.mail.trace import count_received
from daptinmail.policy.hops import hops_refusal
from daptinmail.policy.relaying import NOT_YOURS, submission_refusal

log = Logger()

SENT = "Sent"
REMOVED_FIELDS = frozenset((b"bcc", b"resent-bcc", b"return-path"))


@frozen
class _Submission:
    """One message on its way through the MSA. ``content`` goes out; ``copy`` into Sent, with Bcc."""

    origin: Origin
    account: Account
    envelope: Envelope
    trail: UUID
    content: Content
    copy: Content
    local: list[Delivery]
    remote: tuple[Address, ...]
    is_signed: bool
    smtputf8: bool
    confirmation: ReturnedMessage | None
    header: bytes


@implementer(IReception)
@define(eq=False)
class Msa:
    """Takes submissions (RFC 5598 §4.3.1)."""

    directory: IDirectory
    mda: Mda
    store: IMessageStore
    queue: IQueue
    storage: IStorage
    events: IEventLog
    signer: ISigner
    contents: ContentReader
    clock: IClock
    suppressions: ISuppressions
    caps: IOutgoingCaps
    confirming: Confirming

    async def mail(self, origin: Origin, return_path: Address | None, parameters: MailParameters) -> None:
        """The return-path is the account's, or null as notifications need it."""
        if return_path is not None and not self.directory.may_send_as(_account(origin), return_path):
            raise Refused(NOT_YOURS)

    async def recipient(self, origin: Origin, envelope: Envelope, recipient: Address) -> None:
        """Any domain; addresses of this server must exist."""
        is_local, route = await self.mda.standing(recipient)
        refusal = submission_refusal(recipient, is_local=is_local, has_account=route is not None)
        if refusal:
            raise Refused(refusal)
        if is_local:
            await self.mda.check_room(route)
        else:
            await self._check_outgoing(_account(origin), envelope, recipient)

    async def _check_outgoing(self, account: Account, envelope: Envelope, recipient: Address) -> None:
        """Is there such an address elsewhere, and may the account write to more today?"""
        reason = await self.suppressions.reason(recipient)
        if reason is not None:
            raise Refused(suppressed(recipient, reason))
        others = [one for one in envelope.recipients if not await self.directory.is_local(one.domain)]
        if not others:
            await self.caps.check_message(account.id)
        await self.caps.check_recipient(account.id, recipient, others)

    async def receive(self, origin: Origin, envelope: Envelope, content: Content, trail: UUID) -> None:
        """Local recipients, remote recipients and the Sent copy in one transaction."""
        account = _account(origin)
        header = await self.contents.header(content)
        check_sender(header.fields, lambda address: self.directory.may_send_as(account, address))
        refusal = hops_refusal(count_received(header.raw))
        if refusal:
            raise Refused(refusal)
        cleaned, discard = await self._cleaned(content, header)
        try:
            submission = await self._prepare(origin, account, envelope, content, cleaned, header, trail)
            await self.storage.write(lambda transaction: self._keep_in(transaction, submission))
        finally:
            discard()
        log.info(
            "[{connection}] {trail}: submitted by {account}, {local} local and {remote} remote recipients",
            connection=origin.connection,
            trail=trail.hex,
            account=account.username,
            local=len(submission.local),
            remote=len(submission.remote),
        )

    async def _cleaned(self, content: Content, header: Header) -> tuple[Content, Callable[[], None]]:
        """The content without the fields that must not leave (RFC 6409 §8, RFC 5322 §3.6.3)."""
        kept = header.without(REMOVED_FIELDS)
        if kept == header.raw:
            return content, lambda: None
        return await self.contents.with_header(content, header, kept)

    async def _prepare(
        self,
        origin: Origin,
        account: Account,
        envelope: Envelope,
        content: Content,
        cleaned: Content,
        header: Header,
        trail: UUID,
    ) -> _Submission:
        prefix = self._prefix(origin, account, envelope, header, trail, self.clock.now())
        outgoing = cleaned.with_prefix(prefix)
        signature = await self._sign(sender_domain(header.fields) or account.address.domain, outgoing, trail)
        local = [one for one in envelope.recipients if await self.directory.is_local(one.domain)]
        spread = await self.mda.distribution(local)
        others = [one for one in envelope.recipients if one not in local]
        remote = tuple(dict.fromkeys((*others, *spread.forwards)))
        return _Submission(
            origin=origin,
            account=account,
            envelope=envelope,
            trail=trail,
            content=outgoing.with_prefix(signature),
            copy=content.with_prefix(prefix),
            local=list(spread.deliveries),
            remote=remote,
            is_signed=bool(signature),
            smtputf8=_needs_smtputf8(envelope, remote, header),
            confirmation=await self.confirming.prepare(origin, envelope, local, trail, self.clock.now()),
            header=header.raw,
        )

    def _prefix(
        self, origin: Origin, account: Account, envelope: Envelope, header: Header, trail: UUID, now: datetime
    ) -> bytes:
        added = added_fields(header.fields, account, trail, now)
        return received(origin, envelope, trail, now) + added + header.separator

    async def _sign(self, domain: str, content: Content, trail: UUID) -> bytes:
        """The signature, or nothing: a key that cannot be used must not stop mail."""
        try:
            return await self.signer.sign(domain, content)
        except CancelledError:
            raise
        except Exception:  # noqa: BLE001 - whatever is wrong with a key, the message goes out
            log.failure("{trail}: not signed for {domain}", trail=trail.hex, domain=domain)
            return b""

    def _keep_in(self, transaction: ITransaction, submission: _Submission) -> None:
        arrival = arrival_of(submission.origin, submission.envelope, submission.trail)
        account, return_path = submission.account, submission.envelope.return_path
        if submission.local:
            self.mda.deliver_in(transaction, submission.content, submission.local, arrival, return_path)
        seen = frozenset((rb"\Seen",))
        copy = Delivery(account.id, str(account.address), SENT, seen, SPECIAL_USE_MAILBOXES[SENT], owed=True)
        self.store.deliver_in(transaction, submission.copy, [copy], arrival)
        data = {
            "from": arrival.return_path,
            "recipients": [str(one) for one in submission.envelope.recipients],
            "ip": submission.origin.ip,
            "signed": submission.is_signed,
            "size": submission.content.size,
        }
        subject = f"mail_account/{account.reference}"
        self.events.record_in(transaction, "message.submitted", submission.trail, subject, data)
        written = [one for one in submission.remote if one in submission.envelope.recipients]
        if written:
            self.caps.count_in(transaction, account.id, written)
        self.confirming.confirm_in(transaction, submission.confirmation, submission.header)
        if submission.remote:
            self.queue.enqueue_in(transaction, _outbound(submission))


def suppressed(recipient: Address, reason: str) -> Reply:
    """The refusal of an address that does not exist, as its host said earlier."""
    return Reply(550, "5.1.1", f"{recipient} is on the suppression list {reason}"[:400])


def _outbound(submission: _Submission) -> OutboundMessage:
    return OutboundMessage(
        trail=submission.trail,
        return_path=submission.envelope.return_path,
        recipients=submission.remote,
        content=submission.content,
        server_id=submission.account.server_id,
        account_id=submission.account.id,
        eight_bit=submission.envelope.parameters.body == "8BITMIME",
        smtputf8=submission.smtputf8,
        notify=submission.envelope.notify,
        originals=submission.envelope.originals,
        envelope_id=submission.envelope.parameters.envid,
        returned_part=submission.envelope.parameters.ret,
    )


def _account(origin: Origin) -> Account:
    if origin.account is None:
        raise Refused(NOT_YOURS, cause="submission without an account")
    return origin.account


def _needs_smtputf8(envelope: Envelope, remote: tuple[Address, ...], header: Header) -> bool:
    """True if an address or the header section cannot be told in US-ASCII (RFC 6531 §3.4)."""
    paths = [*remote, *([envelope.return_path] if envelope.return_path else [])]
    return not all(one.local.isascii() for one in paths) or (envelope.parameters.smtputf8 and not header.raw.isascii())
