"""TLS between a client of OpenSSL and a Twisted factory, in memory."""

from attrs import define, field
from OpenSSL import SSL
from twisted.internet.address import IPv4Address
from twisted.internet.error import ConnectionDone
from twisted.internet.interfaces import IProtocolFactory
from twisted.internet.protocol import Factory, Protocol
from twisted.internet.task import Clock
from twisted.internet.testing import StringTransport
from twisted.protocols.tls import TLSMemoryBIOFactory, TLSMemoryBIOProtocol
from twisted.python.failure import Failure

from daptinmail.net.tls import ServerConnections

PEER = IPv4Address("TCP", "192.0.2.7", 54321)


class WireTransport(StringTransport):
    """What the server writes, to be handed to the client. Like a socket it tells of its end only later."""

    def loseConnection(self) -> None:
        """Close."""
        self.connected = False

    def abortConnection(self) -> None:
        """Close."""
        self.connected = False


@define(eq=False)
class Wire:
    """One TLS connection: ``client`` is OpenSSL, the server a Twisted factory behind ``TLSMemoryBIOFactory``."""

    client: SSL.Connection
    server: TLSMemoryBIOProtocol
    transport: WireTransport
    clock: Clock
    error: SSL.Error | None = None
    received: bytearray = field(factory=bytearray)
    told: bool = False

    @property
    def greeting(self) -> bytes:
        """What the client has read so far."""
        return bytes(self.received)

    def pump(self) -> None:
        """Carry octets both ways until nothing moves."""
        while True:
            self._client_turn()
            moved = self._to_server()
            self.clock.advance(0)
            moved |= self._to_client()
            if not moved:
                break
        self._client_turn()
        if not self.transport.connected and not self.told:
            self.told = True
            self.server.connectionLost(Failure(ConnectionDone()))

    def _client_turn(self) -> None:
        try:
            if self.error is None:
                self.client.do_handshake()
                self.received += self.client.recv(65536)
        except SSL.WantReadError:
            pass
        except (SSL.ZeroReturnError, SSL.SysCallError):
            pass
        except SSL.Error as error:
            self.error = error

    def _to_server(self) -> bool:
        try:
            octets = self.client.bio_read(65536)
        except SSL.WantReadError:
            return False
        if self.transport.connected:
            self.server.dataReceived(octets)
        return True

    def _to_client(self) -> bool:
        octets = self.transport.value()
        self.transport.clear()
        if octets:
            self.client.bio_write(octets)
        return bool(octets)


def connect(
    context: SSL.Context, factory: IProtocolFactory, sni: str | None = None, alpn: tuple[bytes, ...] = ()
) -> Wire:
    """Connect and shake hands; look at ``error`` and ``greeting`` for the outcome."""
    wire = open_wire(context, factory, client_context(alpn), sni)
    wire.pump()
    return wire


def open_wire(context: SSL.Context, factory: IProtocolFactory, client: SSL.Context, sni: str | None) -> Wire:
    """A connection on which nothing has been said."""
    clock = Clock()
    tls = TLSMemoryBIOFactory(ServerConnections(context), False, factory, clock)
    server = tls.buildProtocol(PEER)
    assert server is not None
    transport = WireTransport(peerAddress=PEER)
    server.makeConnection(transport)
    connection = SSL.Connection(client, None)
    connection.set_connect_state()
    if sni is not None:
        connection.set_tlsext_host_name(sni.encode())
    return Wire(connection, server, transport, clock)


def client_context(alpn: tuple[bytes, ...] = (), maximum: int | None = None) -> SSL.Context:
    """A client that believes any certificate."""
    context = SSL.Context(SSL.TLS_CLIENT_METHOD)
    if alpn:
        context.set_alpn_protos(list(alpn))
    if maximum is not None:
        context.set_max_proto_version(maximum)
    return context


class Greeter(Protocol):
    """Says its factory's greeting and remembers what it was told."""

    def connectionMade(self) -> None:
        """Greet."""
        assert isinstance(self.factory, GreeterFactory)
        self.factory.sessions.append(self)
        assert self.transport is not None
        self.transport.write(self.factory.greeting)

    def dataReceived(self, data: bytes) -> None:
        """Note."""
        assert isinstance(self.factory, GreeterFactory)
        self.factory.heard.append(data)

    def connectionLost(self, reason: object = None) -> None:
        """Gone."""
        assert isinstance(self.factory, GreeterFactory)
        self.factory.sessions.remove(self)


class GreeterFactory(Factory):
    """A service whose clients wait for a greeting."""

    noisy = False

    def __init__(self, greeting: bytes, limit: int = 100) -> None:
        self.greeting = greeting
        self.limit = limit
        self.sessions: list[Greeter] = []
        self.heard: list[bytes] = []

    def buildProtocol(self, addr: object) -> Greeter | None:
        """Nothing beyond the limit."""
        if len(self.sessions) >= self.limit:
            return None
        protocol = Greeter()
        protocol.factory = self
        return protocol
