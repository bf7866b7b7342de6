"""What a session stands on: the listener, the protocol, what NOTIFY asked for."""

from collections.abc import Callable, Sequence
from typing import Protocol

from twisted.cred.portal import Portal
from twisted.internet.defer import Deferred, DeferredSemaphore
from twisted.internet.interfaces import IOpenSSLServerConnectionCreator, IReactorTime

from daptinmail.imap.bell import Bell
from daptinmail.interfaces.credentials import Channel
from daptinmail.interfaces.mailboxes import IMailboxStore
from daptinmail.interfaces.messages import Change
from daptinmail.interfaces.runtime import IBlocking, IClock, IIdentifiers
from daptinmail.interfaces.storage import ISpool


class Edge(Protocol):
    """What all sessions of a listener share."""

    hostname: str
    portal: Portal
    store: IMailboxStore
    spool: ISpool
    blocking: IBlocking
    identifiers: IIdentifiers
    clock: IReactorTime
    time: IClock
    tls: IOpenSSLServerConnectionCreator | None
    searches: DeferredSemaphore
    bell: Bell
    append_limit: int


class Wire(Protocol):
    """What commands may ask of the protocol."""

    async def read_line(self) -> bytes:
        """The next line from the client."""

    def try_line(self) -> bytes | None:
        """The next line if it has come."""

    def wakeup(self) -> "Deferred[None]":
        """Fires when more octets came or ``wake`` was called."""

    def wake(self) -> None:
        """Fire ``wakeup``."""

    def nudge(self) -> None:
        """There is something to tell: do it now, or after the command that runs."""

    def ask(self, text: bytes) -> None:
        """Send a continuation request."""

    def channel(self) -> Channel:
        """What SASL may know of the connection."""

    @property
    def compressed(self) -> bool:
        """True once COMPRESS is active."""

    @property
    def buffered(self) -> int:
        """Octets that came and have not been taken."""

    def start_compression(self) -> None:
        """What comes and goes from here on is compressed."""

    def switch_to_tls(self) -> None:
        """Drop what was buffered; the next octets are a handshake."""

    def close(self) -> None:
        """Send what is left and close."""

    def logged_in(self, logout: Callable[[], object]) -> None:
        """Raise limits and time-outs."""

    def listCapabilities(self) -> list[bytes]:  # noqa: N802 - twisted.mail.imap4's name
        """What can be done now."""


class Notices(Protocol):
    """What NOTIFY asked for (RFC 5465). ``quiet``, ``flags``, ``delayed``: how to tell of the selected mailbox."""

    @property
    def quiet(self) -> bool:
        """Nothing is told unasked."""

    @property
    def flags(self) -> bool:
        """Changes of flags are told."""

    @property
    def delayed(self) -> bool:
        """EXPUNGE waits for a command that allows it."""

    @property
    def due(self) -> bool:
        """There is something to tell of other mailboxes."""

    async def tell(self) -> None:
        """Tell it."""

    def stop(self) -> None:
        """Listen no more."""


class Updates(Protocol):
    """Results that are kept up to date (RFC 5267 §4.3)."""

    async def tell(self, changes: Sequence[Change]) -> None:
        """Something may have happened to the selected mailbox; the view has it, EXPUNGE has not been told."""
