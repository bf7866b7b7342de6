"""Makes the protocol factories behind a listener: SMTP, IMAP, or both behind one TLS port."""

from attrs import define
from twisted.cred.portal import Portal
from twisted.internet.interfaces import IProtocolFactory, IReactorTime
from twisted.protocols.tls import TLSMemoryBIOFactory

from daptinmail.imap.server import ImapFactory
from daptinmail.interfaces.mailboxes import IMailboxStore
from daptinmail.interfaces.reception import IReception
from daptinmail.interfaces.runtime import IBlocking, IIdentifiers
from daptinmail.interfaces.storage import ISpool
from daptinmail.interfaces.tls import ITlsContexts
from daptinmail.net.multiplex import MultiplexFactory
from daptinmail.net.tls import ServerConnections
from daptinmail.services.wanted import WantedListener
from daptinmail.settings import ImapSettings, ServerSettings
from daptinmail.smtp.server import SmtpFactory

SMTP_ALPN = b"smtp"
IMAP_ALPN = b"imap"


@define(eq=False)
class Edges:
    """What every factory needs, held in one place."""

    _reactor: IReactorTime
    _reception: IReception
    _store: IMailboxStore
    _spool: ISpool
    _portal: Portal
    _blocking: IBlocking
    _identifiers: IIdentifiers
    _contexts: ITlsContexts

    def smtp(self, server: ServerSettings, implicit_tls: bool, existing: SmtpFactory | None) -> SmtpFactory:
        """The SMTP factory for a server row; an existing one takes the new settings for its next sessions."""
        tls = ServerConnections(self._contexts.front(server.hostname, (SMTP_ALPN,)))
        if existing is not None:
            existing.server, existing.tls = server, tls
            return existing
        return SmtpFactory(
            server=server,
            reception=self._reception,
            spool=self._spool,
            portal=self._portal,
            identifiers=self._identifiers,
            clock=self._reactor,
            tls=tls,
            implicit_tls=implicit_tls,
        )

    def imap(self, imap: ImapSettings, implicit_tls: bool, existing: ImapFactory | None) -> ImapFactory:
        """The IMAP factory; an existing one takes the new host name for its next sessions."""
        tls = ServerConnections(self._contexts.front(imap.hostname, (IMAP_ALPN,)))
        if existing is not None:
            existing.hostname, existing.tls = imap.hostname, tls
            return existing
        return ImapFactory(
            hostname=imap.hostname,
            portal=self._portal,
            store=self._store,
            spool=self._spool,
            blocking=self._blocking,
            identifiers=self._identifiers,
            clock=self._reactor,
            tls=tls,
            implicit_tls=implicit_tls,
        )

    def front(self, wanted: WantedListener, smtp: SmtpFactory | None, imap: ImapFactory | None) -> IProtocolFactory:
        """What the port itself talks to: the protocol, or TLS that ends in time and then the choice of protocol."""
        served: dict[bytes, IProtocolFactory] = {}
        hosts: dict[str, bytes] = {}
        if imap is not None and wanted.imap is not None:
            served[IMAP_ALPN] = imap
            hosts[wanted.imap.hostname] = IMAP_ALPN
        if smtp is not None and wanted.server is not None:
            served[SMTP_ALPN] = smtp
            hosts[wanted.server.hostname] = SMTP_ALPN
        default = SMTP_ALPN if SMTP_ALPN in served else IMAP_ALPN
        if not wanted.implicit_tls:
            return served[default]
        inner = MultiplexFactory(by_protocol=served, by_hostname=hosts, default=default, clock=self._reactor)
        certified = wanted.server.hostname if wanted.server else next(iter(hosts))
        context = self._contexts.front(certified, tuple(served))
        return TLSMemoryBIOFactory(ServerConnections(context), False, inner, self._reactor)
