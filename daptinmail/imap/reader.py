"""Octets from the wire -> whole commands. Knows literals and limits, does no input or output itself.

A command is ``[line, literal, line, ...]``. A literal that is a message (``message_literals``) is not collected but
handed on as it arrives; ``parts`` then holds an empty one in its place.
"""

import re
from enum import Enum, auto

from attrs import define, field, frozen

from daptinmail.imap.answers import Answer
from daptinmail.imap.limits import UNAUTHENTICATED, WireLimits
from daptinmail.imap.message_literals import MessageLiterals

LITERAL_SUFFIX = re.compile(rb"(~?)\{([0-9]+)(\+?)\}\Z")
"""A literal, or a literal8 (RFC 3516 §7), with the ``+`` of RFC 7888."""
LONGEST_SUFFIX = 64
TAG = re.compile(rb"[^\x00-\x20\x7f-\xff(){%*\"\\+]{1,64}")
HUGE = 1 << 64


@frozen
class Command:
    """A whole command."""

    parts: list[bytes]


@frozen
class ContinuationWanted:
    """The client waits for ``+`` before it sends a literal (RFC 3501 §7.5)."""


@frozen
class MessageLiteral:
    """A message is announced: answer with ``accept`` or ``refuse``.

    ``parts`` is the command up to here. ``binary``: a literal8, which may hold NUL (RFC 3516 §4.4).
    """

    parts: list[bytes]
    size: int
    synchronizing: bool
    binary: bool = False


@frozen
class LiteralData:
    """Some octets of an accepted message literal."""

    data: bytes


@frozen
class Fault:
    """A command that was read and thrown away. After a fatal one the connection cannot go on."""

    tag: bytes | None
    answer: Answer
    fatal: bool = False


Event = Command | ContinuationWanted | MessageLiteral | LiteralData | Fault


class _Mode(Enum):
    LINE = auto()
    LITERAL = auto()
    DECISION = auto()
    STREAM = auto()
    DRAIN = auto()


def tag_of(line: bytes) -> bytes | None:
    """The tag at the start of a command line; ``None`` if there is no proper one."""
    word = line.split(b" ", 1)[0]
    return word if TAG.fullmatch(word) else None


@define(eq=False)
class CommandReader:
    """Assembles commands; ``limits`` may change between them."""

    limits: WireLimits = UNAUTHENTICATED
    _buffer: bytearray = field(factory=bytearray)
    _scanned: int = 0
    _mode: _Mode = _Mode.LINE
    _parts: list[bytes] = field(factory=list)
    _size: int = 0
    _remaining: int = 0
    _tag: bytes | None = None
    _doom: Answer | None = None
    _literals: MessageLiterals = field(factory=MessageLiterals)
    _skipping: bool = False

    @property
    def buffered(self) -> int:
        """Octets that wait here."""
        return len(self._buffer)

    @property
    def in_command(self) -> bool:
        """True while part of a command has been taken and the rest has not come."""
        return bool(self._parts) or self._mode is not _Mode.LINE

    def feed(self, data: bytes) -> None:
        """Take octets from the wire."""
        self._buffer += data

    def next(self) -> Event | None:
        """What comes next; ``None`` until more octets are fed."""
        while True:
            if self._mode is _Mode.LINE:
                line = self._take_line()
                if not isinstance(line, bytes):
                    return line
                event = self._end_of_line(line)
                if event is not None:
                    return event
            elif self._mode is _Mode.LITERAL:
                if not self._collect_literal():
                    return None
            elif self._mode is _Mode.STREAM:
                return self._take_streamed()
            elif self._mode is _Mode.DRAIN:
                if not self._drain():
                    return None
            else:
                return None

    def take_line(self) -> bytes | Fault | None:
        """The next line as it is, for answers to a continuation (AUTHENTICATE, IDLE)."""
        line = self._take_line()
        if isinstance(line, bytes) and self._doom is not None:
            return self._finish(self._doom, fatal=True)
        return line

    def accept(self) -> None:
        """Hand on the announced message literal."""
        self._mode = _Mode.STREAM

    def refuse(self, answer: Answer, synchronizing: bool) -> Fault | None:
        """Do not take the announced literal; the fault to report now, or ``None`` if ``next`` will report it."""
        self._doom = answer
        return self._skip_literal(synchronizing)

    def _take_line(self) -> bytes | Fault | None:
        end = self._buffer.find(b"\n", self._scanned)
        if end < 0:
            return self._without_line_end()
        line = bytes(self._buffer[:end])
        del self._buffer[: end + 1]
        self._scanned = 0
        if self._skipping or end > self.limits.line:
            self._line_too_long(line)
            self._skipping = False
        return line[:-1] if line.endswith(b"\r") else line

    def _without_line_end(self) -> Fault | None:
        """Keep waiting; of a line that is too long only the end is kept, to see a literal's announcement."""
        self._scanned = len(self._buffer)
        if self._scanned <= self.limits.line:
            return None
        self._line_too_long(bytes(self._buffer[:80]))
        self._skipping = True
        del self._buffer[:-LONGEST_SUFFIX]
        self._scanned = len(self._buffer)
        return self._finish(self._doom, fatal=True) if self.limits.drain == 0 else None

    def _line_too_long(self, beginning: bytes) -> None:
        if not self._parts and not self._skipping:
            self._tag = tag_of(beginning)
        self._doom = self._doom or Answer(b"BAD", b"Line too long")

    def _end_of_line(self, line: bytes) -> Event | None:
        self._size += len(line)
        if not self._parts and self._doom is None:
            self._tag = tag_of(line)
        if self._size > self.limits.command:
            self._doom = self._doom or Answer(b"BAD", b"Command too long")
        announced = LITERAL_SUFFIX.search(line, max(0, len(line) - LONGEST_SUFFIX))
        if announced is None:
            return self._end_of_command(line)
        tilde, digits, plus = announced.groups()
        self._remaining = int(digits) if len(digits) < 20 else HUGE
        if self._doom is None:
            self._parts.append(line)
        return self._literal_announced(synchronizing=not plus, binary=bool(tilde))

    def _end_of_command(self, line: bytes) -> Event:
        if self._doom is not None:
            return self._finish(self._doom, fatal=self.limits.drain == 0)
        parts, self._parts = [*self._parts, line], []
        self._reset()
        return Command(parts)

    def _literal_announced(self, synchronizing: bool, binary: bool) -> Event | None:
        if self._doom is None and self.limits.streaming and self._literals.at(self._parts[-1]):
            self._mode = _Mode.DECISION
            return MessageLiteral(list(self._parts), self._remaining, synchronizing, binary)
        if self._remaining > self.limits.literal or self._size + self._remaining > self.limits.command:
            self._doom = self._doom or Answer(b"BAD", b"Literal too long", b"TOOBIG")
        if self._doom is not None:
            return self._skip_literal(synchronizing)
        self._mode = _Mode.LITERAL
        return ContinuationWanted() if synchronizing else None

    def _skip_literal(self, synchronizing: bool) -> Fault | None:
        """A refused client that waits for ``+`` is told now; one that sends anyway, after its octets were drained."""
        if self._doom is None:
            raise AssertionError("nothing to refuse")
        if synchronizing:
            return self._finish(self._doom)
        if self._remaining > self.limits.drain:
            return self._finish(self._doom, fatal=True)
        self._mode = _Mode.DRAIN
        return None

    def _collect_literal(self) -> bool:
        if len(self._buffer) < self._remaining:
            return False
        self._parts.append(bytes(self._buffer[: self._remaining]))
        del self._buffer[: self._remaining]
        self._size += self._remaining
        self._mode = _Mode.LINE
        return True

    def _take_streamed(self) -> LiteralData | None:
        if not self._buffer and self._remaining:
            return None
        data = bytes(self._buffer[: self._remaining])
        del self._buffer[: len(data)]
        self._remaining -= len(data)
        if not self._remaining:
            self._parts.append(b"")
            self._mode = _Mode.LINE
        return LiteralData(data)

    def _drain(self) -> bool:
        count = min(self._remaining, len(self._buffer))
        del self._buffer[:count]
        self._remaining -= count
        if self._remaining:
            return False
        self._mode = _Mode.LINE
        return True

    def _finish(self, answer: Answer | None, fatal: bool = False) -> Fault:
        fault = Fault(self._tag, answer or Answer(b"BAD", b"Malformed"), fatal)
        self._reset()
        return fault

    def _reset(self) -> None:
        self._mode = _Mode.LINE
        self._parts, self._size, self._remaining = [], 0, 0
        self._tag = self._doom = None
        self._literals = MessageLiterals()
