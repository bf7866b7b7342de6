"""STORE."""

from collections.abc import Sequence

from daptinmail.imap.answers import Answer, no, ok
from daptinmail.imap.limits import VIEW_SLICE
from daptinmail.imap.selected import SelectedMailbox
from daptinmail.imap.session import Session
from daptinmail.imap.values import Store
from daptinmail.interfaces.messages import Change, FlagMode, Flags


async def store(session: Session, arguments: Store) -> Answer:
    """STORE (RFC 3501 §6.4.6)."""
    return await _store(session, arguments, uid=False)


async def uid_store(session: Session, arguments: Store) -> Answer:
    """UID STORE (RFC 3501 §6.4.8)."""
    return await _store(session, arguments, uid=True)


async def _store(session: Session, arguments: Store, uid: bool) -> Answer:
    view = session.writable
    indexes = view.indexes(arguments.messages, uid)
    stored = 0
    for start in range(0, len(indexes), VIEW_SLICE):
        if start:
            await session.breathe()
        stored += await _store_some(session, view, indexes[start : start + VIEW_SLICE], arguments, uid)
    if stored < len(indexes) and not uid:
        raise no(b"Some of the messages were expunged", b"EXPUNGEISSUED")
    return ok(b"STORE completed")


async def _store_some(
    session: Session, view: SelectedMailbox, indexes: Sequence[int], arguments: Store, uid: bool
) -> int:
    """Change these messages and tell; how many of them still existed."""
    uids = [view.uids[index] for index in indexes if view.uids[index] not in view.gone]
    changes = await session.store.change_flags(view.mailbox.id, uids, arguments.mode, arguments.flags) if uids else []
    stored = {change.uid for change in changes}
    changed = [index for index in indexes if view.uids[index] in stored]
    told = _surprises(view, changes, arguments) if arguments.silent else changed
    view.take_flags(changes)
    session.untagged(*view.new_keyword_lines(changed))
    session.untagged(*[view.fetch_line(index, with_uid=uid) for index in told])
    return len(stored)


def _surprises(view: SelectedMailbox, changes: Sequence[Change], arguments: Store) -> list[int]:
    """The messages whose flags another session had changed too: .SILENT does not hide that (RFC 3501 §6.4.6)."""
    surprising = []
    for change in changes:
        index = view.index_of(change.uid)
        if index is None:
            continue
        expected = _after(view.flags[index], arguments)
        if change.flags != expected and _lower(change.flags) != _lower(expected):
            surprising.append(index)
    return surprising


def _after(flags: Flags, arguments: Store) -> Flags:
    """What the client expects."""
    if arguments.mode is FlagMode.ADD:
        return flags | arguments.flags
    if arguments.mode is FlagMode.REMOVE:
        gone = _lower(arguments.flags)
        return frozenset(flag for flag in flags if flag.lower() not in gone)
    return arguments.flags


def _lower(flags: Flags) -> Flags:
    """Keywords have no case."""
    return frozenset(flag.lower() for flag in flags)
