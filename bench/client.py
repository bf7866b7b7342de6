"""An IMAP client that adds as little as it can: one send a command, then reading until the tagged line."""

import socket
import ssl
from collections.abc import Iterable
from enum import Enum
from types import TracebackType

from attrs import define, field, frozen

RECEIVE = 256 * 1024
LAST_LINE = 4096
"""Octets among which the tagged line is looked for."""
PATIENCE = 600.0


class Failed(Exception):
    """The server said something else than OK, or hung up."""


class Security(Enum):
    """How the connection is made private."""

    TLS = "implicit TLS"
    STARTTLS = "STARTTLS"
    CLEAR = "clear"


@frozen
class Address:
    """Where a server listens on loopback."""

    port: int
    security: Security = Security.TLS


def context() -> ssl.SSLContext:
    """Takes any certificate: peers sign their own."""
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    made.check_hostname = False
    made.verify_mode = ssl.CERT_NONE
    return made


CONTEXT = context()


@define(eq=False)
class ImapClient:
    """One connection. Nothing is parsed: answers are octets."""

    address: Address
    _socket: socket.socket = field(init=False)
    _tags: int = 0
    _rest: bytes = b""

    def __attrs_post_init__(self) -> None:
        self._socket = socket.create_connection(("127.0.0.1", self.address.port), timeout=PATIENCE)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if self.address.security is Security.TLS:
            self._wrap()
        self.line()
        if self.address.security is Security.STARTTLS:
            self.command(b"STARTTLS")
            self._wrap()

    def _wrap(self) -> None:
        self._socket = CONTEXT.wrap_socket(self._socket, server_hostname="localhost")

    def __enter__(self) -> "ImapClient":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Hang up."""
        self._socket.close()

    def fileno(self) -> int:
        """For ``select``."""
        return self._socket.fileno()

    def login(self, user: str, password: str) -> None:
        """LOGIN."""
        self.command(f'LOGIN "{user}" "{password}"'.encode())

    def logout(self) -> None:
        """LOGOUT and hang up."""
        self.command(b"LOGOUT")
        self.close()

    def command(self, text: bytes) -> bytes:
        """Send one command; everything up to the end of its tagged line.

        Raises:
            Failed: the answer is not OK.
        """
        tag = self.send(text)
        return self.finish(tag)

    def send(self, text: bytes) -> bytes:
        """Send one command without waiting; its tag."""
        self._tags += 1
        tag = b"b%d" % self._tags
        self._socket.sendall(b"%b %b\r\n" % (tag, text))
        return tag

    def finish(self, tag: bytes) -> bytes:
        """Read up to the end of this command's tagged line. Later octets must not have been asked for."""
        chunks, tail = [self._rest], self._rest
        self._rest = b""
        while not _ended(tail, tag):
            chunks.append(self._receive())
            tail = (tail + chunks[-1])[-LAST_LINE:]
        if not tail[tail.rfind(b"\n", 0, -1) + 1 :].startswith(tag + b" OK"):
            raise Failed(tail[-200:].decode("latin-1"))
        return b"".join(chunks)

    def pipeline(self, texts: Iterable[bytes], window: int) -> int:
        """Send many commands, at most ``window`` of them unanswered; how many were sent."""
        waiting: list[bytes] = []
        sent = 0
        for text in texts:
            if len(waiting) >= window:
                self._await_line(waiting.pop(0))
            waiting.append(self.send(text))
            sent += 1
        for tag in waiting:
            self._await_line(tag)
        return sent

    def _await_line(self, tag: bytes) -> None:
        while True:
            line = self.line()
            if line.startswith(tag + b" "):
                if not line.startswith(tag + b" OK"):
                    raise Failed(line.decode("latin-1"))
                return

    def line(self) -> bytes:
        """The next line."""
        while (end := self._rest.find(b"\n")) < 0:
            self._rest += self._receive()
        line, self._rest = self._rest[: end + 1], self._rest[end + 1 :]
        return line

    def idle(self) -> bytes:
        """Begin IDLE; its tag, for ``finish`` after ``done``."""
        tag = self.send(b"IDLE")
        while not self.line().startswith(b"+"):
            pass
        return tag

    def done(self, tag: bytes) -> bytes:
        """End IDLE."""
        self._socket.sendall(b"DONE\r\n")
        return self.finish(tag)

    def _receive(self) -> bytes:
        octets = self._socket.recv(RECEIVE)
        if not octets:
            raise Failed("the server hung up")
        return octets


def _ended(tail: bytes, tag: bytes) -> bool:
    return tail.endswith(b"\r\n") and tail.startswith(tag + b" ", tail.rfind(b"\n", 0, -1) + 1)


def append(mailbox: str, content: bytes, flags: bytes = b"", date: str = "") -> bytes:
    """An APPEND with a non-synchronizing literal (RFC 7888)."""
    when = f' "{date}"'.encode() if date else b""
    return b'APPEND "%b" (%b)%b {%d+}\r\n%b' % (mailbox.encode(), flags, when, len(content), content)
