"""Where the octets of BODY[...] come from."""

import re

from attrs import frozen

from daptinmail.imap.values import Section
from daptinmail.mail.header import KEPT_FIELDS, choose_fields, field_pattern, select_fields
from daptinmail.mail.structure import PartIndex


@frozen
class Stretch:
    """Octets ``start`` to ``end`` of the content, to be read."""

    start: int
    end: int

    @property
    def size(self) -> int:
        """How many octets."""
        return self.end - self.start


@frozen
class Selection:
    """Some header fields of an enclosed message, to be chosen once its header section is read."""

    header: Stretch
    section: Section

    def choose(self, header: bytes) -> bytes:
        """The fields asked for."""
        return clip(self.section, _selected(self.section, header))


Source = bytes | Stretch | Selection | None
"""What is known already, what must be read, or ``None``: there is no such part."""


def needs_parts(section: Section) -> bool:
    """False for the message's own header section, which the index holds."""
    return bool(section.part) or not section.text.startswith(b"HEADER")


def column_of(section: Section) -> str:
    """The column that answers ``section``, or tells where in the file its octets lie."""
    if needs_parts(section):
        return "parts"
    kept = section.text == b"HEADER.FIELDS" and all(name.lower() in KEPT_FIELDS for name in section.fields)
    return "fields" if kept else "header"


@frozen
class HeaderChoice:
    """What a section takes of the message's own header section; made once for a command."""

    section: Section
    _pattern: "re.Pattern[bytes] | None" = None

    @classmethod
    def of(cls, section: Section) -> "HeaderChoice":
        """The choice that ``section`` makes."""
        return cls(section, field_pattern(section.fields) if section.text == b"HEADER.FIELDS" else None)

    def choose(self, header: bytes) -> bytes:
        """The octets, from the column ``column_of`` names."""
        chosen = _selected(self.section, header) if self._pattern is None else choose_fields(header, self._pattern)
        return clip(self.section, chosen)


def find_source(section: Section, parts: PartIndex) -> Source:
    """Where the octets of a section that ``needs_parts`` lie."""
    text = section.text.decode("ascii")
    span = parts.span(section.part, "HEADER" if text.startswith("HEADER") else text)
    if span is None:
        return None
    stretch = Stretch(*span)
    return Selection(stretch, section) if section.fields else _clip_stretch(section, stretch)


def clip(section: Section, octets: bytes) -> bytes:
    """The part of ``octets`` that a partial fetch asks for (RFC 3501 §6.4.5): less, or nothing, at the end."""
    if section.partial is None:
        return octets
    first, count = section.partial
    return octets[first : first + count]


def _clip_stretch(section: Section, stretch: Stretch) -> Stretch:
    if section.partial is None:
        return stretch
    first, count = section.partial
    start = min(stretch.start + first, stretch.end)
    return Stretch(start, min(start + count, stretch.end))


def _selected(section: Section, header: bytes) -> bytes:
    if not section.fields:
        return header
    return select_fields(header, section.fields, exclude=section.text.endswith(b".NOT"))
