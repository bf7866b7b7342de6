"""COPY and MOVE."""

from daptinmail.errors import NotFound
from daptinmail.imap.answers import Answer, MissingTarget, no, ok
from daptinmail.imap.sequences import format_numbers
from daptinmail.imap.session import Session
from daptinmail.imap.values import Copy
from daptinmail.interfaces.messages import Copied, Mailbox


async def copy(session: Session, arguments: Copy) -> Answer:
    """COPY (RFC 3501 §6.4.7), answered with COPYUID (RFC 4315 §3)."""
    return await _copy(session, arguments, uid=False)


async def uid_copy(session: Session, arguments: Copy) -> Answer:
    """UID COPY."""
    return await _copy(session, arguments, uid=True)


async def move(session: Session, arguments: Copy) -> Answer:
    """MOVE (RFC 6851 §3.1)."""
    return await _move(session, arguments, uid=False)


async def uid_move(session: Session, arguments: Copy) -> Answer:
    """UID MOVE (RFC 6851 §3.2)."""
    return await _move(session, arguments, uid=True)


async def _copy(session: Session, arguments: Copy, uid: bool) -> Answer:
    uids = await _uids(session, arguments, uid)
    target = await target_mailbox(session, arguments.mailbox)
    if not uids:
        return ok(b"No messages to copy")
    copied = await session.store.copy(session.selected.mailbox.id, uids, target.id)
    return ok(b"COPY completed", _copyuid(copied))


async def _move(session: Session, arguments: Copy, uid: bool) -> Answer:
    view = session.writable
    uids = await _uids(session, arguments, uid)
    target = await target_mailbox(session, arguments.mailbox)
    if not uids:
        return ok(b"No messages to move")
    moved = await session.store.move(view.mailbox.id, uids, target.id)
    if code := _copyuid(moved):
        session.untagged(b"OK [%b] Moved" % code)  # RFC 6851 §4.3: before the EXPUNGEs
    view.note_expunged(moved.sources)
    return ok(b"MOVE completed")


async def _uids(session: Session, arguments: Copy, uid: bool) -> list[int]:
    """UIDs of the messages named; all or none for sequence numbers (RFC 3501 §6.4.7)."""
    view = session.selected
    uids = [view.uids[index] for index in view.indexes(arguments.messages, uid)]
    await session.catch_up(may_expunge=False)
    present = [number for number in uids if number not in view.gone]
    if len(present) < len(uids) and not uid:
        raise no(b"Some of the messages were expunged", b"EXPUNGEISSUED")
    return present


async def target_mailbox(session: Session, name: str) -> Mailbox:
    """The mailbox to fill. Raises ``MissingTarget``."""
    try:
        return await session.store.mailbox(session.account.id, name)
    except NotFound:
        raise MissingTarget from None


def _copyuid(copied: Copied) -> bytes:
    if not copied.sources:
        return b""
    return b"COPYUID %d %b %b" % (
        copied.uidvalidity,
        format_numbers(copied.sources),
        format_numbers(copied.targets),
    )
