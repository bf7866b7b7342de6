"""Arguments of commands that name mailboxes or ask which there are: LIST, LSUB, STATUS, CREATE, RENAME."""

from attrs import frozen

from daptinmail.errors import Malformed
from daptinmail.imap.answers import no
from daptinmail.imap.cursor import Cursor
from daptinmail.imap.grammar import parenthesized
from daptinmail.imap.limits import LIST_ENTRIES, LIST_PATTERNS
from daptinmail.imap.metadata_grammar import entry
from daptinmail.imap.names import DELIMITER, decode_as_sent, decode_name, normal_name
from daptinmail.interfaces.messages import SPECIAL_USE_MAILBOXES

SELECT_OPTIONS = frozenset({b"SUBSCRIBED", b"REMOTE", b"RECURSIVEMATCH", b"SPECIAL-USE"})
RETURN_OPTIONS = frozenset({b"SUBSCRIBED", b"CHILDREN", b"SPECIAL-USE", b"MYRIGHTS"})
STATUS_ITEMS = frozenset(
    {
        b"MESSAGES",
        b"RECENT",
        b"UIDNEXT",
        b"UIDVALIDITY",
        b"UNSEEN",
        b"DELETED",  # RFC 9051 §6.3.11
        b"SIZE",  # RFC 8438
        b"HIGHESTMODSEQ",  # RFC 7162 §3.1.7
        b"MAILBOXID",  # RFC 8474 §4.3
        b"APPENDLIMIT",  # RFC 7889 §5
        b"DELETED-STORAGE",  # RFC 9208 §4.1.4
    }
)
SPECIAL_USES = {use.upper(): use for use in SPECIAL_USE_MAILBOXES.values()}


@frozen
class Listing:
    """LIST. ``extended``: any of the forms of RFC 5258 was used. ``status`` and ``metadata`` are asked of each."""

    reference: str
    patterns: tuple[str, ...]
    extended: bool = False
    select: frozenset[bytes] = frozenset()
    returns: frozenset[bytes] = frozenset()
    status: tuple[bytes, ...] = ()
    metadata: tuple[str, ...] = ()


@frozen
class Status:
    """STATUS."""

    mailbox: str
    items: tuple[bytes, ...]


@frozen
class Create:
    """CREATE, with RFC 6154 §3 USE. ``asked`` is the name as it came."""

    mailbox: str
    special_use: bytes | None
    asked: str


@frozen
class Rename:
    """RENAME."""

    mailbox: str
    new_name: str


def mailbox(cursor: Cursor) -> str:
    """A mailbox name."""
    name = decode_name(cursor.astring(), cursor.utf8)
    if not name:
        raise no(b"A mailbox name may not be empty", b"CANNOT")
    return name


def new_mailbox(cursor: Cursor) -> str:
    """The name of a mailbox to be. A delimiter at the end only announces children (RFC 9051 §6.3.4)."""
    name = mailbox(cursor).removesuffix(DELIMITER)
    if not name:
        raise no(b"A mailbox name may not be empty", b"CANNOT")
    return name


def listing(cursor: Cursor) -> Listing:
    """LIST (RFC 5258 §6)."""
    cursor.space()
    select: frozenset[bytes] | None = None
    if cursor.looking_at(b"("):
        select = _select_options(cursor)
        cursor.space()
    reference = decode_name(cursor.astring(), cursor.utf8)
    cursor.space()
    several = cursor.looking_at(b"(")
    patterns = parenthesized(cursor, _pattern) if several else [_pattern(cursor)]
    if len(patterns) > LIST_PATTERNS:
        raise no(b"Too many patterns", b"LIMIT")
    returns: dict[bytes, tuple[bytes, ...]] | None = None
    metadata: tuple[str, ...] = ()
    if cursor.skip(b" ") and not cursor.at_end():
        if cursor.keyword() != b"RETURN":
            raise Malformed("Expected RETURN")
        cursor.space()
        returns, metadata = _return_options(cursor)
    cursor.end()
    return Listing(
        reference=reference,
        patterns=tuple(patterns),
        extended=several or select is not None or returns is not None,
        select=select or frozenset(),
        returns=frozenset(returns or {}) & RETURN_OPTIONS,
        status=(returns or {}).get(b"STATUS", ()),
        metadata=metadata,
    )


def lsub(cursor: Cursor) -> Listing:
    """LSUB."""
    cursor.space()
    reference = decode_name(cursor.astring(), cursor.utf8)
    cursor.space()
    pattern = _pattern(cursor)
    cursor.end()
    return Listing(reference, (pattern,))


def _pattern(cursor: Cursor) -> str:
    return normal_name(decode_name(cursor.list_mailbox(), cursor.utf8))


def _select_options(cursor: Cursor) -> frozenset[bytes]:
    chosen = frozenset(parenthesized(cursor, Cursor.keyword, empty=True))
    if not chosen <= SELECT_OPTIONS:
        raise Malformed("Unknown selection option")
    if b"RECURSIVEMATCH" in chosen and b"SUBSCRIBED" not in chosen:
        raise Malformed("RECURSIVEMATCH needs SUBSCRIBED")  # RFC 5258 §3.1, RFC 6154 §6
    return chosen


def _return_options(cursor: Cursor) -> tuple[dict[bytes, tuple[bytes, ...]], tuple[str, ...]]:
    """Options with what they ask for; entries of METADATA apart (RFC 9590 §3)."""
    options: dict[bytes, tuple[bytes, ...]] = {}
    metadata: list[str] = []
    cursor.expect(b"(")
    while not cursor.skip(b")"):
        if options:
            cursor.space()
        name = cursor.keyword()
        options[name] = ()
        if name == b"STATUS":
            cursor.space()
            options[name] = status_items(cursor)
        elif name == b"METADATA":
            cursor.space()
            metadata += parenthesized(cursor, entry)
        elif name not in RETURN_OPTIONS:
            raise Malformed("Unknown return option")
    if len(metadata) > LIST_ENTRIES:
        raise no(b"Too many entries", b"LIMIT")
    return options, tuple(dict.fromkeys(metadata))


def status_items(cursor: Cursor) -> tuple[bytes, ...]:
    """``(MESSAGES UNSEEN ...)``, each once."""
    items = tuple(dict.fromkeys(parenthesized(cursor, Cursor.keyword)))
    if not STATUS_ITEMS.issuperset(items):
        raise Malformed("Unknown STATUS item")
    return items


def status(cursor: Cursor) -> Status:
    """STATUS."""
    cursor.space()
    name = mailbox(cursor)
    cursor.space()
    items = status_items(cursor)
    cursor.end()
    return Status(name, items)


def create(cursor: Cursor) -> Create:
    """CREATE, with USE (RFC 6154 §6)."""
    cursor.space()
    asked = decode_as_sent(cursor.astring(), cursor.utf8).removesuffix(DELIMITER)
    if not asked:
        raise no(b"A mailbox name may not be empty", b"CANNOT")
    uses: list[bytes] = []
    if cursor.skip(b" ") and not cursor.at_end():
        cursor.expect(b"(")
        if cursor.keyword() != b"USE":
            raise Malformed("CREATE knows USE")
        cursor.space()
        uses = parenthesized(cursor, _special_use, empty=True)
        cursor.expect(b")")
    cursor.end()
    if len(uses) > 1 or any(use not in SPECIAL_USES for use in uses):
        raise no(b"That special use is not supported", b"USEATTR")
    return Create(normal_name(asked), SPECIAL_USES[uses[0]] if uses else None, asked)


def _special_use(cursor: Cursor) -> bytes:
    cursor.expect(b"\\")
    return b"\\" + cursor.keyword()


def rename(cursor: Cursor) -> Rename:
    """RENAME."""
    cursor.space()
    old = mailbox(cursor)
    cursor.space()
    new = new_mailbox(cursor)
    cursor.end()
    return Rename(old, new)
