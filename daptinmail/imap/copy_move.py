"""COPY and MOVE."""

from collections.abc import Sequence

from attrs import frozen

from daptinmail.errors import NotFound
from daptinmail.imap.answers import Answer, MissingTarget, no, ok
from daptinmail.imap.rights import settable
from daptinmail.imap.selected import SelectedMailbox, values_at
from daptinmail.imap.sequences import format_numbers
from daptinmail.imap.session import Session
from daptinmail.imap.values import Copy
from daptinmail.interfaces.messages import Copied, FlagMode, Flags
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


@frozen
class _Named:
    """The messages that a command names, the flags they have, and where they shall go."""

    view: SelectedMailbox
    uids: Sequence[int]
    flags: Flags
    target: Located


async def _copy(session: Session, arguments: Copy, uid: bool) -> Answer:
    named = await _named(session, arguments, uid)
    if not named.uids:
        return ok(b"No messages to copy")
    copied = await session.store.copy(named.view.mailbox.id, named.uids, named.target.mailbox.id)
    await _leave_flags(session, named, copied)
    return ok(b"COPY completed", _copyuid(copied))


async def _move(session: Session, arguments: Copy, uid: bool) -> Answer:
    session.permitted("te")
    named = await _named(session, arguments, uid)
    if not named.uids:
        return ok(b"No messages to move")
    moved = await session.store.move(named.view.mailbox.id, named.uids, named.target.mailbox.id)
    await _leave_flags(session, named, moved)
    if code := _copyuid(moved):
        session.untagged(b"OK [%b] Moved" % code)  # RFC 6851 §4.3: before the EXPUNGEs
    return ok(b"MOVE completed", await session.told_expunged(moved.sources))


async def _named(session: Session, arguments: Copy, uid: bool) -> _Named:
    """What both begin with; all or none for sequence numbers (RFC 3501 §6.4.7)."""
    view = session.selected
    indexes = session.indexes(arguments.messages, uid)
    uids = values_at(view.uids, indexes)
    await session.catch_up(may_expunge=False)
    if not view.gone.isdisjoint(uids):
        if not uid:
            raise no(b"Some of the messages were expunged", b"EXPUNGEISSUED")
        uids = [number for number in uids if number not in view.gone]
    flags = frozenset[bytes]().union(*set(values_at(view.flags, indexes)))
    return _Named(view, uids, flags, await target_mailbox(session, arguments.mailbox))


async def target_mailbox(session: Session, name: str) -> Located:
    """The mailbox to fill, with right ``i``. Raises ``MissingTarget`` for one that the client could make."""
    try:
        return await session.find_mailbox(name, "i")
    except NotFound:
        if name.startswith(OTHER_USERS):
            raise
        raise MissingTarget from None


async def _leave_flags(session: Session, named: _Named, copied: Copied) -> None:
    """Take from the copies the flags that may not be set there (RFC 4314 §4, COPY)."""
    unwanted = named.flags - settable(named.target.rights, named.flags)
    if unwanted and copied.targets:
        await session.store.change_flags(named.target.mailbox.id, copied.targets, FlagMode.REMOVE, frozenset(unwanted))


def _copyuid(copied: Copied) -> bytes:
    if not copied.sources:
        return b""
    return b"COPYUID %d %b %b" % (
        copied.uidvalidity,
        format_numbers(copied.sources),
        format_numbers(copied.targets),
    )
