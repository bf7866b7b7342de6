"""Address lists in header fields, with groups and obsolete routes (RFC 5322 §3.4, §4.4).

Reads anything: what is no address still shows up as one, so that a reader sees what was sent.
"""

import re
from collections.abc import Callable

from attrs import define, field, frozen

MAX_ADDRESSES = 1000
MAX_TOKENS = 20_000  # of one list; the rest is not looked at

_TOKEN = re.compile(
    rb"(?P<space>\s+)"
    rb"|(?P<text>[^\s\"()<>,:;@\[\\]+|\[[^\]]*\]?)"
    rb"|\"(?P<quoted>[^\"\\]*(?:\\.[^\"\\]*)*)\"?"
    rb"|(?P<special>[()<>,:;@]|\\.?)",  # together these match any octet
    re.S,
)
# What nearly every address looks like, read in one step.
_COMMON = re.compile(
    rb"\s*(?:(?:([^\s\"()<>,:;@\[\\]+(?: [^\s\"()<>,:;@\[\\]+)*) ?|\"([^\"\\]+)\" ?)?"
    rb"<([^\s\"()<>,:;@\[\\]+)@([^\s\"()<>,:;@\[\\]+)>|([^\s\"()<>,:;@\[\\]+)@([^\s\"()<>,:;@\[\\]+))"
    rb"\s*(?:,|\Z)"
)
_COMMENT = re.compile(rb"[^()\\]+|\\.?|[()]", re.S)
_ESCAPE = re.compile(rb"\\(.)", re.S)
_AROUND_DOT = re.compile(rb" ?\. ?")


@frozen
class ListedAddress:
    """One entry as ENVELOPE shows it (RFC 9051 §7.5.2).

    ``host`` ``None`` marks a group: its start if ``mailbox`` is its name, its end if that is ``None`` as well.
    ``name`` is the display name as written, quotes removed; ``host`` is ``b""`` if the address had no domain.
    """

    name: bytes | None
    route: bytes | None
    mailbox: bytes | None
    host: bytes | None

    @property
    def spec(self) -> bytes:
        """``local@domain``, or empty for a mark of a group."""
        if self.host is None or self.mailbox is None:
            return b""
        return self.mailbox + b"@" + self.host if self.host else self.mailbox


GROUP_END = ListedAddress(None, None, None, None)


def parse_address_list(value: bytes) -> list[ListedAddress]:
    """The entries of an unfolded address list; at most ``MAX_ADDRESSES``, never raises."""
    reader = _Reader()
    position = _read_common(value, 0, reader.found)
    for _ in range(MAX_TOKENS):
        match = _TOKEN.match(value, position)
        if match is None or len(reader.found) >= MAX_ADDRESSES:
            break
        position = match.end()
        kind, text = match.lastgroup, match[0]
        if kind == "text":
            reader.add(text)
        elif kind == "space":
            reader.spaced = True
        elif kind == "quoted":
            reader.add(_ESCAPE.sub(rb"\1", match["quoted"]) if b"\\" in text else match["quoted"], quoted=True)
        elif text == b"(":
            position = _skip_comment(value, position)
            reader.comment = value[match.end() : max(position - 1, match.end())].strip()
        else:
            _SPECIALS.get(text, _Reader.ignore)(reader)
            if text == b"," and reader.fresh:
                position = _read_common(value, position, reader.found)
    reader.end_of_list()
    return reader.found


def _read_common(value: bytes, position: int, found: list[ListedAddress]) -> int:
    """Reads entries of the common form; answers the offset of the first that is not."""
    while len(found) < MAX_ADDRESSES:
        match = _COMMON.match(value, position)
        if match is None:
            break
        phrase, quoted, local, host, bare_local, bare_host = match.groups()
        if local is None:
            found.append(ListedAddress(None, None, bare_local, bare_host))
        else:
            found.append(ListedAddress(quoted or phrase, None, local, host))
        position = match.end()
    return position


def _skip_comment(value: bytes, position: int) -> int:
    """The offset after the comment that is open at ``position``."""
    depth = 1
    for match in _COMMENT.finditer(value, position):
        if match[0] == b"(":
            depth += 1
        elif match[0] == b")":
            depth -= 1
            if depth == 0:
                return match.end()
    return len(value) + 1


def _domain(words: bytes) -> bytes:
    """A domain, its obsolete blanks taken out (RFC 5322 §4.4); words that follow it are none of it."""
    return _AROUND_DOT.sub(b".", words).strip().split(b" ", 1)[0] if b" " in words else words


@define(eq=False)
class _Reader:
    """What has been read of the entry at hand."""

    found: list[ListedAddress] = field(factory=list)
    in_group: bool = False
    comment: bytes = b""
    spaced: bool = False
    _words: list[bytes] = field(factory=list)
    _quoted: bool = False
    _closed: bool = False
    _name: bytes | None = None
    _route: bytes | None = None
    _local: bytes | None = None
    _angle: bool = False

    @property
    def fresh(self) -> bool:
        """True between two entries."""
        return not (self._words or self._angle or self._local or self.comment)

    def add(self, text: bytes, quoted: bool = False) -> None:
        if self._closed:
            return
        if self.spaced and self._words:
            self._words.append(b" ")
        self.spaced = False
        self._quoted = self._quoted or quoted
        self._words.append(text)

    def ignore(self) -> None:
        """A special that means nothing here."""

    def open_angle(self) -> None:
        if self._angle:
            return
        self._closed = False
        if self._local is not None:  # "a@b <c@d>": a name that looks like an address
            self._words = [self._local, b"@", *self._words]
            self._local = None
        self._name = self._take()
        self._angle = True

    def at_sign(self) -> None:
        if self._closed:
            return
        if self._local is None and self._words and self._words[0] != b"@":
            quoted = self._quoted
            self._local = self._take()
            if b" " in self._local and not quoted:
                self._local = _AROUND_DOT.sub(b".", self._local)
        else:  # an obsolete route, or nonsense
            self._words.append(b"@")
        self.spaced = False

    def colon(self) -> None:
        if self._angle:
            if self._words[:1] == [b"@"] or self._route is not None:
                self._route = (self._route or b"") + self._take()
            return
        name = self._take()
        if self._local is not None:
            name, self._local = self._local + b"@" + name, None
        if self.in_group:
            self.found.append(GROUP_END)
        self.found.append(ListedAddress(None, None, name, None))
        self.in_group = True
        self._closed = False
        self.comment = b""

    def comma(self) -> None:
        if self._angle and self._local is None and self._words[:1] == [b"@"]:
            self._words.append(b",")
            return
        self._finish()
        self._closed = False

    def semicolon(self) -> None:
        self._finish()
        self._closed = False
        if self.in_group:
            self.found.append(GROUP_END)
            self.in_group = False

    def close_angle(self) -> None:
        if self._angle:
            self._finish(force=True)
            self._closed = True

    def end_of_list(self) -> None:
        self.semicolon()

    def _take(self) -> bytes:
        words, self._words = b"".join(self._words), []
        self.spaced = self._quoted = False
        return words

    def _finish(self, force: bool = False) -> None:
        """One entry is complete, if there is anything to it."""
        rest = self._take()
        local, host = (rest, b"") if self._local is None else (self._local, _domain(rest))
        if local or host or self._name or (force and self._angle):
            name = self._name if self._angle else None
            self.found.append(ListedAddress(name or self.comment or None, self._route, local, host))
        self._name = self._route = self._local = None
        self._angle = False
        self.comment = b""


_SPECIALS: dict[bytes, Callable[[_Reader], None]] = {
    b"<": _Reader.open_angle,
    b">": _Reader.close_angle,
    b"@": _Reader.at_sign,
    b":": _Reader.colon,
    b",": _Reader.comma,
    b";": _Reader.semicolon,
}
