"""How texts are compared by SORT and THREAD (RFC 5256 §3, RFC 5051)."""

import unicodedata

MAX_KEY = 200
"""Characters of a sort key; what differs after them sorts as equal."""


def casemap(text: str) -> str:
    """``text`` as ``i;unicode-casemap`` compares it: upper case, decomposed (RFC 5051 §2)."""
    if text.isascii():
        return text.upper()
    upper = "".join(map(_upper, unicodedata.normalize("NFKD", text)))
    return unicodedata.normalize("NFKD", upper)


def _upper(letter: str) -> str:
    """One letter for one, as UnicodeData.txt has it: ``ß`` stays."""
    upper = letter.upper()
    return upper if len(upper) == 1 else letter
