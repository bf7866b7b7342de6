"""What commands ask for, as values."""

from datetime import datetime

from attrs import frozen

from daptinmail.imap.answers import Declined
from daptinmail.imap.search_partial import Partial
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
class Resync:
    """What a client knew when it last saw the mailbox (RFC 7162 §3.2.5).

    ``known``: its UIDs, ``None`` for all below UIDNEXT. ``samples``: sequence numbers and the UIDs they had.
    """

    uidvalidity: int
    modseq: int
    known: SequenceSet | None = None
    samples: tuple[SequenceSet, SequenceSet] | None = None


@frozen
class Select:
    """SELECT and EXAMINE. ``refusal``: why ``mailbox`` can be the name of none."""

    mailbox: str
    condstore: bool = False
    resync: Resync | None = None
    refusal: Declined | None = None


@frozen
class FetchModifiers:
    """Which of the messages named (RFC 7162 §3.1.4.1, RFC 9394 §3.3), and whether to tell which vanished."""

    changed_since: int | None = None
    vanished: bool = False
    partial: Partial | None = None


@frozen
class Fetch:
    """FETCH and UID FETCH."""

    messages: SequenceSet
    items: tuple[FetchItem, ...]
    modifiers: FetchModifiers = FetchModifiers()


@frozen
class Store:
    """STORE and UID STORE."""

    messages: SequenceSet
    mode: FlagMode
    flags: Flags
    silent: bool
    unchanged_since: int | None = None


@frozen
class Copy:
    """COPY, MOVE and their UID forms."""

    messages: SequenceSet
    mailbox: str


@frozen
class Arriving:
    """A message to be stored. ``parts``: a URL, or ``None`` for the next literal that went to the spool (RFC 4469)."""

    flags: Flags
    internal_date: datetime | None
    parts: tuple[bytes | None, ...] = (None,)


@frozen
class Append:
    """APPEND (RFC 3502)."""

    mailbox: str
    messages: tuple[Arriving, ...]


@frozen
class Replace:
    """REPLACE and UID REPLACE (RFC 8508 §3.1)."""

    message: SequenceSet
    mailbox: str
    arriving: Arriving


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
