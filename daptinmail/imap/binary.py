"""BINARY[...] and BINARY.SIZE[...]: parts with their transfer encoding undone (RFC 3516 §4.2)."""

from collections.abc import Iterator

from attrs import frozen

from daptinmail.imap.answers import Declined, no
from daptinmail.imap.limits import CONTENT_CHUNK
from daptinmail.imap.sections import Stream, Stretch
from daptinmail.imap.values import Section
from daptinmail.interfaces.messages import Opened
from daptinmail.mail.structure import IDENTITY, PartIndex, PartSpan
from daptinmail.mail.transfer_encoding import Decoder, decoder_for

BINARY = b"BINARY"
BINARY_SIZE = b"BINARY.SIZE"
NAMES = frozenset({BINARY, BINARY_SIZE})
"""``Section.text`` of what is answered here."""


def unknown_encoding() -> Declined:
    """RFC 3516 §4.3."""
    return no(b"The encoding of a part is not known", b"UNKNOWN-CTE")


def find_decoded(section: Section, parts: PartIndex) -> "Decoded | DecodedSize | None":
    """What answers a section of BINARY or BINARY.SIZE.

    Raises:
        Declined: UNKNOWN-CTE.
    """
    span, part = parts.span(section.part), parts.find(section.part)
    if span is None or part is None:
        return None
    encoding = _encoding(section, part)
    if decoder_for(encoding) is None:
        raise unknown_encoding()
    decoded = Decoded(Stretch(*span), encoding, section.partial)
    return DecodedSize(decoded) if section.text == BINARY_SIZE else decoded


def _encoding(section: Section, part: PartSpan) -> str:
    """What can be composed of parts, and the message itself, have no encoding of their own (RFC 2045 §6.4)."""
    composite = part.media_type.startswith("multipart/") or part.message_start is not None
    return "binary" if composite or not section.part else part.encoding


@frozen
class Decoded:
    """A part, decoded. ``partial`` are first octet and count of what comes out."""

    stretch: Stretch
    encoding: str
    partial: tuple[int, int] | None = None

    @property
    def cost(self) -> int:
        """All of it is read, sometimes twice."""
        return self.stretch.size

    def stream(self, opened: Opened) -> Stream:
        """Size and kind of the literal are known only after decoding: a large part is decoded twice, not kept."""
        if self.stretch.size <= CONTENT_CHUNK:
            octets = b"".join(self._clipped(opened))
            return _announce(len(octets), b"\x00" in octets), iter((octets,))
        size, has_nul = 0, False
        for piece in self._clipped(opened):
            size += len(piece)
            has_nul = has_nul or b"\x00" in piece
        return _announce(size, has_nul), self._clipped(opened)

    def size(self, opened: Opened) -> int:
        """Octets after decoding."""
        if self.encoding in IDENTITY:
            return self.stretch.size
        return sum(map(len, self._decoded(opened)))

    def _decoded(self, opened: Opened) -> Iterator[bytes]:
        decoder: Decoder | None = decoder_for(self.encoding)
        if decoder is None:
            raise unknown_encoding()
        for chunk in self.stretch.chunks(opened):
            yield decoder.decode(chunk, last=False)
        yield decoder.decode(b"", last=True)

    def _clipped(self, opened: Opened) -> Iterator[bytes]:
        if self.partial is None:
            yield from self._decoded(opened)
            return
        skip, left = self.partial
        for piece in self._decoded(opened):
            chosen = piece[skip : skip + left]
            skip, left = max(skip - len(piece), 0), left - len(chosen)
            yield chosen
            if not left:
                return


@frozen
class DecodedSize:
    """How many octets a part has when it is decoded."""

    decoded: Decoded

    @property
    def cost(self) -> int:
        """It is decoded to find out."""
        return self.decoded.cost

    def stream(self, opened: Opened) -> Stream:
        """A number, no octets."""
        return b"%d" % self.decoded.size(opened), iter(())


def _announce(size: int, has_nul: bool) -> bytes:
    """A literal8 where RFC 3501 allows no literal (RFC 3516 §4.2)."""
    return b"~{%d}\r\n" % size if has_nul else b"{%d}\r\n" % size
