"""The text of a message as the API shows it: the first inline text/plain part, decoded. Pure."""

import base64
import binascii
import quopri

from daptinmail.mail.header import HeaderSection, header_end
from daptinmail.mail.parameters import parameter
from daptinmail.mail.structure import Part, parse_structure
from daptinmail.mail.words import decode_charset

MAX_BODY = 64 * 1024
"""Characters shown."""

_MAX_ENCODED = 4 * MAX_BODY  # octets looked at


def body_text(content: bytes) -> str:
    """The text; empty if there is none. Never raises for what is in the content."""
    header = HeaderSection(content[: header_end(content)])
    for part in parse_structure(content, header).walk():
        if part.media_type == "text/plain" and part.disposition in {None, b"inline"} and not part.children:
            return _decoded(part, content[part.body_start : min(part.body_end, part.body_start + _MAX_ENCODED)])
    return ""


def _decoded(part: Part, octets: bytes) -> str:
    """A part's text, cut."""
    charset = parameter(part.parameters, b"charset") or b""
    text = decode_charset(_transfer_decoded(part.encoding.lower(), octets), charset.decode("latin-1"))
    return text.replace("\x00", "")[:MAX_BODY]


def _transfer_decoded(encoding: str, octets: bytes) -> bytes:
    """Without its transfer encoding; as written if that makes no sense."""
    if encoding == "quoted-printable":
        return quopri.decodestring(octets)
    if encoding != "base64":
        return octets
    plain = b"".join(octets.split())
    try:
        return base64.b64decode(plain[: len(plain) // 4 * 4])
    except binascii.Error:
        return octets
