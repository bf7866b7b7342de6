"""Messages as text to search in: decoded, without regard to case. Runs in pool threads."""

import binascii
import re

from daptinmail.mail.header import HeaderSection, find_fields, unfold
from daptinmail.mail.parameters import parameter
from daptinmail.mail.structure import Part, parse_structure
from daptinmail.mail.words import decode_charset, decode_words

NOT_BASE64 = re.compile(rb"[^A-Za-z0-9+/]")


def field_texts(header: HeaderSection, name: bytes) -> list[str]:
    """The values of all fields called ``name`` (lower case)."""
    return [decode_words(value).casefold() for value in header.every(name)]


def header_text(header: bytes) -> str:
    """A whole header section."""
    lines = [f"{one.name.decode('latin-1')}: {decode_words(unfold(one.value))}" for one in find_fields(header)]
    return "\n".join(lines).casefold()


def body_text(content: bytes) -> str:
    """The text parts of a content, and the header sections of the messages inside it."""
    texts = []
    for part in parse_structure(content).walk():
        if part.message is not None:
            texts.append(header_text(part.message.header))
        elif part.type == "text" and not part.children:
            texts.append(_decoded(part, content[part.body_start : part.body_end]))
    return "\n".join(texts).casefold()


def _decoded(part: Part, octets: bytes) -> str:
    """A text part without its transfer encoding (RFC 2045 §6)."""
    if part.encoding == "quoted-printable":
        octets = binascii.a2b_qp(octets)
    elif part.encoding == "base64":
        octets = _unbase64(octets)
    charset = parameter(part.parameters, b"charset") or b"us-ascii"
    return decode_charset(octets, charset.decode("latin-1"))


def _unbase64(octets: bytes) -> bytes:
    """As much as is whole; what is not base64 is passed over (RFC 2045 §6.8)."""
    clean = NOT_BASE64.sub(b"", octets)
    return binascii.a2b_base64(clean[: len(clean) // 4 * 4] + _padded(clean[len(clean) // 4 * 4 :]))


def _padded(rest: bytes) -> bytes:
    return b"" if len(rest) < 2 else rest.ljust(4, b"=")
