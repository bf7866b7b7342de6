"""What one FETCH needs: of the view, of the index, of files."""

from collections.abc import Mapping, Sequence

from attrs import field, frozen

from daptinmail.imap.attributes import CLASSIC, Rendering
from daptinmail.imap.fetch_grammar import IN_VIEW
from daptinmail.imap.limits import (
    COLUMNS_SLICE,
    HEADER_SLICE,
    NUMBERS_ROWS,
    TEXT_SLICE,
    VIEW_SLICE,
    WHOLE_SLICE,
)
from daptinmail.imap.sections import Choice, column_of, header_choice, in_header
from daptinmail.imap.telling import SIZE
from daptinmail.imap.values import Attribute, FetchItem, Section

SIZED = IN_VIEW | {SIZE}

NUMBERS = frozenset({"internal_date", "saved_at", "size"})
"""Columns of some octets each."""


@frozen
class Plan:
    """What one FETCH needs. ``columns`` are asked of the index, ``places`` tells where each stands in a row.

    ``choices`` are the sections that the index answers; with others, files are read.
    """

    attributes: tuple[bytes, ...]
    sections: tuple[Section, ...]
    renderings: Mapping[bytes, Rendering]
    columns: tuple[str, ...] = field(init=False)
    places: dict[str, int] = field(init=False)
    choices: dict[Section, Choice] = field(init=False)

    def __attrs_post_init__(self) -> None:
        named = [self.renderings[name].column for name in self.attributes if name in self.renderings]
        columns = tuple(dict.fromkeys([*named, *map(column_of, self.sections)]))
        own = filter(in_header, self.sections)
        object.__setattr__(self, "columns", columns)
        object.__setattr__(self, "places", {name: place for place, name in enumerate(columns, 1)})
        object.__setattr__(self, "choices", {section: header_choice(section) for section in own})

    @classmethod
    def of(
        cls, items: Sequence[FetchItem], uid: bool, modseq: bool, renderings: Mapping[bytes, Rendering] = CLASSIC
    ) -> "Plan":
        """``uid``, ``modseq``: these are answered even if they were not asked for."""
        names = [item.name for item in items if isinstance(item, Attribute)]
        if uid and b"UID" not in names:
            names.insert(0, b"UID")
        if modseq and b"MODSEQ" not in names:
            names.append(b"MODSEQ")
        return cls(tuple(names), tuple(item for item in items if isinstance(item, Section)), renderings)

    @property
    def in_view(self) -> bool:
        """True if the view alone can answer."""
        return not self.sections and IN_VIEW.issuperset(self.attributes)

    @property
    def sized(self) -> bool:
        """True if the view and the messages' sizes can answer."""
        return not self.sections and SIZED.issuperset(self.attributes)

    @property
    def slice(self) -> int:
        """Messages at a time."""
        if self.in_view:
            return VIEW_SLICE
        if self.reads:  # a response is made of each before the first is sent
            return TEXT_SLICE if "parts" in self.columns else WHOLE_SLICE
        if "header" in self.columns:
            return HEADER_SLICE
        return NUMBERS_ROWS if NUMBERS.issuperset(self.columns) else COLUMNS_SLICE

    @property
    def reads(self) -> bool:
        """True if files must be opened."""
        return len(self.choices) < len(self.sections)

    @property
    def sets_seen(self) -> bool:
        r"""True if the messages count as read afterwards (RFC 3501 §6.4.5: all but PEEK)."""
        return any(not section.peek for section in self.sections)
