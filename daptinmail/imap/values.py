"""What commands ask for, as values."""

from datetime import date, datetime

from attrs import frozen

from daptinmail.imap.sequences import SequenceSet
from daptinmail.interfaces.messages import FlagMode, Flags


@frozen
class Attribute:
    """A fetch attribute that is known by name alone: ``FLAGS``, ``UID``, ``ENVELOPE``, ..."""

    name: bytes


@frozen
class Section:
    """A piece of the content. ``text`` is "", HEADER, HEADER.FIELDS, HEADER.FIELDS.NOT, TEXT or MIME.

    ``part`` are part numbers, ``partial`` first octet and count, ``label`` what the answer calls it.
    """

    label: bytes
    part: tuple[int, ...] = ()
    text: bytes = b""
    fields: tuple[bytes, ...] = ()
    partial: tuple[int, int] | None = None
    peek: bool = False


FetchItem = Attribute | Section


@frozen
class Fetch:
    """FETCH and UID FETCH."""

    messages: SequenceSet
    items: tuple[FetchItem, ...]


@frozen
class Store:
    """STORE and UID STORE."""

    messages: SequenceSet
    mode: FlagMode
    flags: Flags
    silent: bool


@frozen
class Copy:
    """COPY, MOVE and their UID forms."""

    messages: SequenceSet
    mailbox: str


@frozen
class Append:
    """APPEND; the message itself has gone to the spool."""

    mailbox: str
    flags: Flags
    internal_date: datetime | None


@frozen
class Pattern:
    """LIST and LSUB."""

    reference: str
    pattern: str


@frozen
class Status:
    """STATUS."""

    mailbox: str
    items: tuple[bytes, ...]


@frozen
class Create:
    """CREATE, with RFC 6154 §3 USE."""

    mailbox: str
    special_use: bytes | None


@frozen
class Rename:
    """RENAME."""

    mailbox: str
    new_name: str


@frozen
class Credentials:
    """LOGIN."""

    username: bytes
    password: bytes


@frozen
class Sasl:
    """AUTHENTICATE; ``initial`` as sent, not yet decoded."""

    mechanism: bytes
    initial: bytes | None


Argument = bytes | str | date | int | SequenceSet | tuple[str, str] | None


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
class Search:
    """SEARCH and UID SEARCH; ``keys`` counts those that compare something."""

    program: SearchKey
    keys: int
