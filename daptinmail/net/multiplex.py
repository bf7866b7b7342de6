"""Several protocols behind one implicit-TLS port, chosen when the handshake is over: by ALPN, by SNI, or the default.

Clients of SMTP and IMAP both wait for the greeting, so the handshake is all there is to go by.
"""

from collections.abc import Mapping
from typing import cast

from attrs import define, field
from OpenSSL import SSL
from twisted.internet.interfaces import (
    IAddress,
    IDelayedCall,
    IHandshakeListener,
    IProtocol,
    IProtocolFactory,
    IReactorTime,
)
from twisted.internet.protocol import Factory, Protocol, connectionDone
from twisted.logger import Logger
from twisted.protocols.tls import TLSMemoryBIOProtocol
from twisted.python.failure import Failure
from zope.interface import implementer

log = Logger()

HANDSHAKE_SECONDS = 30.0
IMAP_PREFIXES = ("imap.", "imaps.", "imps.")
"""Host names that mean IMAP by themselves."""


@define(eq=False)
class MultiplexFactory(Factory):
    """Goes inside a ``TLSMemoryBIOFactory``.

    ``by_protocol`` maps ALPN names to factories, ``by_hostname`` host names to ALPN names; ``default`` is the ALPN name
    of the protocol that answers a client that tells nothing. Connections are built, and so counted, by the chosen
    factory.
    """

    by_protocol: Mapping[bytes, IProtocolFactory]
    by_hostname: Mapping[str, bytes]
    default: bytes
    clock: IReactorTime
    noisy = False

    def buildProtocol(self, addr: IAddress | None) -> Protocol:
        """A stand-in until the handshake is over."""
        return _Undecided(self, cast(IAddress, addr))

    def startFactory(self) -> None:
        """Starts with the first port."""
        for factory in self._factories():
            factory.doStart()

    def stopFactory(self) -> None:
        """Stops with the last port."""
        for factory in self._factories():
            factory.doStop()

    def choose(self, alpn: bytes | None, hostname: str | None) -> bytes:
        """The ALPN name of the protocol to speak. ``hostname`` is that of SNI, ``None`` without SNI."""
        if alpn is not None and alpn in self.by_protocol:
            return alpn
        name = (hostname or "").lower().removesuffix(".")
        wanted = self.by_hostname.get(name, b"imap" if name.startswith(IMAP_PREFIXES) else self.default)
        return wanted if wanted in self.by_protocol else self.default

    def _factories(self) -> list[IProtocolFactory]:
        return list({id(factory): factory for factory in self.by_protocol.values()}.values())


@implementer(IHandshakeListener)
@define(eq=False)
class _Undecided(Protocol):
    """Waits for the end of the handshake, then puts the chosen protocol in its own place."""

    multiplex: MultiplexFactory
    address: IAddress
    _timeout: IDelayedCall | None = field(init=False, default=None)

    def connectionMade(self) -> None:
        """The handshake begins."""
        self._timeout = self.multiplex.clock.callLater(HANDSHAKE_SECONDS, self._timed_out)

    def handshakeCompleted(self) -> None:
        """The client is known as well as it ever will be: hand over."""
        self._stop_timeout()
        transport = self.transport
        assert isinstance(transport, TLSMemoryBIOProtocol)
        protocol = self._build(transport)
        if protocol is None:
            # A full service must not wait for the client's part of an orderly TLS shutdown.
            transport.abortConnection()
            return
        transport.wrappedProtocol = protocol
        protocol.makeConnection(transport)
        if IHandshakeListener.providedBy(protocol):
            protocol.handshakeCompleted()

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        """No handshake came about: a port scan, plain text, an old client."""
        self._stop_timeout()
        log.debug("TLS handshake with {peer} failed: {reason}", peer=self.address, reason=reason.getErrorMessage())

    def _build(self, transport: TLSMemoryBIOProtocol) -> IProtocol | None:
        connection = transport.getHandle()
        assert isinstance(connection, SSL.Connection)
        sni = connection.get_servername()
        hostname = sni.decode("ascii", "replace") if sni else None
        chosen = self.multiplex.choose(transport.negotiatedProtocol, hostname)
        return self.multiplex.by_protocol[chosen].buildProtocol(self.address)

    def _timed_out(self) -> None:
        self._timeout = None
        if isinstance(self.transport, TLSMemoryBIOProtocol):
            self.transport.abortConnection()

    def _stop_timeout(self) -> None:
        if self._timeout is not None and self._timeout.active():
            self._timeout.cancel()
        self._timeout = None
