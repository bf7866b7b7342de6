"""One outgoing SMTP connection: commands out, replies in, TLS, content with back-pressure.

The conversation itself is ``client_session``; this module only moves octets and keeps the limits.
"""

from collections import deque
from collections.abc import Awaitable
from typing import Any, TypeVar

from attrs import define, field
from twisted.internet.defer import Deferred
from twisted.internet.error import ConnectionDone
from twisted.internet.interfaces import (
    IHandshakeListener,
    IOpenSSLClientConnectionCreator,
    IPushProducer,
    IReactorTime,
)
from twisted.internet.protocol import Factory, Protocol, connectionDone
from twisted.python.failure import Failure
from zope.interface import implementer

from daptinmail.mail.reply import Reply
from daptinmail.smtp.client_reply import HostFailed, ReplyReader, TlsFailed

T = TypeVar("T")

MAX_UNREAD_REPLIES = 1000
QUIT_PATIENCE = 10.0  # seconds


@implementer(IHandshakeListener, IPushProducer)
class SmtpClient(Protocol):
    """The client end of a connection. All waiting is bounded by ``clock``; failures are ``HostFailed``."""

    transport: Any

    def __init__(self, clock: IReactorTime) -> None:
        self._clock = clock
        self._reader = ReplyReader()
        self._replies: deque[Reply] = deque()
        self._waiting: Deferred[Reply] | None = None
        self._drained: Deferred[None] | None = None
        self._secured: Deferred[None] | None = None
        self._paused = False
        self._lost: HostFailed | None = None
        self._closing = False

    # What a conversation uses.

    @property
    def answered(self) -> bool:
        """True if a reply waits that nobody has read, or none can come any more."""
        return bool(self._replies or self._lost)

    def send(self, data: bytes) -> None:
        """Write whole command lines."""
        self.transport.write(data)

    async def reply(self, timeout: float) -> Reply:
        """The next reply, within ``timeout`` seconds.

        Raises:
            HostFailed: silence, a lost connection, or no SMTP.
        """
        if self._replies:
            return self._replies.popleft()
        if self._lost:
            raise self._lost
        self._waiting = Deferred()
        return await self._in_time(self._waiting, timeout)

    async def start_tls(self, creator: IOpenSSLClientConnectionCreator, timeout: float) -> str:
        """Do the handshake; answers the TLS version.

        Octets that came after the reply to STARTTLS were not protected: they end the connection, because
        whoever put them there could answer in the host's place (CVE-2011-0411).

        Raises:
            TlsFailed: the handshake failed or took too long.
        """
        if self._replies or not self._reader.is_empty:
            self.abort()
            raise TlsFailed(Reply(451, "4.7.0", "The host sent data in clear text after STARTTLS"))
        self._secured = Deferred()
        try:
            self.transport.startTLS(creator)
            await self._in_time(self._secured, timeout)
        except HostFailed as error:
            raise TlsFailed(Reply(451, "4.7.0", f"TLS handshake failed: {error.text}")) from error
        return str(self.transport.getHandle().get_protocol_version_name())

    async def write(self, data: bytes, timeout: float) -> None:
        """Write content; returns when the peer keeps up, or raises ``HostFailed`` after ``timeout`` seconds."""
        if self._lost:
            raise self._lost
        self.transport.write(data)
        if self._paused:
            self._drained = Deferred()
            await self._in_time(self._drained, timeout)

    def begin_content(self) -> None:
        """From now on ``write`` is held back by a slow peer."""
        self.transport.registerProducer(self, True)

    def end_content(self) -> None:
        """The content is out."""
        self._paused = False
        self.transport.unregisterProducer()

    def quit(self) -> None:
        """Say QUIT and close when the peer has answered, or soon anyway."""
        if self._lost or self._closing:
            return
        self._closing = True
        self._goodbye = Deferred.fromCoroutine(self._leave())

    def abort(self) -> None:
        """Close at once."""
        self._closing = True
        self.transport.abortConnection()

    # What Twisted calls.

    def dataReceived(self, data: bytes) -> None:
        try:
            self._replies.extend(self._reader.feed(data))
            if len(self._replies) > MAX_UNREAD_REPLIES:
                raise HostFailed(Reply(451, "4.5.0", "The host sent replies that nobody asked for"))
        except HostFailed as error:
            self._fail(error)
            self.abort()
            return
        if self._waiting and self._replies:
            waiting, self._waiting = self._waiting, None
            waiting.callback(self._replies.popleft())

    def handshakeCompleted(self) -> None:
        if self._secured:
            secured, self._secured = self._secured, None
            secured.callback(None)

    def connectionLost(self, reason: Failure = connectionDone) -> None:
        what = "closed the connection" if reason.check(ConnectionDone) else f"is gone: {reason.getErrorMessage()}"
        self._fail(HostFailed(Reply(451, "4.4.2", f"The host {what}")))

    def pauseProducing(self) -> None:
        self._paused = True

    def resumeProducing(self) -> None:
        self._paused = False
        if self._drained:
            drained, self._drained = self._drained, None
            drained.callback(None)

    def stopProducing(self) -> None:
        """The transport is gone; ``connectionLost`` tells."""

    # Private.

    async def _leave(self) -> None:
        self.send(b"QUIT\r\n")
        try:
            await self.reply(QUIT_PATIENCE)
        except HostFailed:
            return
        self.transport.loseConnection()

    def _fail(self, error: HostFailed) -> None:
        self._lost = self._lost or error
        waiting: list[Deferred[Any] | None] = [self._waiting, self._drained, self._secured]
        self._waiting = self._drained = self._secured = None
        for one in waiting:
            if one is not None:
                one.errback(error)

    def _in_time(self, waiting: "Deferred[T]", timeout: float) -> "Awaitable[T]":
        """``waiting``, or ``HostFailed`` and an aborted connection when the time is over."""
        call = self._clock.callLater(timeout, self._late)

        def settle(result: T) -> T:
            if call.active():
                call.cancel()
            return result

        return waiting.addBoth(settle)

    def _late(self) -> None:
        self._fail(HostFailed(Reply(451, "4.4.2", "The host did not answer in time")))
        self.abort()


@define(eq=False)
class SmtpClientFactory(Factory):
    """Builds one ``SmtpClient`` for an endpoint."""

    clock: IReactorTime
    noisy: bool = field(default=False, init=False)

    def buildProtocol(self, addr: object) -> SmtpClient:
        return SmtpClient(self.clock)
