"""A test as a conversation: what the client says, what the server answers.

::

    C: EHLO client.test                 a line, CRLF is added
    C< DATA\\r\\nSubj                    exact octets, with Python's escapes
    S: 250 2.0.0 OK: queued as ...      one line; ``...`` stands for anything
    S~ 250 .* [0-9a-f]{32}              one line, as a regular expression
    S* 250 HELP                         any lines, up to and with this one
    S! closed                           the server closed the connection
    S! silent                           the server has said nothing more

Lines that begin with ``#`` are remarks. The protocol is any that speaks lines with CRLF: SMTP, IMAP.
"""

import re
from collections.abc import Iterator
from textwrap import dedent

from attrs import define, field
from twisted.internet.address import IPv4Address
from twisted.internet.error import ConnectionDone
from twisted.internet.protocol import Protocol
from twisted.internet.testing import StringTransport
from twisted.python.failure import Failure


class NotAsWritten(AssertionError):
    """The server said something else."""


class FakeHandle:
    """What a TLS connection tells of itself."""

    def get_protocol_version_name(self) -> str:
        """Version."""
        return "TLSv1.3"

    def get_cipher_name(self) -> str:
        """Cipher."""
        return "TLS_AES_256_GCM_SHA384"

    def get_servername(self) -> bytes | None:
        """No SNI."""
        return None


class Wire(StringTransport):
    """A transport in memory. ``contexts`` collects what ``startTLS`` was given; nothing is encrypted."""

    def __init__(self, ip: str = "192.0.2.1") -> None:
        super().__init__(peerAddress=IPv4Address("TCP", ip, 54321))
        self.contexts: list[object] = []
        self.writes = 0
        self.aborted = False

    def write(self, data: bytes) -> None:
        """Count and keep."""
        self.writes += 1
        super().write(data)

    def startTLS(self, context: object, normal: bool = True) -> None:
        """From here on it would be TLS."""
        self.contexts.append(context)

    def getHandle(self) -> FakeHandle:
        """As if under TLS."""
        return FakeHandle()

    def abortConnection(self) -> None:
        """Cut."""
        self.aborted = True
        super().abortConnection()


def _pattern(text: str) -> str:
    return ".*".join(re.escape(part) for part in text.split("..."))


@define
class Dialogue:
    """A protocol, connected, and what it has said but nobody has read yet."""

    protocol: Protocol
    wire: Wire = field(factory=Wire)
    _unread: bytes = b""

    def __attrs_post_init__(self) -> None:
        self.protocol.makeConnection(self.wire)

    def send(self, data: bytes) -> None:
        """The client sends octets."""
        self.protocol.dataReceived(data)

    def answers(self) -> bytes:
        """Everything said and not read."""
        said: bytes = self._unread + self.wire.value()
        self.wire.clear()
        self._unread = b""
        return said

    def lines(self) -> list[str]:
        """``answers`` as lines."""
        return [line.decode() for line in self.answers().split(b"\r\n")[:-1]]

    def lose(self) -> None:
        """The connection goes away."""
        self.protocol.connectionLost(Failure(ConnectionDone()))

    def run(self, script: str) -> "Dialogue":
        """Play a conversation; ``NotAsWritten`` tells the first line that came out differently."""
        for line in _instructions(script):
            mark, text = line[:2], line[2:].removeprefix(" ")
            if mark == "C:":
                self.send(text.encode() + b"\r\n")
            elif mark == "C<":
                self.send(text.encode().decode("unicode_escape").encode("latin-1"))
            elif mark == "S:":
                self._expect(line, _pattern(text))
            elif mark == "S~":
                self._expect(line, text)
            elif mark == "S*":
                self._skip_to(line, _pattern(text))
            elif mark == "S!":
                self._check(line, text)
            else:
                raise ValueError(f"not a line of a dialogue: {line!r}")
        return self

    def _line(self, wanted: str) -> str:
        self._unread += self.wire.value()
        self.wire.clear()
        line, end, rest = self._unread.partition(b"\r\n")
        if not end:
            raise NotAsWritten(f"wanted {wanted!r}, got nothing more (incomplete: {line!r})")
        self._unread = rest
        return line.decode()

    def _expect(self, wanted: str, pattern: str) -> None:
        line = self._line(wanted)
        if not re.fullmatch(pattern, line):
            raise NotAsWritten(f"wanted {wanted!r}, got {line!r}, then {self._unread[:500]!r}")

    def _skip_to(self, wanted: str, pattern: str) -> None:
        while not re.fullmatch(pattern, self._line(wanted)):
            pass

    def _check(self, wanted: str, what: str) -> None:
        if what == "closed" and not (self.wire.disconnecting or self.wire.aborted):
            raise NotAsWritten("the connection is open")
        unread = self._unread + self.wire.value()
        if unread:
            raise NotAsWritten(f"wanted {wanted!r}, got {unread!r}")


def _instructions(script: str) -> Iterator[str]:
    for line in dedent(script).splitlines():
        stripped = line.strip()
        if stripped and not stripped.startswith("#"):
            yield line.lstrip()
