"""Bytes from the wire, cut into command lines; knows nothing of commands."""

from enum import Enum

from attrs import define


class Flaw(Enum):
    """Why a line is not a command line."""

    TOO_LONG = "Line too long"
    BARE_LF = "Lines must end with CRLF"


@define
class LineBuffer:
    """Unread bytes of one connection. Memory stays at the longest line, plus what one read brought."""

    _data: bytes = b""
    _start: int = 0
    _searched: int = 0
    _overlong: bool = False

    def __len__(self) -> int:
        return len(self._data) - self._start

    def feed(self, data: bytes) -> None:
        """Add bytes at the end."""
        self._data = self._data[self._start :] + data
        self._searched -= self._start
        self._start = 0

    def take(self) -> bytes:
        """Everything unread."""
        data = self._data[self._start :]
        self.clear()
        return data

    def clear(self) -> None:
        """Forget everything unread."""
        self._data = b""
        self._start = self._searched = 0

    def line(self, limit: int, login_limit: int) -> bytes | Flaw | None:
        """The next line without its CRLF; ``None`` if it has not ended yet.

        A line over ``limit`` octets (``login_limit`` when it begins with AUTH) is thrown away up to its LF and
        answered as one flaw (RFC 5321 §4.5.3.1.9).
        """
        end = self._data.find(b"\n", self._searched)
        if self._data[self._start : self._start + 5].upper() == b"AUTH ":
            limit = login_limit
        if end < 0:
            self._searched = len(self._data)
            if len(self) > limit:
                self._overlong = True
                self.clear()
            return None
        line = self._data[self._start : end + 1]
        self._start = self._searched = end + 1
        if self._overlong or len(line) > limit:
            self._overlong = False
            return Flaw.TOO_LONG
        return line[:-2] if line.endswith(b"\r\n") else Flaw.BARE_LF
