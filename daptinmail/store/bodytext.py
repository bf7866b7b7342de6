"""The text of a message as the API shows it: the first inline text/plain part, decoded. Pure."""

from daptinmail.mail.header import HeaderSection, header_end
from daptinmail.mail.structure import parse_structure
from daptinmail.mail.textpart import decode_text

MAX_BODY = 64 * 1024
"""Characters shown."""

_MAX_ENCODED = 4 * MAX_BODY  # octets looked at


def body_text(content: bytes) -> str:
    """The text; empty if there is none. Never raises for what is in the content."""
    header = HeaderSection(content[: header_end(content)])
    for part in parse_structure(content, header).walk():
        if part.media_type == "text/plain" and part.disposition in {None, b"inline"} and not part.children:
            octets = content[part.body_start : min(part.body_end, part.body_start + _MAX_ENCODED)]
            return decode_text(part, octets).replace("\x00", "")[:MAX_BODY]
    return ""
