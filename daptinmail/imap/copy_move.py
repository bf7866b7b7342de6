"""COPY and MOVE."""

from daptinmail.errors import NotFound
from daptinmail.imap.answers import Answer, MissingTarget, no, ok
from daptinmail.imap.rights import settable
from daptinmail.imap.selected import SelectedMailbox
from daptinmail.imap.sequences import format_numbers
from daptinmail.imap.session import Session
from daptinmail.imap.values import Copy
from daptinmail.interfaces.messages import Copied, FlagMode
from daptinmail.interfaces.sharing import OTHER_USERS, Located


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
    view = session.selected
    copied = await session.store.copy(view.mailbox.id, uids, target.mailbox.id)
    await _leave_flags(session, view, copied, target)
    return ok(b"COPY completed", _copyuid(copied))


async def _move(session: Session, arguments: Copy, uid: bool) -> Answer:
    view = session.permitted("te")
    uids = await _uids(session, arguments, uid)
    target = await target_mailbox(session, arguments.mailbox)
    if not uids:
        return ok(b"No messages to move")
    moved = await session.store.move(view.mailbox.id, uids, target.mailbox.id)
    await _leave_flags(session, view, moved, target)
    if code := _copyuid(moved):
        session.untagged(b"OK [%b] Moved" % code)  # RFC 6851 §4.3: before the EXPUNGEs
    return ok(b"MOVE completed", await session.told_expunged(moved.sources))


async def _uids(session: Session, arguments: Copy, uid: bool) -> list[int]:
    """UIDs of the messages named; all or none for sequence numbers (RFC 3501 §6.4.7)."""
    view = session.selected
    uids = [view.uids[index] for index in session.indexes(arguments.messages, uid)]
    await session.catch_up(may_expunge=False)
    present = [number for number in uids if number not in view.gone]
    if len(present) < len(uids) and not uid:
        raise no(b"Some of the messages were expunged", b"EXPUNGEISSUED")
    return present


async def target_mailbox(session: Session, name: str) -> Located:
    """The mailbox to fill, with right ``i``. Raises ``MissingTarget`` for one that the client could make."""
    try:
        return await session.find_mailbox(name, "i")
    except NotFound:
        if name.startswith(OTHER_USERS):
            raise
        raise MissingTarget from None


async def _leave_flags(session: Session, view: SelectedMailbox, copied: Copied, target: Located) -> None:
    """Take from the copies the flags that may not be set there (RFC 4314 §4, COPY)."""
    there = {flag for uid in copied.sources if (index := view.index_of(uid)) is not None for flag in view.flags[index]}
    unwanted = there - settable(target.rights, there)
    if unwanted:
        await session.store.change_flags(target.mailbox.id, copied.targets, FlagMode.REMOVE, frozenset(unwanted))


def _copyuid(copied: Copied) -> bytes:
    if not copied.sources:
        return b""
    return b"COPYUID %d %b %b" % (
        copied.uidvalidity,
        format_numbers(copied.sources),
        format_numbers(copied.targets),
    )
