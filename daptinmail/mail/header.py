"""The header section of a content: its fields, and where they lie (RFC 5322 §2.2).

Nothing here raises on hostile input; time is linear in the octets. Lines may end with CRLF or LF.
"""

import mmap
import re
from collections.abc import Collection, Iterator
from itertools import islice

from attrs import define, field, frozen

from daptinmail.mail.addresslist import ListedAddress, parse_address_list

Buffer = bytes | mmap.mmap
"""A content in memory or mapped from its file."""

MAX_HEADER = 1 << 20  # octets of a header section that are looked at
MAX_FIELDS = 1000

_EMPTY_LINE = re.compile(rb"\n\r?\n")
FIELD = re.compile(rb"^([!-9;-~]+)[ \t]*:((?:[^\n]*\n(?=[ \t]))*[^\n]*)\n?", re.M)
"""Name and value: a name is printable US-ASCII without the colon; folded lines begin with a blank (RFC 5322 §2.2)."""


@frozen
class Field:
    """One field: ``name`` as written, ``value`` raw with its folds; ``start`` to ``end`` with the line end."""

    name: bytes
    value: bytes
    start: int
    end: int


def header_end(content: Buffer, start: int = 0, end: int | None = None) -> int:
    """Where the body begins: the offset after the empty line.

    Without an empty line all is header. A section over ``MAX_HEADER`` octets ends there, at a line end if it has one.
    """
    end = len(content) if end is None else end
    first = content[start : min(start + 2, end)]
    if first == b"\r\n" or first[:1] == b"\n":
        return start + (2 if first == b"\r\n" else 1)
    limit = min(end, start + MAX_HEADER)
    found = _EMPTY_LINE.search(content, start, limit)
    if found:
        return found.end()
    if limit == end:
        return end
    cut = content.rfind(b"\n", start, limit)
    return limit if cut < 0 else cut + 1


def find_fields(raw: bytes) -> Iterator[Field]:
    """All fields in order; lines that are not fields are passed over."""
    for match in FIELD.finditer(raw):
        name, value = match.groups()
        yield Field(name, value.removesuffix(b"\r"), match.start(), match.end())


def select_fields(raw: bytes, names: Collection[bytes], exclude: bool = False) -> bytes:
    """The fields so named (any case), or all others; then an empty line if ``raw`` ends with one.

    RFC 9051 §6.4.5.1, HEADER.FIELDS: it is left out for a message with no body and no blank line.
    """
    wanted = {name.lower() for name in names}
    chosen = [raw[one.start : one.end] for one in find_fields(raw) if (one.name.lower() in wanted) != exclude]
    if has_empty_line(raw):
        chosen.append(b"\r\n")
    return b"".join(chosen)


def has_empty_line(raw: bytes) -> bool:
    """True if a header section ends with its empty line."""
    return raw.endswith((b"\n\n", b"\n\r\n")) or raw in {b"\n", b"\r\n"}


def field_pattern(names: Collection[bytes]) -> "re.Pattern[bytes]":
    """Finds the lines of the fields so named (any case), for one command that looks at many header sections.

    Each match is a field, or a whole line of another without a group: nothing is looked at twice. Letters in both
    cases are quicker than a flag, since the first one tells which names are worth a try.
    """
    alternatives = b"|".join(map(_any_case, sorted(names)))
    return re.compile(rb"((?:%b)[ \t]*+:[^\n]*+\n?+(?:[ \t][^\n]*+\n?+)*+)|[^\n]++\n?+|\n" % alternatives)


def _any_case(name: bytes) -> bytes:
    letters = (name[at : at + 1] for at in range(len(name)))
    return b"".join(b"[%b%b]" % (one.upper(), one.lower()) if one.isalpha() else re.escape(one) for one in letters)


def choose_fields(raw: bytes, pattern: "re.Pattern[bytes]") -> bytes:
    """``select_fields`` by a ``field_pattern``."""
    chosen = b"".join(pattern.findall(raw))
    return chosen + b"\r\n" if has_empty_line(raw) else chosen


def unfold(value: bytes) -> bytes:
    """The value on one line, without blanks at its ends (RFC 5322 §2.2.3)."""
    if b"\n" in value:
        value = value.replace(b"\r\n", b"").replace(b"\n", b"")
    return value.strip()


@define
class HeaderSection:
    """Values by name. ``raw`` is the section, with or without its empty line."""

    raw: bytes
    _values: dict[bytes, list[bytes]] = field(init=False, repr=False)
    _addresses: dict[bytes, list[ListedAddress]] = field(init=False, repr=False, factory=dict)

    def __attrs_post_init__(self) -> None:
        values: dict[bytes, list[bytes]] = {}
        for match in islice(FIELD.finditer(self.raw, 0, MAX_HEADER), MAX_FIELDS):
            name, value = match.groups()
            values.setdefault(name.lower(), []).append(value)
        self._values = values

    def first(self, name: bytes) -> bytes | None:
        """The unfolded value of the first field called ``name`` (lower case)."""
        values = self._values.get(name)
        return unfold(values[0]) if values else None

    def every(self, name: bytes) -> list[bytes]:
        """The unfolded values of all fields called ``name`` (lower case)."""
        return [unfold(value) for value in self._values.get(name, ())]

    def addresses(self, name: bytes) -> list[ListedAddress]:
        """The addresses in all fields called ``name`` (lower case)."""
        listed = self._addresses.get(name)
        if listed is None:
            values = self.every(name)
            listed = self._addresses[name] = parse_address_list(b",".join(values)) if values else []
        return listed
