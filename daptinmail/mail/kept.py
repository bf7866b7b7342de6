"""The fields that mail clients ask for most, kept so that a client's choice of them is cut out without a search.

A message's lines are kept as one octet string: where each line begins stands before them. A command that looks at many
messages learns once for each sequence of names what to cut: few sequences make up most mail.
"""

from collections.abc import Callable, Collection
from struct import Struct, pack

from attrs import define, field

from daptinmail.mail.header import FIELD, choose_fields, field_pattern, has_empty_line

# Packed: NUL, how many lines, the number of each line's name, where each begins and the last ends (from the start of
# the octets, 16 bits, little endian), the lines. The empty line has a number like a field. What does not begin with
# NUL is lines only: rows of older versions, and what does not fit.
_NAMES = (
    b"bcc cc content-description content-disposition content-language content-transfer-encoding content-type date"
    b" delivered-to from importance in-reply-to lines list-id list-post list-subscribe list-unsubscribe"
    b" mail-followup-to message-id"
    b" mime-version newsgroups priority references reply-to return-path sender subject to user-agent"
    b" x-bogosity x-forwarded-message-id x-keywords x-label x-mailer x-original-to x-priority x-spam-flag"
    b" x-spam-status x-status x-tuid x-uid status"
)
"""In lower case. Databases hold their numbers: append only."""

_NUMBERS = {name: number for number, name in enumerate(_NAMES.split(), 1)}
_EMPTY_LINE = 0
_MARK = b"\0"
_MOST = 255
_HIGHEST = 0xFFFF
_KNOWN = 1000
"""Sequences of names that one command remembers."""

KEPT_FIELDS = frozenset(_NUMBERS)
"""The names, in lower case."""

Cut = tuple[Callable[[bytes], tuple[int, ...]], int]
"""Reads the ends of stretches; how many there are."""


def pack_kept(raw: bytes) -> bytes:
    """The lines of ``KEPT_FIELDS`` in a header section, and its empty line if it has one, for ``KeptChoice``."""
    numbers = bytearray()
    lines = []
    for match in FIELD.finditer(raw):
        number = _NUMBERS.get(match[1].lower())
        if number is not None:
            numbers.append(number)
            lines.append(match[0])
    if has_empty_line(raw):
        numbers.append(_EMPTY_LINE)
        lines.append(b"\r\n")
    position = 2 + len(lines) + 2 * (len(lines) + 1)
    if len(lines) > _MOST or position + sum(map(len, lines)) > _HIGHEST:
        return b"".join(lines)
    positions = [position]
    for line in lines:
        position += len(line)
        positions.append(position)
    return b"".join([_MARK, bytes([len(lines)]), numbers, pack(f"<{len(positions)}H", *positions), *lines])


@define(eq=False)
class KeptChoice:
    """Chooses the fields so named (any case, all of ``KEPT_FIELDS``) from what ``pack_kept`` made.

    The same as ``header.select_fields`` finds. For one command.
    """

    names: Collection[bytes]
    _cuts: dict[bytes, Cut] = field(factory=dict, init=False)

    def choose(self, packed: bytes) -> bytes:
        """The lines, and the empty line if there is one."""
        if packed[:1] != _MARK:
            return choose_fields(packed, field_pattern(self.names))
        numbers = packed[2 : 2 + packed[1]]
        read, stretches = self._cuts.get(numbers) or self._learn(numbers)
        ends = read(packed)
        if stretches == 1:
            return packed[ends[0] : ends[1]]
        return b"".join([packed[ends[at] : ends[at + 1]] for at in range(0, 2 * stretches, 2)])

    def _learn(self, numbers: bytes) -> Cut:
        wanted = {_NUMBERS[name.lower()] for name in self.names} | {_EMPTY_LINE}
        chosen = [number in wanted for number in numbers]
        # where a stretch begins or ends, a position is read; the others are passed over
        edges = [one != other for one, other in zip([False, *chosen], [*chosen, False], strict=True)]
        layout = Struct(f"<{2 + len(numbers)}x" + "".join("H" if edge else "2x" for edge in edges))
        if len(self._cuts) >= _KNOWN:
            self._cuts.clear()
        cut = self._cuts[numbers] = (layout.unpack_from, sum(edges) // 2)
        return cut
