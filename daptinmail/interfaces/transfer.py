"""Queue -> the outgoing hop; DNS; what the queue takes."""

from collections.abc import Awaitable, Mapping, Sequence
from datetime import datetime
from enum import Enum
from pathlib import Path
from uuid import UUID

from attrs import field, frozen
from zope.interface import Interface

from daptinmail.interfaces.directory import Viewer
from daptinmail.interfaces.messages import Delivery
from daptinmail.interfaces.storage import Content, ITransaction
from daptinmail.mail.address import Address
from daptinmail.mail.receipt import Receipt
from daptinmail.mail.report import RecipientReport


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
    What the sender asked to be told (DSN, RFC 3461), decoded: ``notify`` (NOTIFY) and ``originals`` (ORCPT) by
    recipient, ``envelope_id`` (ENVID) and ``returned_part`` (RET: FULL or HDRS).
    """

    trail: UUID
    return_path: Address | None
    recipients: tuple[Address, ...]
    content: Content
    server_id: int | None
    account_id: int | None = None
    eight_bit: bool = False
    smtputf8: bool = False
    notify: Mapping[Address, str] = field(factory=dict)
    originals: Mapping[Address, str] = field(factory=dict)
    envelope_id: str | None = None
    returned_part: str | None = None


class Command(Enum):
    """What may be done to mail that waits."""

    HOLD = "hold"
    RELEASE = "release"
    RETRY = "retry"
    DROP = "drop"


@frozen
class QueueCommand:
    """A command for one ``outbox`` row, or for all that wait for a destination.

    ``tells``: the sender of what is dropped gets a notification.
    """

    command: Command
    reference: UUID | None = None
    host: str = ""
    tells: bool = False


class IQueue(Interface):
    """Messages that wait for transfer."""

    def enqueue_in(transaction: ITransaction, message: OutboundMessage) -> None:
        """Keep content and one ``outbox`` row a recipient, in the caller's transaction."""

    def run_pass() -> Awaitable[int]:
        """Try every due row once; answers how many recipients were tried."""

    def command(command: QueueCommand, viewer: Viewer) -> Awaitable[int]:
        """Do it; answers to how many rows it was done, not counting those that were as asked.

        Raises:
            NotFound: no such row, or the viewer may not know of it.
            Forbidden: the viewer may not change it; or is no administrator, who alone may command a destination.
            Conflict: the row does not wait (any more), or is held and should be tried.
        """


@frozen
class TransferRequest:
    """All recipients of one message at one domain. For DSN see ``OutboundMessage``."""

    trail: UUID
    domain: str
    return_path: Address | None
    recipients: tuple[Address, ...]
    path: Path
    size: int
    helo: str
    eight_bit: bool
    smtputf8: bool
    notify: Mapping[Address, str] = field(factory=dict)
    originals: Mapping[Address, str] = field(factory=dict)
    envelope_id: str | None = None
    returned_part: str | None = None


class ITransfer(Interface):
    """One attempt to hand a message to the hosts of a domain."""

    def transfer(request: TransferRequest) -> Awaitable[Sequence[Receipt]]:
        """A receipt for each recipient. Never raises for what the remote side or the network does."""


@frozen
class ReturnedMessage:
    """A message whose sender is to be told what became of some recipients. ``arrived`` is when we took it.

    ``original`` is its content, whose file may be gone; ``destination`` what ``IReturns.locate`` said of the
    return-path; ``envelope_id`` and ``returned_part`` what the sender asked for (ENVID and RET).
    """

    trail: UUID
    return_path: Address | None
    reports: Sequence[RecipientReport]
    original: Content
    arrived: datetime
    reporting_host: str
    server_id: int | None
    destination: Delivery | Address | None = None
    envelope_id: str | None = None
    returned_part: str | None = None


class IReturns(Interface):
    """Tells a sender what became of a message (RFC 3464)."""

    def locate(return_path: Address | None) -> Awaitable[Delivery | Address | None]:
        """Where a notification would go: a mailbox here, an address elsewhere, nowhere. Ask before the transaction."""

    def return_in(transaction: ITransaction, message: ReturnedMessage) -> None:
        """Send a delivery status notification to the return-path, in the transaction that decides.

        Nothing is sent to the null return-path (RFC 5321 §4.5.5).
        """
