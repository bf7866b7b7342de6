"""The text of a message that SEARCH looks into: decoded, folded. Pure but for the reader it is given."""

from collections.abc import Callable
from unicodedata import normalize

from attrs import define, field, frozen

from daptinmail.mail.header import HeaderSection, find_fields, unfold
from daptinmail.mail.parameters import parse_media_type
from daptinmail.mail.structure import DEFAULT_TEXT, Part, PartIndex, PartSpan
from daptinmail.mail.textpart import decode_text
from daptinmail.mail.words import decode_words
from daptinmail.store.text_html import visible_text

MAX_TEXT = 4 << 20
"""Octets of text parts that are looked at in one message, and as many of part headers."""

MAX_LINE = 1 << 20  # characters of one field

Read = Callable[[int, int], bytes]
"""``read(offset, size)`` of a content, as ``Opened`` has it."""


def fold(text: str) -> str:
    """``text`` without case: what differs in case or composition only becomes equal (Unicode §3.13)."""
    if text.isascii():
        return text.lower()
    return normalize("NFC", normalize("NFC", text).casefold()).encode("utf-8", "replace").decode("utf-8")


def fold_needle(text: str) -> str:
    """What is looked for, with line ends and blanks as ``SearchText`` has them."""
    return _plain_lines(fold(text))


@frozen
class SearchText:
    """One message. ``header`` and ``mime`` are lines ``\\nname: value``, one a field; all is folded.

    ``mime`` has the MIME headers of the parts (RFC 9051 §6.4.4, TEXT); ``body`` the text parts, and the header
    sections of messages inside the message.
    """

    header: str = field(repr=False)
    mime: str = field(repr=False)
    body: str = field(repr=False)


def header_lines(raw: bytes) -> str:
    """A header section: for each field a line end, its name, ": " and its decoded value, folded."""
    lines = [b"\n%b: " % one.name.lower() for one in find_fields(raw)]
    values = [decode_words(unfold(one.value))[:MAX_LINE] for one in find_fields(raw)]
    return fold("".join(line.decode("latin-1") + value for line, value in zip(lines, values, strict=True)))


def field_text(header: HeaderSection, name: bytes) -> str | None:
    """The values of all fields called ``name``, a line each; ``None`` if there is none."""
    values = header.every(name)
    return fold("\n".join(decode_words(value)[:MAX_LINE] for value in values)) if values else None


def search_text(header: bytes, parts: PartIndex, read: Read) -> SearchText:
    """Read what is text in a content; attachments are not read. Never raises for what is in it."""
    reading = _Reading(read)
    mime: list[str] = []
    body: list[str] = []
    messages = {0}  # where the header section of a message begins: that is not a part's own
    for span in _in_order(parts):
        own = reading.header(span.header_start, span.body_start)
        if span.header_start not in messages:
            mime.append(header_lines(own))
        if span.message_start is not None and span.message_body is not None:
            messages.add(span.message_start)
            body.append(header_lines(reading.header(span.message_start, span.message_body)))
        elif span.media_type.startswith("text/"):
            body.append(_part_text(own, span, reading.text(span.body_start, span.body_end)))
    return SearchText(header_lines(header), "".join(mime), fold(_plain_lines("\n".join(body))))


@define
class _Reading:
    """Reads no more than ``MAX_TEXT`` of headers, and of text."""

    read: Read
    headers: int = MAX_TEXT
    texts: int = MAX_TEXT

    def header(self, start: int, end: int) -> bytes:
        octets = self.read(start, min(end - start, self.headers))
        self.headers -= len(octets)
        return octets

    def text(self, start: int, end: int) -> bytes:
        octets = self.read(start, min(end - start, self.texts))
        self.texts -= len(octets)
        return octets


def _in_order(parts: PartIndex) -> list[PartSpan]:
    """The numbered parts in order of their place, the outer before the inner."""
    return [parts.spans[number] for number in sorted(parts.spans) if number]


def _part_text(header: bytes, span: PartSpan, octets: bytes) -> str:
    """The decoded text; of HTML the source, then what a reader sees of it."""
    content_type = HeaderSection(header).first(b"content-type")
    parsed = parse_media_type(content_type) if content_type else None
    parameters = parsed[2] if parsed and parsed[0] == b"text" else DEFAULT_TEXT
    part = Part(span.header_start, span.body_start, span.body_end, parameters=parameters, encoding=span.encoding)
    text = decode_text(part, octets)
    return f"{text}\n{visible_text(text)}" if span.media_type == "text/html" else text


def _plain_lines(text: str) -> str:
    """One kind of line end; no NUL, which databases refuse."""
    return text.replace("\r\n", "\n").replace("\x00", " ")
