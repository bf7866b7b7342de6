"""Binary parts in base64, since neither a literal nor SMTP carries NUL (RFC 3516 §4.4, RFC 2045 §6)."""

from base64 import encodebytes
from collections.abc import Iterator

from daptinmail.mail.header import Buffer, find_fields
from daptinmail.mail.structure import Part, parse_structure

_PIECE = 57 * 4096  # whole lines of base64
_ENCODED = b"Content-Transfer-Encoding: base64\r\n"


def without_nul(content: Buffer) -> Iterator[bytes]:
    """The content, those parts of binary encoding that hold NUL in base64. Elsewhere NUL stays.

    Nothing else is changed: what encloses such a part may go on calling itself binary (RFC 2045 §6.4).
    """
    position = 0
    for part in list(parse_structure(content).walk()):
        if part.children or part.message is not None or part.encoding != "binary":
            continue
        if content.find(b"\x00", part.body_start, part.body_end) < 0 or part.header_start < position:
            continue
        yield from _pieces(content, position, part.header_start)
        yield _relabelled(part.header)
        yield from _encoded(content, part)
        position = part.body_end
    yield from _pieces(content, position, len(content))


def _pieces(content: Buffer, start: int, end: int) -> Iterator[bytes]:
    for at in range(start, end, _PIECE):
        yield content[at : min(at + _PIECE, end)]


def _relabelled(header: bytes) -> bytes:
    """The header section with another Content-Transfer-Encoding."""
    kept: list[bytes] = []
    position = 0
    for one in find_fields(header):
        if one.name.lower() == b"content-transfer-encoding":
            kept += (header[position : one.start], b"" if position else _ENCODED)
            position = one.end
    return b"".join([*kept, header[position:]])


def _encoded(content: Buffer, part: Part) -> Iterator[bytes]:
    for at in range(part.body_start, part.body_end, _PIECE):
        lines = encodebytes(content[at : min(at + _PIECE, part.body_end)]).replace(b"\n", b"\r\n")
        yield lines if at + _PIECE < part.body_end else lines.removesuffix(b"\r\n")
