"""One SMTP listener."""

from twisted.cred.portal import Portal
from twisted.internet.interfaces import IAddress, IOpenSSLServerConnectionCreator, IReactorTime
from twisted.internet.protocol import ServerFactory
from zope.interface import implementer

from daptinmail.interfaces.directory import ISessions
from daptinmail.interfaces.reception import IReception
from daptinmail.interfaces.runtime import IIdentifiers
from daptinmail.interfaces.storage import ISpool
from daptinmail.settings import ServerSettings
from daptinmail.smtp.connection import SmtpConnection
from daptinmail.smtp.limits import Limits
from daptinmail.smtp.session import Collaborators, Session
from daptinmail.smtp.xclient import normalized


@implementer(ISessions)
class SmtpFactory(ServerFactory):
    """One listener.

    ``server`` and ``tls`` may be replaced at any time: new connections use the new ones, each session keeps its own.
    ``tls`` makes contexts for STARTTLS, ``None`` offers none; ``implicit_tls`` says that the transport is TLS already.
    ``sessions`` are the live connections.
    """

    noisy = False

    def __init__(
        self,
        server: ServerSettings,
        reception: IReception,
        spool: ISpool,
        portal: Portal,
        identifiers: IIdentifiers,
        clock: IReactorTime,
        tls: IOpenSSLServerConnectionCreator | None,
        implicit_tls: bool,
        limits: Limits = Limits(),  # noqa: B008 - frozen
    ) -> None:
        self.server = server
        self.tls = tls
        self.implicit_tls = implicit_tls
        self.shared = Collaborators(reception, spool, portal, identifiers, clock, limits)
        self.sessions: set[SmtpConnection] = set()

    def buildProtocol(self, addr: IAddress | None) -> SmtpConnection:
        """A connection from ``addr``."""
        session = Session(
            connection=self.shared.identifiers.uuid7().hex[-12:],
            server=self.server,
            peer=normalized(getattr(addr, "host", "")),
            shared=self.shared,
            creator=self.tls,
            implicit_tls=self.implicit_tls,
        )
        return SmtpConnection(session, self.sessions)

    def end_sessions(self, account_id: int) -> None:
        """Say 421 to the sessions of an account, as ``close_sessions`` does."""
        for session in list(self.sessions):
            account = session.session.account
            if account is not None and account.id == account_id:
                session.close_when_idle()

    def close_sessions(self) -> None:
        """Say 421 to every session; one in a transaction gets to finish it first (RFC 5321 §3.8)."""
        for session in list(self.sessions):
            session.close_when_idle()
