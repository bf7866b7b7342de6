"""GETMETADATA and SETMETADATA (RFC 5464), and annotations for LIST (RFC 9590)."""

from collections.abc import Iterable, Mapping, Sequence

from daptinmail.errors import Forbidden
from daptinmail.imap.answers import Answer, no, ok
from daptinmail.imap.metadata_grammar import GetMetadata, SetMetadata
from daptinmail.imap.session import Session
from daptinmail.imap.texts import nstring
from daptinmail.interfaces.annotations import MAX_VALUE, Depth, TooMany
from daptinmail.interfaces.sharing import Located

SHARED = "/shared"
SPECIAL_USE = "/private/specialuse"
"""Tied to the mailbox's special use (RFC 6154 §4); to be read only."""
ANNOTATING = frozenset("rswip")
"""Who has one of these rights, besides looking up, may see and set annotations (RFC 5464 §3.3)."""


async def get_metadata(session: Session, arguments: GetMetadata) -> Answer:
    """GETMETADATA (RFC 5464 §4.2)."""
    located = await _located(session, arguments.mailbox, "l")
    found = (await _read(session, [located], arguments.entries, arguments.depth))[0]
    longest = max((len(value) for value in found.values() if value is not None), default=0)
    limit = arguments.maxsize
    if limit is not None:
        found = {entry: value for entry, value in found.items() if value is None or len(value) <= limit}
    if found:
        session.untagged(_line(session, located.name if located is not None else "", found))
    if limit is not None and longest > limit:
        return ok(b"GETMETADATA completed", b"METADATA LONGENTRIES %d" % longest)
    return ok(b"GETMETADATA completed")


async def set_metadata(session: Session, arguments: SetMetadata) -> Answer:
    """SETMETADATA (RFC 5464 §4.3): all entries or none."""
    shared = any(entry.startswith(SHARED) for entry in arguments.values)
    located = await _located(session, arguments.mailbox, "lw" if shared else "l")
    if located is None and shared:
        raise Forbidden("The server's own annotations are its administrator's")
    if SPECIAL_USE in arguments.values:
        raise no(b"Give the special use with CREATE", b"CANNOT")
    if any(len(value or b"") > MAX_VALUE for value in arguments.values.values()):
        raise no(b"Value too long", b"METADATA MAXSIZE %d" % MAX_VALUE)
    mailbox_id = located.mailbox.id if located is not None else None
    try:
        await session.store.annotations.annotate(session.account.id, mailbox_id, arguments.values)
    except TooMany:
        raise no(b"Too many annotations", b"METADATA TOOMANY") from None
    return ok(b"SETMETADATA completed")


async def list_lines(
    session: Session, located: Sequence[Located], entries: Sequence[str]
) -> list[tuple[Located, bytes]]:
    """``METADATA`` of each mailbox (RFC 9590 §3)."""
    found = await _read(session, located, entries, Depth.ZERO)
    return [(one, _line(session, one.name, values)) for one, values in zip(located, found, strict=True)]


async def _located(session: Session, mailbox: str, rights: str) -> Located | None:
    """The mailbox, or ``None`` for the server, which has the empty name."""
    if not mailbox:
        return None
    located = await session.find_mailbox(mailbox, rights)
    if not may_annotate(located):
        raise Forbidden("Not permitted on this mailbox")
    return located


def may_annotate(located: Located) -> bool:
    """True if annotations of a mailbox that may be looked up may be seen and set."""
    return not ANNOTATING.isdisjoint(located.rights)


async def _read(
    session: Session, located: Sequence[Located | None], entries: Iterable[str], depth: Depth
) -> list[dict[str, bytes | None]]:
    """Entries with values; those named that have none with ``None``, unless looking below them."""
    ids = [one.mailbox.id if one is not None else None for one in located]
    values = await session.store.annotations.annotations(session.account.id, ids, list(entries), depth)
    missing = dict.fromkeys(entries) if depth is Depth.ZERO else {}
    return [
        {**missing, **values[mailbox_id], **_tied(one, entries)} for one, mailbox_id in zip(located, ids, strict=True)
    ]


def _tied(located: Located | None, entries: Iterable[str]) -> dict[str, bytes]:
    """What is known from elsewhere."""
    if located is None or not located.own or located.mailbox.special_use is None or SPECIAL_USE not in entries:
        return {}
    return {SPECIAL_USE: located.mailbox.special_use}


def _line(session: Session, mailbox: str, values: Mapping[str, bytes | None]) -> bytes:
    told = b" ".join(b"%b %b" % (entry.encode("ascii"), nstring(value)) for entry, value in values.items())
    return b"METADATA %b (%b)" % (session.quoted(mailbox), told)
