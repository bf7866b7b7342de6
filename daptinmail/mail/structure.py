"""MIME structure of a content: its parts and their offsets (RFC 2045, RFC 2046, RFC 2049).

``parse_structure`` finds the parts without recursion and without splitting the body into lines.
``pack_parts`` keeps what IMAP needs to find a section later; ``unpack_parts`` reads that.
"""

import json
import re
from collections import deque
from collections.abc import Iterator

from attrs import define, field, frozen

from daptinmail.mail.header import Buffer, HeaderSection, header_end
from daptinmail.mail.parameters import (
    Parameters,
    parse_disposition,
    parse_media_type,
    plain_parameter,
    strip_comments,
)

MAX_DEPTH = 50
MAX_PARTS = 1000
MAX_PART_HEADERS = 1 << 20  # octets of all part headers together; beyond, parts are opaque
MAX_BOUNDARY = 200  # octets; RFC 2046 §5.1.1 allows 70

MAX_NEAR_DELIMITERS = 10_000  # lines that only begin like a delimiter

US_ASCII = (b"charset", b"us-ascii")
DEFAULT_TEXT: Parameters = (US_ASCII,)
_CHUNK = 1 << 20
_REST_OF_DELIMITER = re.compile(rb"(--)?[ \t]{0,998}(?:\r?\n|\r?\Z)")


@define(eq=False)
class Part:
    """One entity. Offsets count from the start of the content; the header has its empty line.

    ``type`` and ``subtype`` are lower case. ``children`` are the parts of a multipart; ``message`` the message inside
    a message/rfc822 part. ``lines`` counts line ends of text and messages. An opaque part is not looked into.
    """

    header_start: int
    body_start: int
    body_end: int
    type: str = "text"
    subtype: str = "plain"
    parameters: Parameters = DEFAULT_TEXT
    id: bytes | None = None
    description: bytes | None = None
    encoding: str = "7bit"
    disposition: bytes | None = None
    disposition_parameters: Parameters = ()
    language: bytes | None = None
    """Comments taken out."""
    location: bytes | None = None
    md5: bytes | None = None
    lines: int = 0
    children: "list[Part]" = field(factory=list)
    message: "Part | None" = None
    header: bytes = field(default=b"", repr=False)
    """The raw header section."""
    opaque: bool = False

    @property
    def size(self) -> int:
        """Octets of the body."""
        return self.body_end - self.body_start

    @property
    def media_type(self) -> str:
        """Such as ``text/plain``."""
        return f"{self.type}/{self.subtype}"

    def walk(self) -> "Iterator[Part]":
        """This part and all below it, also inside messages, in order of their offsets."""
        waiting = [self]
        while waiting:
            part = waiting.pop()
            yield part
            waiting.extend(reversed(part.children))
            if part.message is not None:
                waiting.append(part.message)


def parse_structure(content: Buffer, header: HeaderSection | None = None) -> Part:
    """The structure of a whole content. Never raises; bounded by ``MAX_DEPTH``, ``MAX_PARTS``, ``MAX_PART_HEADERS``.

    ``header`` is the header section if it has been read already.
    """
    return _Parser(content).parse(header)


@define(eq=False)
class _Parser:
    content: Buffer
    parts: int = 0
    headers: int = 0
    near: int = 0
    waiting: deque[tuple[Part, int]] = field(factory=deque)

    def parse(self, header: HeaderSection | None) -> Part:
        top = self.entity(0, len(self.content), 0, "text/plain", header)
        self.headers = 0  # the top header has its own limit
        while self.waiting:  # breadth first: the outermost parts have the first claim on the limits
            part, depth = self.waiting.popleft()
            if not self.within_limits:
                part.opaque = True
            elif part.type == "message":
                part.message = self.entity(part.body_start, part.body_end, depth + 1, "text/plain")
            else:
                self.split(part, depth)
        return top

    def entity(self, start: int, end: int, depth: int, default: str, known: HeaderSection | None = None) -> Part:
        """One part from its octets; if composite, it waits to be looked into."""
        body_start = header_end(self.content, start, end)
        header = known or HeaderSection(self.content[start:body_start])
        self.parts += 1
        self.headers += body_start - start
        part = Part(start, body_start, end, header=header.raw)
        _describe(part, header, default)
        enclosed = part.media_type in MESSAGES
        if part.type == "multipart" or (enclosed and part.encoding in IDENTITY):
            if depth < MAX_DEPTH and self.within_limits:
                self.waiting.append((part, depth))
            else:
                part.opaque = True
        elif enclosed:
            part.opaque = True
        if part.type in {"text", "message"}:
            part.lines = count_lines(self.content, body_start, end)
        return part

    @property
    def within_limits(self) -> bool:
        return self.parts < MAX_PARTS and self.headers < MAX_PART_HEADERS

    def split(self, part: Part, depth: int) -> None:
        """Find the children of a multipart. One without delimiters has its whole body as a text part."""
        default = "message/rfc822" if part.subtype == "digest" else "text/plain"
        for start, end in self.ranges(part):
            if not self.within_limits:
                break
            part.children.append(self.entity(start, end, depth + 1, default))
        if not part.children:
            self.parts += 1
            lines = count_lines(self.content, part.body_start, part.body_end)
            part.children.append(Part(part.body_start, part.body_start, part.body_end, lines=lines))

    def ranges(self, part: Part) -> Iterator[tuple[int, int]]:
        """Start and end of each body part between the delimiters (RFC 2046 §5.1.1). The last may lack its end."""
        boundary = (plain_parameter(part.parameters, b"boundary") or b"").rstrip()
        if not boundary or len(boundary) > MAX_BOUNDARY:
            return
        start: int | None = None
        for line, after, last in self.delimiters(b"\n--" + boundary, part.body_start, part.body_end):
            if start is not None:
                yield start, max(start, line)
            if last:
                return
            start = after
        if start is not None:
            yield start, part.body_end

    def delimiters(self, delimiter: bytes, start: int, end: int) -> Iterator[tuple[int, int, bool]]:
        """Where each delimiter line (with the line end before it) begins and ends, and whether it is the last."""
        content = self.content
        position = content.find(delimiter, max(start - 1, 0), end)
        while position >= 0:
            rest = _REST_OF_DELIMITER.match(content, position + len(delimiter), end)
            if rest is None:  # a longer boundary, or text
                self.near += 1
                if self.near > MAX_NEAR_DELIMITERS:
                    return
                position = content.find(delimiter, position + 1, end)
                continue
            has_return = position > start and content[position - 1 : position] == b"\r"
            yield position - has_return, rest.end(), rest[1] is not None
            position = content.find(delimiter, max(rest.end() - 1, position + 1), end)


IDENTITY = frozenset({"7bit", "8bit", "binary"})
"""Encodings that are none (RFC 2045 §6.2)."""

MESSAGES = frozenset({"message/rfc822", "message/global"})
"""Types whose content is a message (RFC 2046 §5.2.1, RFC 6532 §3.7)."""


def _describe(part: Part, header: HeaderSection, default: str) -> None:
    """Fill in what the fields say."""
    first = header.first
    content_type = first(b"content-type")
    parsed = parse_media_type(content_type) if content_type else None
    if parsed is not None:
        part.type, part.subtype = parsed[0].decode("latin-1"), parsed[1].decode("latin-1")
        part.parameters = parsed[2]
        if part.type == "text" and plain_parameter(part.parameters, b"charset") is None:  # RFC 2045 §5.2
            part.parameters = (*part.parameters, US_ASCII) if part.parameters else DEFAULT_TEXT
    elif default != "text/plain":
        part.type, part.subtype, part.parameters = "message", "rfc822", ()
    encoding = first(b"content-transfer-encoding")
    if encoding:
        token = strip_comments(encoding).split(b";", 1)[0].strip(b' \t"').lower()[:100]
        part.encoding = token.decode("latin-1") or "7bit"
    disposition = first(b"content-disposition")
    if disposition and (read := parse_disposition(disposition)):
        part.disposition, part.disposition_parameters = read
    part.id = first(b"content-id")
    part.description = first(b"content-description")
    part.language = strip_comments(first(b"content-language") or b"") or None
    part.location = first(b"content-location")
    part.md5 = first(b"content-md5")


def count_lines(content: Buffer, start: int, end: int) -> int:
    """Line ends between two offsets; a mapped file is read a piece at a time."""
    if isinstance(content, bytes):
        return content.count(b"\n", start, end)
    return sum(content[at : min(at + _CHUNK, end)].count(b"\n") for at in range(start, end, _CHUNK))


Span = tuple[int, int]
"""First octet, and the one after the last."""


@frozen
class PartSpan:
    """Where one numbered part lies; its own MIME header is from ``header_start`` to ``body_start``.

    For a message/rfc822 part ``message_start`` is where the message inside begins (its header section) and
    ``message_body`` where that one's body begins; both ``None`` otherwise.
    """

    header_start: int
    body_start: int
    body_end: int
    media_type: str
    encoding: str
    message_start: int | None = None
    message_body: int | None = None


@frozen
class PartIndex:
    """Finds sections of a message by number (RFC 9051 §6.4.5.1)."""

    spans: dict[tuple[int, ...], PartSpan]

    def find(self, section: tuple[int, ...]) -> PartSpan | None:
        """The part with this number; ``()`` is the whole message."""
        return self.spans.get(section)

    def span(self, section: tuple[int, ...], text: str = "") -> Span | None:
        """The octets of a section; ``text`` is "", "MIME", "HEADER" or "TEXT". ``None`` if there is no such thing.

        ``((), "")`` is BODY[], ``((1, 2), "MIME")`` is BODY[1.2.MIME].
        """
        part = self.spans.get(section)
        if part is None:
            return None
        if not section:
            top = {"": part.header_start, "HEADER": part.header_start, "TEXT": part.body_start}
            start = top.get(text)
            return None if start is None else (start, part.body_start if text == "HEADER" else part.body_end)
        if text == "":
            return part.body_start, part.body_end
        if text == "MIME":
            return part.header_start, part.body_start
        if part.message_start is None or part.message_body is None:
            return None
        if text == "HEADER":
            return part.message_start, part.message_body
        return (part.message_body, part.body_end) if text == "TEXT" else None


def pack_parts(part: Part) -> bytes:
    """The offsets of all parts below ``part``, the whole message, as ``unpack_parts`` reads them (JSON)."""
    rows: list[list[str | int]] = []
    waiting: list[tuple[str, Part]] = []
    rows.append(_row("", part))
    waiting.extend(_numbered("", part))
    while waiting:
        number, one = waiting.pop()
        rows.append(_row(number, one))
        inner = one.message
        if inner is not None:
            waiting.extend(_numbered(number + ".", inner))
        elif one.children:
            waiting.extend(_numbered(number + ".", one))
    return json.dumps(rows, separators=(",", ":")).encode("ascii")


def _numbered(prefix: str, whole: Part) -> list[tuple[str, Part]]:
    """The numbers of the parts of a message: those of a multipart, else 1 for its only one."""
    if whole.children:
        return [(f"{prefix}{number}", child) for number, child in enumerate(whole.children, 1)]
    return [(f"{prefix}1", whole)]


def _row(number: str, part: Part) -> list[str | int]:
    row: list[str | int] = [
        number,
        part.header_start,
        part.body_start,
        part.body_end,
        "application/octet-stream" if part.opaque else part.media_type,
        part.encoding,
    ]
    if part.message is not None:
        row += [part.message.header_start, part.message.body_start]
    return row


def unpack_parts(packed: bytes) -> PartIndex:
    """What ``pack_parts`` made; raises ``ValueError`` for anything else."""
    spans = {}
    for number, *rest in json.loads(packed):
        section = tuple(map(int, number.split("."))) if number else ()
        spans[section] = PartSpan(*rest)
    return PartIndex(spans)
