"""What goes out: pieces gathered into few writes, held back while the peer does not read."""

from collections.abc import Callable
from typing import Protocol

from attrs import define, field
from twisted.internet.defer import Deferred
from twisted.internet.interfaces import IPushProducer
from zope.interface import implementer

from daptinmail.imap.limits import OUTPUT_PIECE


class Disconnected(Exception):
    """The connection ended while a command waited."""


class Outlet(Protocol):
    """Where octets go."""

    def write(self, data: bytes) -> None:
        """Send."""


@implementer(IPushProducer)
@define(eq=False)
class ResponseWriter:
    """Writes to ``transport``. After a large write, await ``drain`` before making more."""

    transport: Outlet
    progress: Callable[[], None]
    _pieces: list[bytes] = field(factory=list)
    _size: int = 0
    _held: bool = False
    _lost: bool = False
    _waiting: "Deferred[None] | None" = None

    @property
    def held(self) -> bool:
        """True while the peer does not read."""
        return self._held

    def write(self, data: bytes) -> None:
        """Add octets; they leave at the next ``flush`` or once there are enough."""
        self._pieces.append(data)
        self._size += len(data)
        if self._size >= OUTPUT_PIECE:
            self.flush()

    def flush(self) -> None:
        """Hand everything to the transport."""
        if not self._pieces:
            return
        data, self._pieces, self._size = b"".join(self._pieces), [], 0
        if not self._lost:
            self.transport.write(data)

    async def drain(self) -> None:
        """Wait until the peer has taken enough. Raises ``Disconnected`` if it has gone."""
        if self._lost:
            raise Disconnected
        if self._held:
            self.flush()
            self._waiting = Deferred()
            await self._waiting

    def lose(self) -> None:
        """The connection has gone."""
        self._lost, self._held = True, False
        self._pieces.clear()
        waiting, self._waiting = self._waiting, None
        if waiting is not None:
            waiting.errback(Disconnected())

    # IPushProducer, called by the transport

    def pauseProducing(self) -> None:
        """The transport's buffer is full."""
        self._held = True

    def resumeProducing(self) -> None:
        """The peer has taken it."""
        self._held = False
        self.progress()
        waiting, self._waiting = self._waiting, None
        if waiting is not None:
            waiting.callback(None)

    def stopProducing(self) -> None:
        """The transport is finished."""
        self.lose()
