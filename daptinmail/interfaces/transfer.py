"""Queue -> the outgoing hop; DNS; what the queue takes."""

from collections.abc import Awaitable, Sequence
from datetime import datetime
from pathlib import Path
from uuid import UUID

from attrs import frozen
from zope.interface import Interface

from daptinmail.interfaces.messages import Delivery
from daptinmail.interfaces.storage import Content, ITransaction
from daptinmail.mail.address import Address
from daptinmail.mail.receipt import Receipt


@frozen
class MailExchanger:
    """One MX record."""

    preference: int
    host: str


@frozen
class ServiceTarget:
    """One SRV record (RFC 2782); an empty host says that the service is decidedly not there."""

    priority: int
    weight: int
    port: int
    host: str


class IResolver(Interface):
    """DNS. All raise ``Unavailable`` when no answer can be had now; an empty list means the name has no such record."""

    def mail_exchangers(domain: str) -> Awaitable[list[MailExchanger]]:
        """MX records; a null MX (RFC 7505) is one with an empty host. ``NotFound`` for a name that does not exist."""

    def addresses(host: str, version: int | None = None) -> Awaitable[list[str]]:
        """A and AAAA records as text; with ``version`` 4 or 6 one kind only. ``NotFound`` for a name that is not."""

    def texts(name: str) -> Awaitable[list[bytes]]:
        """TXT records, their strings joined."""

    def reverse_names(address: str) -> Awaitable[list[str]]:
        """PTR records of an IP address. ``NotFound`` for one without."""

    def services(name: str) -> Awaitable[list[ServiceTarget]]:
        """SRV records."""

    def issuers(name: str) -> Awaitable[list[str]]:
        """CAA records as zone files write them: ``0 issue "example.net"`` (RFC 8659 §4.1)."""


@frozen
class OutboundMessage:
    """A message for other hosts.

    ``server_id`` names the ``mail_server`` whose host name is used in EHLO; the server's own without one.
    """

    trail: UUID
    return_path: Address | None
    recipients: tuple[Address, ...]
    content: Content
    server_id: int | None
    account_id: int | None = None
    eight_bit: bool = False
    smtputf8: bool = False


class IQueue(Interface):
    """Messages that wait for transfer."""

    def enqueue_in(transaction: ITransaction, message: OutboundMessage) -> None:
        """Keep content and one ``outbox`` row a recipient, in the caller's transaction."""

    def run_pass() -> Awaitable[int]:
        """Try every due row once; answers how many recipients were tried."""


@frozen
class TransferRequest:
    """All recipients of one message at one domain."""

    trail: UUID
    domain: str
    return_path: Address | None
    recipients: tuple[Address, ...]
    path: Path
    size: int
    helo: str
    eight_bit: bool
    smtputf8: bool


class ITransfer(Interface):
    """One attempt to hand a message to the hosts of a domain."""

    def transfer(request: TransferRequest) -> Awaitable[Sequence[Receipt]]:
        """A receipt for each recipient. Never raises for what the remote side or the network does."""


@frozen
class ReturnedMessage:
    """A message some of whose recipients were given up. ``path`` is its content; ``arrived`` when we took it.

    ``destination`` is what ``IReturns.locate`` said of the return-path.
    """

    trail: UUID
    return_path: Address | None
    receipts: Sequence[Receipt]
    path: Path
    arrived: datetime
    reporting_host: str
    server_id: int | None
    destination: Delivery | Address | None = None


class IReturns(Interface):
    """Tells a sender what could not be delivered (RFC 3464)."""

    def locate(return_path: Address | None) -> Awaitable[Delivery | Address | None]:
        """Where a notification would go: a mailbox here, an address elsewhere, nowhere. Ask before the transaction."""

    def return_in(transaction: ITransaction, message: ReturnedMessage) -> None:
        """Send a delivery status notification to the return-path, in the transaction that gives up.

        Nothing is sent to the null return-path (RFC 5321 §4.5.5).
        """
