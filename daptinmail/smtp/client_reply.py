"""Reading SMTP replies as a client: octets in, whole replies out (RFC 5321 §4.2)."""

import re

from attrs import define, field

from daptinmail.errors import Refused
from daptinmail.mail.reply import Reply

MAX_LINE = 2048  # octets; RFC 5321 §4.5.3.1.5 asks for 512, real hosts send longer ones
MAX_LINES = 128
MAX_TEXT = 1000  # characters kept of one reply

_LINE = re.compile(rb"([2-5][0-9]{2})(?:([ -])(.*))?\Z", re.DOTALL)
_STATUS = re.compile(r"([245]\.\d{1,3}\.\d{1,3})(?: |\Z)")


class HostFailed(Refused):
    """This host cannot take the message now; another one may."""


class TlsFailed(HostFailed):
    """STARTTLS was agreed on, but no TLS came of it."""


@define(eq=False)
class ReplyReader:
    """Collects lines into replies. Hostile input ends in ``HostFailed``, never in unbounded memory."""

    _buffer: bytes = b""
    _code: int | None = None
    _lines: list[bytes] = field(factory=list)

    @property
    def is_empty(self) -> bool:
        """True if no octet of an unfinished reply is held."""
        return not self._buffer and self._code is None

    def feed(self, data: bytes) -> list[Reply]:
        """The replies that ``data`` completes.

        Raises:
            HostFailed: not an SMTP reply, or one without end.
        """
        *lines, self._buffer = (self._buffer + data).split(b"\n")
        replies = [reply for line in lines if (reply := self._line(line.removesuffix(b"\r")))]
        if len(self._buffer) > MAX_LINE:
            raise _fault("sent a reply line that is too long")
        return replies

    def _line(self, line: bytes) -> Reply | None:
        match = _LINE.match(line)
        if not match or len(line) > MAX_LINE:
            raise _fault("sent something that is not an SMTP reply")
        code = int(match[1])
        if self._code not in {None, code}:
            raise _fault("changed its mind within a reply")
        self._lines.append(match[3] or b"")
        if len(self._lines) > MAX_LINES:
            raise _fault("sent a reply without end")
        if match[2] == b"-":
            self._code = code
            return None
        lines, self._code, self._lines = self._lines, None, []
        return _reply(code, lines)


def _reply(code: int, lines: list[bytes]) -> Reply:
    text = [_printable(line) for line in lines]
    match = _STATUS.match(text[0])
    if match and match[1][0] == str(code)[0]:
        status = match[1]
        text = [line.removeprefix(status).lstrip() for line in text]
        return Reply(code, status, "\n".join(text)[:MAX_TEXT])
    return Reply(code, None, "\n".join(text)[:MAX_TEXT])


def _printable(line: bytes) -> str:
    return "".join(letter if letter.isprintable() else "?" for letter in line.decode("utf-8", "replace"))


def _fault(what: str) -> HostFailed:
    return HostFailed(Reply(451, "4.5.0", f"The host {what}"))
