"""The first words of a message, as lists of messages show them (RFC 8970)."""

import re
from html import unescape

from daptinmail.mail.header import Buffer
from daptinmail.mail.structure import Part
from daptinmail.mail.textpart import decode_text

MAX_PREVIEW = 200
"""Characters (RFC 8970 §3.1)."""

_MAX_PLAIN = 4 << 10  # octets looked at
_MAX_HTML = 32 << 10
# Each alternative either ends within what is looked at or takes all of it, so the scan is linear.
_NO_TEXT = re.compile(
    r"<!--.*?(?:-->|\Z)|<(style|script|head|title)\b[^>]*>.*?(?:</\1\s*>|\Z)|<[!/?a-z][^>]*(?:>|\Z)", re.I | re.S
)
_UNSEEN = re.compile("[\x00-\x08\x0e-\x1f\x7f-\x9f\u00ad\u034f\u200b-\u200f\u2060-\u2064\ufeff\ud800-\udfff]+")
_SIGNATURE = re.compile(r"^-- ?\r?$.*", re.M | re.S)


def preview(content: Buffer, structure: Part) -> bytes:
    """UTF-8 text of the first text part to be read, plain rather than HTML; empty if there is none. Never raises."""
    part = _text_part(structure)
    if part is None:
        return b""
    limit = _MAX_HTML if part.subtype == "html" else _MAX_PLAIN
    text = decode_text(part, content[part.body_start : min(part.body_end, part.body_start + limit)])
    text = unescape(_NO_TEXT.sub(" ", text)) if part.subtype == "html" else _SIGNATURE.sub("", text)
    return " ".join(_UNSEEN.sub("", text).split())[:MAX_PREVIEW].rstrip().encode("utf-8", "replace")


def _text_part(structure: Part) -> Part | None:
    html: Part | None = None
    for part in structure.walk():
        if part.type != "text" or part.children or part.disposition == b"attachment" or not part.size:
            continue
        if part.subtype == "plain":
            return part
        if html is None and part.subtype == "html":
            html = part
    return html
