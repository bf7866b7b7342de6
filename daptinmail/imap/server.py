"""The factory of IMAP sessions: what the composition root makes and keeps."""

from attrs import Factory, define, field
from twisted.cred.portal import Portal
from twisted.internet.defer import DeferredSemaphore
from twisted.internet.interfaces import IAddress, IOpenSSLServerConnectionCreator, IReactorTime
from twisted.internet.protocol import ServerFactory
from zope.interface import implementer

from daptinmail.imap import limits
from daptinmail.imap.bell import Bell
from daptinmail.imap.connection import Connection
from daptinmail.imap.protocol import ImapServer
from daptinmail.interfaces.directory import ISessions
from daptinmail.interfaces.mailboxes import IMailboxStore
from daptinmail.interfaces.runtime import IBlocking, IClock, IIdentifiers
from daptinmail.interfaces.storage import ISpool
from daptinmail.net.runtime import SystemClock


@implementer(ISessions)
@define(eq=False)
class ImapFactory(ServerFactory):
    """Makes sessions.

    ``tls`` makes contexts for STARTTLS, ``None`` if there are none; ``implicit_tls``: connections begin under TLS.
    Attributes may be replaced while it runs; sessions follow.
    """

    noisy = False

    hostname: str
    portal: Portal
    store: IMailboxStore
    spool: ISpool
    blocking: IBlocking
    identifiers: IIdentifiers
    clock: IReactorTime
    tls: IOpenSSLServerConnectionCreator | None
    implicit_tls: bool
    append_limit: int = limits.APPEND
    time: IClock = field(factory=SystemClock)
    sessions: set[Connection] = field(init=False, factory=set)
    bell: Bell = field(init=False, default=Factory(lambda self: Bell(self.clock), takes_self=True))
    searches: DeferredSemaphore = field(init=False, factory=lambda: DeferredSemaphore(limits.SEARCHES_AT_ONCE))

    def buildProtocol(self, addr: IAddress | None) -> ImapServer:
        """A session for the peer at ``addr``."""
        protocol = ImapServer(self, getattr(addr, "host", ""))
        protocol.factory = self
        return protocol

    def end_sessions(self, account_id: int) -> None:
        """Say BYE to the sessions of an account."""
        for session in list(self.sessions):
            if session.session.is_of(account_id):
                session.part(b"Log in again")

    def close_sessions(self, text: bytes = b"Server is shutting down") -> None:
        """Say BYE to all."""
        for session in list(self.sessions):
            session.part(text)
