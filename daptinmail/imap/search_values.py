"""What the searching commands ask for, as values (RFC 9051 §6.4.4, RFC 4731, RFC 5267, RFC 9394)."""

from datetime import date

from attrs import frozen

from daptinmail.imap.answers import Declined
from daptinmail.imap.search_partial import Partial
from daptinmail.imap.sequences import SequenceSet
from daptinmail.imap.values import FetchItem

Argument = bytes | str | date | int | SequenceSet | tuple[bytes, str] | None


@frozen
class Key:
    """One search key: its name and, by name, a text, date, number, sequence set, flag or (field, text)."""

    name: bytes
    argument: Argument = None


@frozen
class Every:
    """All of these keys."""

    keys: "tuple[SearchKey, ...]"


@frozen
class Either:
    """OR."""

    left: "SearchKey"
    right: "SearchKey"


@frozen
class Negated:
    """NOT."""

    key: "SearchKey"


SearchKey = Key | Every | Either | Negated


@frozen
class Return:
    """RETURN (...): what the answer should tell. ``all`` is also what an empty list asks for (RFC 4731 §3.1).

    ``update``: changes are told later (RFC 5267 §4.3), with ``fetch`` of messages that come (RFC 5465 §7).
    """

    min: bool = False
    max: bool = False
    count: bool = False
    all: bool = False
    save: bool = False
    partial: Partial | None = None
    update: bool = False
    fetch: tuple[FetchItem, ...] = ()

    @property
    def silent(self) -> bool:
        """True if nothing but SAVE was asked for: no ESEARCH response (RFC 9051 §6.4.4)."""
        return self == Return(save=True)

    @property
    def whole(self) -> bool:
        """True if the result as a whole is reported, counted or saved, not just some of its messages."""
        return self.all or self.count or not (self.min or self.max or self.partial)


@frozen
class Search:
    """SEARCH and UID SEARCH; also the part of SORT and THREAD that finds messages.

    ``wanted`` is ``None`` without RETURN. ``modseq``: the program has a MODSEQ key, so the answer tells the highest
    one (RFC 7162 §3.1.5). ``charset``: it came with CHARSET (RFC 6855 §3). ``numbers``: it has sequence numbers
    (RFC 9586 §3). ``refusal``: a charset that is not known; it is raised when the command runs, because a search that
    fails may still have to empty ``$`` (RFC 5182 §2.1).
    """

    program: SearchKey
    wanted: Return | None = None
    modseq: bool = False
    charset: bool = False
    numbers: bool = False
    refusal: Declined | None = None
