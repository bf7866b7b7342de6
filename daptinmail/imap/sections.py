"""Where the octets of BODY[...] come from, and how they are read."""

from collections.abc import Callable, Iterator
from typing import Protocol

from attrs import frozen

from daptinmail.errors import StoreDamaged
from daptinmail.imap.limits import CONTENT_CHUNK
from daptinmail.imap.values import Section
from daptinmail.interfaces.messages import Opened
from daptinmail.mail.header import choose_fields, field_pattern, select_fields
from daptinmail.mail.kept import KEPT_FIELDS, KeptChoice
from daptinmail.mail.structure import PartIndex

Stream = tuple[bytes, Iterator[bytes]]
"""What stands before the octets, such as ``{5}``, CRLF; and the octets in pieces of ``CONTENT_CHUNK`` at most."""


class Reading(Protocol):
    """Something to be read from a message file. In a pool thread."""

    @property
    def cost(self) -> int:
        """Octets that reading takes."""

    def stream(self, opened: Opened) -> Stream:
        """Begin to read.

        Raises:
            StoreDamaged: the file is shorter than the index says; so may the iterator.
        """


def literal(octets: bytes) -> Stream:
    """Octets in memory."""
    return b"{%d}\r\n" % len(octets), iter((octets,))


@frozen
class Stretch:
    """Octets ``start`` to ``end`` of the content."""

    start: int
    end: int

    @property
    def size(self) -> int:
        """How many octets."""
        return self.end - self.start

    @property
    def cost(self) -> int:
        """All of them are read."""
        return self.size

    def stream(self, opened: Opened) -> Stream:
        """As they are."""
        return b"{%d}\r\n" % self.size, self.chunks(opened)

    def chunks(self, opened: Opened) -> Iterator[bytes]:
        """Piece by piece."""
        for start in range(self.start, self.end, CONTENT_CHUNK):
            size = min(CONTENT_CHUNK, self.end - start)
            octets = opened.read(start, size)
            if len(octets) != size:
                raise StoreDamaged(cause="content is shorter than its index says")
            yield octets

    def whole(self, opened: Opened) -> bytes:
        """At once."""
        return b"".join(self.chunks(opened))


@frozen
class Selection:
    """Some header fields of an enclosed message, to be chosen once its header section is read."""

    header: Stretch
    section: Section

    @property
    def cost(self) -> int:
        """The whole header section is read."""
        return self.header.size

    def choose(self, header: bytes) -> bytes:
        """The fields asked for."""
        return clip(self.section, _selected(self.section, header))

    def stream(self, opened: Opened) -> Stream:
        """The fields asked for."""
        return literal(self.choose(self.header.whole(opened)))


Source = bytes | Reading | None
"""What is known already, what must be read, or ``None``: there is no such part."""


def in_header(section: Section) -> bool:
    """True for the message's own header section, which the index holds."""
    return not section.part and section.text.startswith(b"HEADER")


def is_whole(section: Section) -> bool:
    """True for BODY[], for which no structure need be known."""
    return not section.part and not section.text


def column_of(section: Section) -> str:
    """The column that answers ``section``, or tells where in the file its octets lie."""
    if is_whole(section):
        return "size"
    if not in_header(section):
        return "parts"
    return "fields" if _is_kept(section) else "header"


def _is_kept(section: Section) -> bool:
    return section.text == b"HEADER.FIELDS" and all(name.lower() in KEPT_FIELDS for name in section.fields)


Choice = Callable[[bytes], bytes]
"""Takes what a section asks for from the column that ``column_of`` names."""


def header_choice(section: Section) -> Choice:
    """What a section takes of the message's own header section; to be made once for a command."""
    choose = _choice_of_fields(section)
    return choose if section.partial is None else lambda octets: clip(section, choose(octets))


def _choice_of_fields(section: Section) -> Choice:
    if _is_kept(section):
        return KeptChoice(section.fields).choose
    if section.text == b"HEADER.FIELDS":
        pattern = field_pattern(section.fields)
        return lambda header: choose_fields(header, pattern)
    return lambda header: _selected(section, header)


def whole_message(section: Section, size: int) -> Stretch:
    """The source of a section that ``is_whole``."""
    return _clip_stretch(section, Stretch(0, size))


def find_source(section: Section, parts: PartIndex) -> Stretch | Selection | None:
    """Where the octets of a section of BODY lie."""
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
