"""One attempt to hand a message to the hosts of a domain (RFC 5321 §5)."""

from collections.abc import Awaitable, Callable, Sequence
from ipaddress import IPv6Address, ip_address
from random import Random, SystemRandom
from typing import Any

from attrs import define, field
from twisted.internet.defer import CancelledError
from twisted.internet.interfaces import IOpenSSLClientConnectionCreator, IReactorTime
from twisted.logger import Logger
from zope.interface import implementer

from daptinmail.errors import DaptinmailError, NotFound, Refused
from daptinmail.interfaces.runtime import IBlocking
from daptinmail.interfaces.transfer import IResolver, ITransfer, MailExchanger, TransferRequest
from daptinmail.mail.address import Address
from daptinmail.mail.receipt import Outcome, Receipt
from daptinmail.mail.reply import Reply
from daptinmail.settings import OutboundSettings
from daptinmail.smtp.client import SmtpClient
from daptinmail.smtp.client_reply import HostFailed, TlsFailed
from daptinmail.smtp.client_session import UNKNOWN_FATE, ClientSession
from daptinmail.smtp.client_tls import OpportunisticTls

log = Logger()

Connect = Callable[[str, int], Awaitable[SmtpClient]]
"""Opens a connection to an IP address and port; any failure is an exception."""

MAX_HOSTS = 16  # names looked up in one attempt
MAX_ADDRESSES = 8  # hosts tried in one attempt, RFC 5321 §5.1 asks for two at least
MAX_RECIPIENTS = 100  # of one transaction, RFC 5321 §4.5.3.1.8
MAX_CONVERSATION = 3600.0  # seconds with one host

NO_DOMAIN = Reply(550, "5.1.2", "The domain does not exist")
NO_HOST = Reply(550, "5.4.4", "The domain has no host that takes mail")
NULL_MX = Reply(556, "5.1.10", "The domain does not accept mail (null MX)")
LOOP = Reply(554, "5.4.6", "The mail host of the domain is this machine")
NO_ANSWER = Reply(451, "4.4.3", "DNS gives no answer for the domain")


@define(eq=False)
class _Progress:
    """What is settled so far, and why the rest is not."""

    pending: list[Address]
    receipts: list[Receipt] = field(factory=list)
    deferred: dict[Address, Receipt] = field(factory=dict)
    failure: Reply | None = None
    remote: str | None = None
    tried: int = 0

    def settle(self, receipts: Sequence[Receipt]) -> None:
        """Keep final receipts. The deferred may be tried at another host, unless this one may have it."""
        for receipt in receipts:
            if receipt.outcome is Outcome.DEFERRED and receipt.reply is not UNKNOWN_FATE:
                self.deferred[receipt.recipient] = receipt
            else:
                self.receipts.append(receipt)
                self.pending.remove(receipt.recipient)

    def fail(self, reply: Reply, remote: str | None = None) -> None:
        """Keep the most hopeful failure: a temporary one is not forgotten for a permanent one."""
        if self.failure is None or reply.temporary or not self.failure.temporary:
            self.failure, self.remote = reply, remote

    def result(self) -> list[Receipt]:
        """A receipt for everybody."""
        reply = self.failure or NO_HOST
        rest = [self.deferred.get(one) or _receipt(one, reply, self.remote) for one in self.pending]
        return self.receipts + rest


@implementer(ITransfer)
@define(eq=False)
class Transfer:
    """Finds the hosts of a domain and talks to them in order until one takes the message."""

    resolver: IResolver
    connect: Connect
    clock: IReactorTime
    blocking: IBlocking
    outbound: Callable[[], OutboundSettings]
    random: Random = field(factory=SystemRandom)
    tls: Callable[[str], IOpenSSLClientConnectionCreator] = OpportunisticTls

    async def transfer(self, request: TransferRequest) -> Sequence[Receipt]:
        """A receipt for each recipient."""
        progress = _Progress(list(request.recipients))
        try:
            hosts = await self._hosts(request)
        except DaptinmailError as error:
            progress.fail(error.reply)
            return progress.result()
        for host in hosts:
            for address in await self._addresses(host, progress):
                await self._try(host, address, request, progress)
                if not progress.pending:
                    return progress.result()
        return progress.result()

    async def _hosts(self, request: TransferRequest) -> list[str]:
        """Host names, best first."""
        try:
            found = await self.resolver.mail_exchangers(request.domain)
        except NotFound:
            raise Refused(NO_DOMAIN) from None
        except DaptinmailError as error:
            raise Refused(NO_ANSWER, cause=error.text) from error
        if not found:
            return [request.domain]  # Implicit MX (RFC 5321 §5.1).
        named = [one for one in found if one.host.strip(".")]
        if not named:
            raise Refused(NULL_MX)
        hosts = self._before_us(self._in_order(named), request.helo)
        if not hosts:
            raise Refused(LOOP)
        return hosts

    def _in_order(self, exchangers: list[MailExchanger]) -> list[MailExchanger]:
        return sorted(exchangers, key=lambda one: (one.preference, self.random.random()))

    def _before_us(self, exchangers: list[MailExchanger], us: str) -> list[str]:
        """Hosts preferred to us, if we are among them (RFC 5321 §5.1)."""
        if not self.outbound().allow_loopback:
            ours = [one.preference for one in exchangers if one.host.rstrip(".").lower() == us.lower()]
            exchangers = [one for one in exchangers if not ours or one.preference < min(ours)]
        return [one.host for one in exchangers[:MAX_HOSTS]]

    async def _addresses(self, host: str, progress: _Progress) -> list[str]:
        """Addresses of a host that may be tried."""
        if progress.tried >= MAX_ADDRESSES:
            return []
        try:
            found = await self.resolver.addresses(host)
        except NotFound:
            found = []
        except DaptinmailError:
            progress.fail(NO_ANSWER)
            return []
        usable = [one for one in found if self.outbound().allow_loopback or not points_here(one)]
        if len(usable) < len(found):
            progress.fail(LOOP)
        elif not found:
            progress.fail(NO_HOST)
        usable = usable[: MAX_ADDRESSES - progress.tried]
        progress.tried += len(usable)
        return usable

    async def _try(self, host: str, address: str, request: TransferRequest, progress: _Progress) -> None:
        """Talk to one address, without TLS once more if TLS fails there."""
        told = {"trail": request.trail.hex, "remote": host, "address": address}
        for use_tls in (True, False):
            try:
                await self._converse(host, address, request, progress, use_tls)
            except TlsFailed as error:
                log.info("{trail}: {remote} [{address}]: {reason}", reason=error.text, **told)
                progress.fail(error.reply, host)
                continue
            except HostFailed as error:
                log.info("{trail}: {remote} [{address}]: {reason}", reason=error.text, **told)
                progress.fail(error.reply, host)
            return

    async def _converse(
        self, host: str, address: str, request: TransferRequest, progress: _Progress, use_tls: bool
    ) -> None:
        connection = await self._open(address)
        deadline = self.clock.callLater(MAX_CONVERSATION, connection.abort)
        session = ClientSession(connection, host, request.helo, self.blocking, lambda: self.tls(host.rstrip(".")))
        try:
            await session.open(use_tls)
            waiting = list(progress.pending)
            while waiting:
                receipts = await session.send(request, waiting[:MAX_RECIPIENTS])
                done = {receipt.recipient for receipt in receipts}
                waiting = [one for one in waiting if one not in done]
                progress.settle(receipts)
        finally:
            session.close()
            if deadline.active():
                deadline.cancel()

    async def _open(self, address: str) -> SmtpClient:
        settings = self.outbound()
        try:
            connection = await self.connect(address, settings.port)
        except CancelledError:
            raise
        except Exception as error:
            reason = str(error) or type(error).__name__
            raise HostFailed(Reply(451, "4.4.1", f"No connection to port {settings.port}: {reason}")) from error
        if not settings.allow_loopback and _same_machine(connection.transport):
            connection.abort()
            raise HostFailed(LOOP)
        return connection


def points_here(address: str) -> bool:
    """True for addresses that can only be this machine or this link, or are no host at all."""
    try:
        ip = ip_address(address.partition("%")[0])
    except ValueError:
        return True
    if isinstance(ip, IPv6Address) and ip.ipv4_mapped:
        ip = ip.ipv4_mapped
    return ip.is_loopback or ip.is_unspecified or ip.is_link_local or ip.is_multicast or str(ip).startswith("0.")


def _same_machine(transport: Any) -> bool:
    """A connection from an address to itself has not left the machine."""
    return bool(transport.getPeer().host == transport.getHost().host)


def _receipt(recipient: Address, reply: Reply, remote: str | None) -> Receipt:
    outcome = Outcome.DEFERRED if reply.temporary else Outcome.REFUSED
    return Receipt(recipient, outcome, reply, remote)
