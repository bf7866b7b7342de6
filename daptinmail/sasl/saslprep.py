"""SASLprep (RFC 4013): names and passwords in one form, so that the same text is the same octets everywhere."""

import stringprep
from unicodedata import ucd_3_2_0

_PROHIBITED = (
    stringprep.in_table_c12,
    stringprep.in_table_c21_c22,
    stringprep.in_table_c3,
    stringprep.in_table_c4,
    stringprep.in_table_c5,
    stringprep.in_table_c6,
    stringprep.in_table_c7,
    stringprep.in_table_c8,
    stringprep.in_table_c9,
)
"""RFC 4013 §2.3."""


def saslprep(text: str, stored: bool) -> str:
    """The prepared text. ``stored``: for keeping, not for asking, so that unassigned code points are refused too.

    "Unassigned" is by Unicode 3.2 (RFC 3454 §7): a password with an emoji has no prepared form.

    Raises:
        ValueError: a character that may not be there, or directions mixed (RFC 3454 §6).
    """
    if text.isascii() and text.isprintable():
        return text
    mapped = "".join(_mapped(character) for character in text)
    prepared = ucd_3_2_0.normalize("NFKC", mapped)
    for character in prepared:
        if any(prohibits(character) for prohibits in _PROHIBITED):
            raise ValueError("a character that may not be there")
        if stored and stringprep.in_table_a1(character):
            raise ValueError("a character that Unicode 3.2 does not know")
    _check_direction(prepared)
    return prepared


def _mapped(character: str) -> str:
    """RFC 4013 §2.1."""
    if stringprep.in_table_b1(character):
        return ""
    return " " if stringprep.in_table_c12(character) else character


def _check_direction(text: str) -> None:
    if not any(map(stringprep.in_table_d1, text)):
        return
    if any(map(stringprep.in_table_d2, text)):
        raise ValueError("directions mixed")
    if not (stringprep.in_table_d1(text[0]) and stringprep.in_table_d1(text[-1])):
        raise ValueError("right-to-left text must begin and end so")
