"""What a reader sees of HTML, near enough to look for words in it. Pure; linear in the octets."""

import re
from html import unescape

# Each alternative either ends within the text or takes all that is left, so the scan is linear.
_MARKUP = re.compile(
    r"<!--.*?(?:-->|\Z)|<(style|script|head|title)\b[^>]*(?:>.*?(?:</\1\s*>|\Z)|\Z)|<(/?[a-z]\w*)[^>]*(?:>|\Z)"
    r"|<[!?/][^>]*(?:>|\Z)",
    re.I | re.S,
)
_INLINE = frozenset(
    {"a", "abbr", "acronym", "b", "bdi", "bdo", "big", "cite", "code", "del", "dfn", "em", "font", "i", "ins", "kbd"}
    | {"mark", "q", "s", "samp", "small", "span", "strike", "strong", "sub", "sup", "tt", "u", "var", "wbr"}
)


def visible_text(html: str) -> str:
    """The words on one line, blanks between what stands apart: a tag within a word does not split it."""
    return " ".join(unescape(_MARKUP.sub(_space, html)).split())


def _space(match: "re.Match[str]") -> str:
    return "" if (match[2] or "").lstrip("/").lower() in _INLINE else " "
