"""Mail of others that leaves again: by an alias to another host, or a notification on its way back to a sender."""

from collections.abc import Sequence
from uuid import UUID

from attrs import define, frozen

from daptinmail.errors import Refused
from daptinmail.interfaces.reception import Origin
from daptinmail.interfaces.routing import IRouting
from daptinmail.interfaces.screening import Action, Verdict
from daptinmail.interfaces.storage import Content, ITransaction
from daptinmail.interfaces.tls import ISealer
from daptinmail.interfaces.transfer import IQueue, OutboundMessage
from daptinmail.mail.address import Address
from daptinmail.mail.envelope import Envelope
from daptinmail.mail.reply import Reply

NOT_FORWARDED = Reply(550, "5.7.1", "The message looks like spam and is not forwarded")


@frozen
class Leaving:
    """What leaves of one message. ``via`` is the recipient here that it came for."""

    origin: Origin
    envelope: Envelope
    trail: UUID
    verdict: Verdict
    recipients: tuple[Address, ...]
    via: Address


@define(eq=False)
class Forwarding:
    """Hands to the queue what is not for a mailbox here."""

    routing: IRouting
    sealer: ISealer
    queue: IQueue

    async def returning(self, recipients: Sequence[Address], return_path: Address | None) -> dict[Address, Address]:
        """Senders behind recipients that are return-paths of ours: only notifications are for them (RFC 5321 §6.1)."""
        if return_path is not None:
            return {}
        found = {one: await self.routing.returning(one) for one in recipients}
        return {one: sender for one, sender in found.items() if sender is not None}

    def check(self, verdict: Verdict, *, kept_here: bool) -> None:
        """Spam is not passed on.

        Raises:
            Refused: nobody here gets it either.
        """
        if verdict.action is Action.SPAM and not kept_here:
            raise Refused(NOT_FORWARDED)

    async def message(self, leaving: Leaving, content: Content, results: str) -> OutboundMessage:
        """The message as it leaves: sealed, with a return-path that leads back here.

        Where SPF did not say that the sender is who it seems nobody is told of a failure: it would hit the one whose
        name was forged.
        """
        parameters = leaving.envelope.parameters
        return OutboundMessage(
            trail=leaving.trail,
            return_path=await self._return_path(leaving),
            recipients=leaving.recipients,
            content=content.with_prefix(await self._seal(leaving, content, results)),
            server_id=leaving.origin.server.id,
            eight_bit=parameters.body == "8BITMIME",
            smtputf8=parameters.smtputf8 or not all(one.local.isascii() for one in leaving.recipients),
        )

    def enqueue_in(self, transaction: ITransaction, message: OutboundMessage) -> None:
        """In the transaction that accepts."""
        self.queue.enqueue_in(transaction, message)

    async def _return_path(self, leaving: Leaving) -> Address | None:
        checks = leaving.verdict.checks
        if checks and not any(one.method == "spf" and one.result == "pass" for one in checks):
            return None
        return await self.routing.rewritten(leaving.envelope.return_path, leaving.via.domain)

    async def _seal(self, leaving: Leaving, content: Content, results: str) -> bytes:
        """A broken chain stays as it is: nobody would look at our set."""
        if not results or leaving.verdict.chain.result not in {"none", "pass"}:
            return b""
        return await self.sealer.seal(leaving.via.domain, content, results)
