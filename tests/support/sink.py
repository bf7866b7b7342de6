"""A real SMTP sink on loopback that behaves as told, for the outbound half.

``sink = Sink()``, ``host, port = sink.listen(reactor)``, later ``sink.messages`` and ``yield sink.stop()``.
"""

from collections.abc import Callable
from typing import Any

from attrs import define, field
from twisted.internet.defer import Deferred, gatherResults, succeed
from twisted.internet.protocol import ServerFactory
from twisted.protocols.basic import LineReceiver

HANG_UP = "hang up"


@define
class SunkMessage:
    """What one transaction brought; ``content`` without the dots of transparency, CRLF line ends."""

    sender: str
    recipients: list[str]
    content: bytes
    tls: bool
    helo: str


@define(eq=False)
class Sink:
    """A mail host with a script.

    ``context`` (a Twisted SSL context factory) offers STARTTLS; ``extensions`` are announced after EHLO.
    ``replies`` maps a verb (``"RCPT"``, ``"."`` for the end of data, ``"220"`` for the greeting), or a whole
    command in lower case (``"rcpt to:<bad@example.org>"``), to the reply, or to ``HANG_UP``. ``silent`` holds verbs
    that get no reply, ``hang_up`` verbs that end the connection.
    """

    context: Any = None
    extensions: list[str] = field(factory=lambda: ["PIPELINING", "8BITMIME", "SIZE 100000000", "SMTPUTF8"])
    replies: dict[str, str] = field(factory=dict)
    silent: set[str] = field(factory=set)
    hang_up: set[str] = field(factory=set)
    messages: list[SunkMessage] = field(factory=list)
    connections: int = 0
    commands: list[str] = field(factory=list)
    _port: Any = None
    _live: list["SinkProtocol"] = field(factory=list)
    _waiting: list[tuple[int, "Deferred[list[SunkMessage]]"]] = field(factory=list)

    def listen(self, reactor: Any, port: int = 0, interface: str = "127.0.0.1") -> tuple[str, int]:
        """Serve; answers host and port."""
        self._port = reactor.listenTCP(port, _SinkFactory(self), interface=interface)
        return interface, self._port.getHost().port

    def stop(self) -> "Deferred[Any]":
        """Stop serving and cut what is open."""
        gone = [one.gone for one in self._live]
        for one in list(self._live):
            one.transport.abortConnection()
        port, self._port = self._port, None
        return gatherResults([*gone, port.stopListening() if port else succeed(None)])

    def received(self, count: int) -> "Deferred[list[SunkMessage]]":
        """Fires with the messages when there are ``count`` of them."""
        done: Deferred[list[SunkMessage]] = Deferred()
        self._waiting.append((count, done))
        self._tell()
        return done

    def take(self, message: SunkMessage) -> None:
        """One more message."""
        self.messages.append(message)
        self._tell()

    def _tell(self) -> None:
        ready = [one for one in self._waiting if one[0] <= len(self.messages)]
        self._waiting = [one for one in self._waiting if one not in ready]
        for _, done in ready:
            done.callback(list(self.messages))


@define(eq=False)
class _SinkFactory(ServerFactory):
    sink: Sink
    noisy: bool = False

    def buildProtocol(self, addr: object) -> "SinkProtocol":
        return SinkProtocol(self.sink)


class SinkProtocol(LineReceiver):
    """One connection to the sink."""

    transport: Any

    def __init__(self, sink: Sink) -> None:
        self._sink = sink
        self._helo = ""
        self._tls = False
        self._sender = ""
        self._recipients: list[str] = []
        self._content: list[bytes] | None = None
        self.gone: Deferred[None] = Deferred()

    def connectionMade(self) -> None:
        self._sink.connections += 1
        self._sink._live.append(self)
        self._answer("220", "", "220 sink.example ESMTP")

    def connectionLost(self, reason: object = None) -> None:
        self._sink._live.remove(self)
        self.gone.callback(None)

    def lineReceived(self, line: bytes) -> None:
        if self._content is not None:
            self._content_line(line)
            return
        text = line.decode("utf-8", "replace")
        self._sink.commands.append(text)
        verb = text.partition(" ")[0].upper()
        step: Callable[[str], str] = getattr(self, f"_do_{verb.lower()}", self._unknown)
        self._answer(verb, text, step(text))

    def lineLengthExceeded(self, line: bytes) -> None:
        self.transport.loseConnection()

    def _content_line(self, line: bytes) -> None:
        assert self._content is not None
        if line != b".":
            self._content.append(line.removeprefix(b"."))
            return
        content = b"".join(one + b"\r\n" for one in self._content)
        self._content = None
        reply = self._sink.replies.get(".", "250 2.0.0 taken")
        if reply.startswith("2"):
            self._sink.take(SunkMessage(self._sender, self._recipients, content, self._tls, self._helo))
        self._recipients = []
        self._answer(".", "", reply)

    def _answer(self, verb: str, line: str, usual: str) -> None:
        if verb in self._sink.hang_up:
            self.transport.abortConnection()
        elif verb not in self._sink.silent:
            reply = self._sink.replies.get(line.lower()) or self._sink.replies.get(verb) or usual
            if reply == HANG_UP:
                self.transport.abortConnection()
                return
            if verb == "DATA" and reply.startswith("354"):
                self._content = []
            if verb == "RCPT" and reply.startswith("2"):
                self._recipients.append(_path(line))
            self.transport.write(f"{reply}\r\n".encode())
            if verb == "STARTTLS" and reply.startswith("220"):
                self.transport.startTLS(self._sink.context)
                self._tls = True
            if verb == "QUIT":
                self.transport.loseConnection()

    def _do_ehlo(self, text: str) -> str:
        self._helo = text.partition(" ")[2]
        offered = list(self._sink.extensions)
        if self._sink.context is not None and not self._tls:
            offered.append("STARTTLS")
        lines = ["sink.example", *offered]
        return "\r\n".join([f"250-{line}" for line in lines[:-1]] + [f"250 {lines[-1]}"])

    def _do_helo(self, text: str) -> str:
        self._helo = text.partition(" ")[2]
        return "250 sink.example"

    def _do_mail(self, text: str) -> str:
        self._sender, self._recipients = _path(text), []
        return "250 2.1.0 ok"

    def _do_rcpt(self, text: str) -> str:
        return "250 2.1.5 ok"

    def _do_data(self, text: str) -> str:
        return "354 go on"

    def _do_rset(self, text: str) -> str:
        self._recipients = []
        return "250 2.0.0 ok"

    def _do_noop(self, text: str) -> str:
        return "250 2.0.0 ok"

    def _do_quit(self, text: str) -> str:
        return "221 2.0.0 bye"

    def _do_starttls(self, text: str) -> str:
        return "220 2.0.0 go on" if self._sink.context is not None else "502 5.5.1 no TLS here"

    def _unknown(self, text: str) -> str:
        return "500 5.5.2 what?"


def _path(line: str) -> str:
    return line.partition("<")[2].rpartition(">")[0]
