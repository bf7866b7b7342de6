"""Where the octets of BODY[...] come from."""

from attrs import frozen

from daptinmail.imap.values import Section
from daptinmail.interfaces.messages import Metadata
from daptinmail.mail.header import select_fields
from daptinmail.mail.structure import PartIndex, unpack_parts


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


def index_of(metadata: Metadata) -> PartIndex:
    """Where the parts lie."""
    return unpack_parts(metadata.parts)


def needs_parts(section: Section) -> bool:
    """False for the message's own header section, which the metadata hold."""
    return bool(section.part) or not section.text.startswith(b"HEADER")


def find_source(section: Section, metadata: Metadata, parts: PartIndex | None) -> Source:
    """What answers ``section``."""
    text = section.text.decode("ascii")
    if parts is None or not needs_parts(section):
        return clip(section, _selected(section, metadata.header))
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
