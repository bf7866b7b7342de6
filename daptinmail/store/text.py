"""The text of a message that SEARCH looks into: decoded, folded. Pure but for the reader it is given."""

import re
from collections.abc import Callable
from unicodedata import normalize

from attrs import define, frozen

from daptinmail.interfaces.search import BodyContains, HeaderContains, SearchText, TextContains, TextCriterion
from daptinmail.mail.header import HeaderSection, find_fields, unfold
from daptinmail.mail.parameters import parse_media_type
from daptinmail.mail.structure import DEFAULT_TEXT, Part, PartIndex, PartSpan
from daptinmail.mail.textpart import decode_text
from daptinmail.mail.words import decode_words
from daptinmail.store.text_html import visible_text

FIELDS = ("subject", "from", "to", "cc", "bcc")
"""The fields that people search: SEARCH has keys for them."""

MAX_TEXT = 4 << 20
"""Octets of text parts that are looked at in one message, and as many of part headers."""

_CONTROLS = re.compile("[\x00-\x1f\x7f-\x9f]+")  # as mail.words cleans values

Read = Callable[[int, int], bytes]
"""``read(offset, size)`` of a content, as ``Opened`` has it."""


def fold(text: str) -> str:
    """``text`` without case: what differs in case or composition only becomes equal (Unicode §3.13)."""
    if text.isascii():
        return text.lower()
    return normalize("NFC", normalize("NFC", text).casefold()).encode("utf-8", "replace").decode("utf-8")


@frozen
class Needle:
    """What is looked for: ``text`` in bodies, ``line`` in header fields, whose values have no control characters."""

    text: str
    line: str


def needle_of(text: str) -> Needle:
    """``text`` as ``SearchText`` would have it."""
    folded = fold(text)
    return Needle(_plain_lines(folded), _CONTROLS.sub(" ", folded))


def header_lines(raw: bytes) -> str:
    """A header section: for each field a line end, its name, ": " and its decoded value, folded."""
    fields = [(one.name.decode("latin-1"), decode_words(unfold(one.value))) for one in find_fields(raw)]
    return fold("".join(f"\n{name}: {value}" for name, value in fields))


def values_of(lines: str, name: str) -> list[str]:
    """The values of all fields called ``name`` in ``header_lines``."""
    key, values, at = f"\n{name}: ", list[str](), -1
    while (at := lines.find(key, at + 1)) >= 0:
        end = lines.find("\n", at + 1)
        values.append(lines[at + len(key) : end if end >= 0 else len(lines)])
    return values


def head_of(text: SearchText) -> list[str | None]:
    """The values of ``FIELDS``, a line each; ``None`` for a field that is not there."""
    found = [values_of(text.header, name) for name in FIELDS]
    return ["\n".join(values) if values else None for values in found]


def line_holds(lines: str, name: str, needle: str) -> bool:
    """Whether one of the fields called ``name`` in ``header_lines`` has ``needle``."""
    return any(needle in value for value in values_of(lines, name))


def holds(text: SearchText, criterion: TextCriterion) -> bool:
    """Whether a text meets a criterion; of ``HeaderContains`` only ``header`` is asked."""
    needle = needle_of(criterion.text)
    match criterion:
        case HeaderContains(name, _):
            return line_holds(text.header, field_name(name), needle.line)
        case BodyContains(_):
            return needle.text in text.body
        case TextContains(_):
            return needle.line in text.header or needle.line in text.mime or needle.text in text.body


def field_name(name: bytes) -> str:
    """As ``header_lines`` has it."""
    return name.decode("latin-1").lower()


def search_text(header: bytes, parts: PartIndex, read: Read, sent_day: int | None = None) -> SearchText:
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
    return SearchText(header_lines(header), "".join(mime), fold(_plain_lines("\n".join(body))), sent_day)


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
