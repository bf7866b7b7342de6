"""Which literals of a command are messages, to be streamed: told while the command is still coming.

Follows APPEND (RFC 3501 §6.3.11, RFC 3502 §6.3.11, RFC 4469 §5, RFC 6855 §4) and REPLACE (RFC 8508 §3.1) from line to
line. What does not fit is left to the grammar, which refuses it.
"""

import re
from enum import Enum, auto

from attrs import define

_COMMAND = re.compile(rb"[^ ]+ (?:APPEND|(?:UID )?REPLACE [^ ]+) ", re.IGNORECASE)
_NAME = re.compile(rb'"(?:[^"\\]|\\.)*"|[^\x00-\x20\x7f(){%*"\\]+')
_LITERAL = re.compile(rb"~?\{[0-9]+\+?\}\Z")
_OPTIONS = re.compile(rb'(?:\([^()"{]*\) )?(?:"[^"\\]{0,40}" )?')
_UTF8 = re.compile(rb"UTF8 \(", re.IGNORECASE)
_CATENATE = re.compile(rb"CATENATE \(", re.IGNORECASE)
_TEXT = re.compile(rb"TEXT (?:UTF8 \()?|UTF8 \(", re.IGNORECASE)
_URL = re.compile(rb"URL ", re.IGNORECASE)


class _At(Enum):
    """What the next line goes on with."""

    START = auto()
    MAILBOX = auto()
    MESSAGE = auto()
    UTF8_MESSAGE = auto()
    PART = auto()
    UTF8_PART = auto()
    ELSEWHERE = auto()


@define(eq=False)
class MessageLiterals:
    """Of one command. Call ``at`` with each line that ends in a literal, in order."""

    _at: _At = _At.START

    def at(self, line: bytes) -> bool:
        """True if the literal that ends ``line`` is (part of) a message."""
        was, self._at = self._at, _At.ELSEWHERE
        if was is _At.START:
            return self._command(line)
        if was is _At.MAILBOX or was is _At.MESSAGE:
            return self._message(line, 0)
        if was is _At.UTF8_MESSAGE:
            return line.startswith(b")") and self._message(line, 1)
        if was is _At.PART:
            return self._next_part(line, 0)
        if was is _At.UTF8_PART:
            return line.startswith(b")") and self._next_part(line, 1)
        return False

    def _command(self, line: bytes) -> bool:
        command = _COMMAND.match(line)
        if command is None:
            return False
        if _LITERAL.match(line, command.end()):
            self._at = _At.MAILBOX
            return False
        name = _NAME.match(line, command.end())
        return name is not None and self._message(line, name.end())

    def _message(self, line: bytes, position: int) -> bool:
        """One message of a command, after the blank that should stand at ``position``."""
        options = _OPTIONS.match(line, position + 1)
        if options is None or line[position : position + 1] != b" ":
            return False
        position = options.end()
        if _LITERAL.match(line, position):
            self._at = _At.MESSAGE
            return True
        utf8 = _UTF8.match(line, position)
        if utf8 is not None and _LITERAL.match(line, utf8.end()):
            self._at = _At.UTF8_MESSAGE
            return True
        parts = _CATENATE.match(line, position)
        return parts is not None and self._part(line, parts.end())

    def _part(self, line: bytes, position: int) -> bool:
        """The parts of CATENATE from ``position`` on."""
        while (url := _URL.match(line, position)) is not None:
            if _LITERAL.match(line, url.end()):
                self._at = _At.PART
                return False
            name = _NAME.match(line, url.end())
            if name is None:
                return False
            if line[name.end() : name.end() + 1] != b" ":
                return self._next_part(line, name.end())
            position = name.end() + 1
        text = _TEXT.match(line, position)
        if text is None or not _LITERAL.match(line, text.end()):
            return False
        self._at = _At.UTF8_PART if text[0].endswith(b"(") else _At.PART
        return True

    def _next_part(self, line: bytes, position: int) -> bool:
        """After a part: another, or the end of the list and another message."""
        if line[position : position + 1] == b")":
            return self._message(line, position + 1)
        return line[position : position + 1] == b" " and self._part(line, position + 1)
