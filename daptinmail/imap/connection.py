"""The wire of one connection: Twisted's IMAP4Server with its line splitting and its output replaced.

Kept from it: states, greeting, tagged and untagged answers, capabilities, cred, time-outs.
"""

from collections.abc import Callable
from typing import Protocol, cast

from attrs import frozen
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IDelayedCall, IOpenSSLServerConnectionCreator, IPushProducer, ITCPTransport
from twisted.logger import Logger
from twisted.mail.imap4 import IMAP4Server
from twisted.protocols.policies import TimeoutMixin
from twisted.protocols.tls import TLSMemoryBIOProtocol
from twisted.python.failure import Failure

from daptinmail.imap import limits
from daptinmail.imap.capabilities import capabilities
from daptinmail.imap.deflate import Deflated, Inflater
from daptinmail.imap.environment import Edge
from daptinmail.imap.reader import CommandReader, Fault
from daptinmail.imap.responses import Disconnected, Outlet, ResponseWriter
from daptinmail.imap.session import Session
from daptinmail.interfaces.credentials import Channel
from daptinmail.net.channel import channel_of

log = Logger()


class Listener(Edge, Protocol):
    """What a connection needs of its factory."""

    implicit_tls: bool
    sessions: "set[Connection]"


class Transport(Protocol):
    """What a connection needs of its transport, TCP or TLS."""

    def write(self, data: bytes) -> None:
        """Send."""

    def registerProducer(self, producer: IPushProducer, streaming: bool) -> None:  # noqa: N802 - Twisted's name
        """Ask to be told when to stop writing."""

    def unregisterProducer(self) -> None:  # noqa: N802 - Twisted's name
        """Ask no more."""

    def pauseProducing(self) -> None:
        """Stop reading."""

    def resumeProducing(self) -> None:
        """Read again."""

    def loseConnection(self) -> None:  # noqa: N802 - Twisted's name
        """Close when everything is sent."""

    def abortConnection(self) -> None:  # noqa: N802 - Twisted's name
        """Cut."""

    def startTLS(self, contextFactory: IOpenSSLServerConnectionCreator | None) -> None:  # noqa: N803 - Twisted's name
        """The next octets are a handshake."""


@frozen
class Gathered:
    """Under TLS Twisted holds small writes back for a turn of the reactor; what comes here was gathered already."""

    transport: TLSMemoryBIOProtocol

    def write(self, data: bytes) -> None:
        """Encrypt and send."""
        TLSMemoryBIOProtocol.write(self.transport, data)


def outlet_of(transport: Transport) -> Outlet:
    """Where everything that goes to ``transport`` has to be written."""
    return Gathered(transport) if isinstance(transport, TLSMemoryBIOProtocol) else transport


class Connection(IMAP4Server):
    """Octets in, octets out, time-outs and the end. Subclasses say what to do with commands."""

    timeOut = limits.LOGIN_TIMEOUT  # noqa: N815 - Twisted's name
    POSTAUTH_TIMEOUT = limits.AUTOLOGOUT

    def __init__(self, edge: Listener, peer: str) -> None:
        IMAP4Server.__init__(self)
        self.edge = edge
        self.peer = peer
        self.reader = CommandReader()
        self._in_turn = False
        self._input_paused = False
        self._wakeup: Deferred[None] | None = None
        self._cut_off: IDelayedCall | None = None
        self._inflater: Inflater | None = None

    def take_input(self) -> None:
        """Something was fed to ``reader``."""
        raise NotImplementedError

    def nudge(self) -> None:
        """There is something to tell unasked."""
        raise NotImplementedError

    def report(self, fault: Fault) -> None:
        """Answer for a command that could not be read."""
        raise NotImplementedError

    # Twisted's side

    def connectionMade(self) -> None:
        """Greet."""
        tcp = ITCPTransport(self.transport, None)
        if tcp is not None:
            tcp.setTcpNoDelay(True)
        self._transport = cast("Transport", self.transport)
        self._outlet = outlet_of(self._transport)
        self.writer = ResponseWriter(self._outlet, self._touch)
        name = self.edge.identifiers.uuid7().hex
        self.session = Session(name, self.edge, self, self.writer, self.peer, secure=self.edge.implicit_tls)
        self._transport.registerProducer(self.writer, True)
        self.edge.sessions.add(self)
        log.info("{connection}: connection from {peer}", connection=name, peer=self.peer)
        self._time_out_after(self.timeOut)
        self.IDENT = b"%b IMAP4rev1 service ready" % self.edge.hostname.encode("ascii", "replace")
        IMAP4Server.sendServerGreeting(self)
        self.writer.flush()

    def connectionLost(self, reason: Failure) -> None:  # type: ignore[override]  # the default is Twisted's own
        """Forget the session; what it waited for ends with ``Disconnected``."""
        self.edge.sessions.discard(self)
        if self._cut_off is not None and self._cut_off.active():
            self._cut_off.cancel()
        self._end()
        self.session.incoming.discard()
        self.session.stop_notices()
        _ = Deferred.fromCoroutine(self.session.unselect()).addErrback(self._could_not_leave)
        logout, self._onLogout = self._onLogout, None
        if logout is not None:
            logout()
        log.info("{connection}: connection closed", connection=self.session.id)

    def _could_not_leave(self, failure: Failure) -> None:
        log.failure("{connection}: leaving the mailbox", failure, connection=self.session.id)

    def timeoutConnection(self) -> None:
        """RFC 3501 §5.4."""
        self.part(b"Autologout; idle for too long")

    def callLater(self, period: float, func: Callable[[], object]) -> IDelayedCall:  # noqa: N802 - Twisted's name
        """Timers run on the clock of the listener."""
        return self.edge.clock.callLater(period, func)

    def sendLine(self, line: bytes) -> None:  # noqa: N802 - Twisted's name
        """Every line goes out through the writer."""
        self.writer.write(line + b"\r\n")

    def dataReceived(self, data: bytes) -> None:
        """Octets from the client."""
        if self.session.parting:
            return
        self._touch()
        self._in_turn = True
        try:
            if self._inflater is None:
                self.reader.feed(data)
            else:
                self._inflater.feed(data)
                self.inflate()
            self.wake()
            self.take_input()
        finally:
            self._in_turn = False
            self.writer.flush()

    def _time_out_after(self, seconds: float | None) -> None:
        TimeoutMixin.setTimeout(self, seconds)

    def _touch(self) -> None:
        """The peer is alive. Before login there is one time-out for everything, however slowly octets come."""
        if self.session.state != "unauth":
            TimeoutMixin.resetTimeout(self)

    # What a session asks of its wire

    def listCapabilities(self) -> list[bytes]:  # noqa: N802 - Twisted's name
        """What can be done now, as words."""
        return capabilities(self.session)

    def hold_input(self) -> None:
        """Stop reading: enough waits."""
        if not self._input_paused:
            self._input_paused = True
            self._transport.pauseProducing()

    def ready_for_input(self) -> None:
        """Everything that came was taken."""
        self.writer.flush()
        if self._input_paused and not self.session.parting:
            self._input_paused = False
            self._transport.resumeProducing()

    def try_line(self) -> bytes | None:
        """The next line if it has come."""
        line = self.reader.take_line()
        while line is None and self.inflate():
            line = self.reader.take_line()
        if isinstance(line, Fault):
            self.report(Fault(None, line.answer, fatal=True))
            raise Disconnected
        return line

    async def read_line(self) -> bytes:
        """The next line."""
        while (line := self.try_line()) is None:
            await self.wakeup()
        return line

    def wakeup(self) -> "Deferred[None]":
        """Fires when more octets came or ``wake`` was called."""
        if self.session.parting:
            raise Disconnected
        self.ready_for_input()
        self._wakeup = Deferred()
        return self._wakeup

    def wake(self) -> None:
        """Fire ``wakeup``."""
        waiting, self._wakeup = self._wakeup, None
        if waiting is not None:
            waiting.callback(None)

    def ask(self, text: bytes) -> None:
        """Send a continuation request."""
        self.writer.write(b"+ %b\r\n" % text)
        self.writer.flush()

    def channel(self) -> Channel:
        """What SASL may know of the connection."""
        return channel_of(self.transport, self.session.secure)

    # Compression

    @property
    def compressed(self) -> bool:
        """True once COMPRESS is active."""
        return self._inflater is not None

    @property
    def buffered(self) -> int:
        """Octets that came and have not been taken."""
        return self.reader.buffered + (0 if self._inflater is None else self._inflater.waiting)

    def start_compression(self) -> None:
        """The tagged OK was the last in clear. What came before it cannot have been compressed (RFC 4978 §3)."""
        if self.reader.buffered:
            self.part(b"Octets before the answer to COMPRESS")
            return
        self.writer.flush()
        self._inflater = Inflater()
        self.writer.transport = Deflated(self._outlet)

    def inflate(self) -> bool:
        """Feed some more of what was compressed to ``reader``; false if there is no more, or enough waits there."""
        if self._inflater is None or self.session.parting or self.reader.buffered > limits.INPUT_WAITING:
            return False
        try:
            octets = self._inflater.take(limits.INFLATED_AT_ONCE) if self._inflater.waiting else b""
        except ValueError as error:
            log.info("{connection}: {error}", connection=self.session.id, error=str(error))
            self.part(b"Not a DEFLATE stream")
            return False
        self.reader.feed(octets)
        return bool(octets)

    def switch_to_tls(self) -> None:
        """Start TLS. Octets that came before it were sent by nobody we know: the connection is dropped."""
        if self.reader.buffered:
            log.warn("{connection}: octets after STARTTLS, dropped", connection=self.session.id)
            self.abort()
            return
        self.writer.flush()
        self._transport.startTLS(self.edge.tls)
        self.startedTLS = self.session.secure = True
        self.reader = CommandReader()

    def logged_in(self, logout: Callable[[], object]) -> None:
        """Raise limits and time-outs."""
        if self.session.parting:
            logout()
            raise Disconnected
        self._onLogout = logout
        self.reader.limits = limits.AUTHENTICATED
        self._time_out_after(self.POSTAUTH_TIMEOUT)

    def part(self, text: bytes) -> None:
        """Say BYE and close. A peer that does not read is cut off."""
        if self.session.parting:
            return
        if self.writer.held:
            self.abort()
            return
        self.sendLine(b"* BYE " + text)
        self.close()

    def close(self) -> None:
        """Send what is left and close."""
        if self.session.parting:
            return
        self.writer.flush()
        self._transport.unregisterProducer()
        self._transport.loseConnection()
        self._cut_off = self.edge.clock.callLater(limits.CLOSE_GRACE, self._transport.abortConnection)
        self._end()

    def abort(self) -> None:
        """Cut the connection."""
        self._end()
        self._transport.abortConnection()

    def _end(self) -> None:
        """Nothing more is read, written or waited for."""
        self.session.parting = True
        self.state = self.session.state
        self._time_out_after(None)
        self.writer.lose()
        waiting, self._wakeup = self._wakeup, None
        if waiting is not None:
            waiting.errback(Disconnected())
            _ = waiting.addErrback(lambda _: None)  # nobody may be waiting
