"""STORE."""

from daptinmail.imap.answers import Answer, no, ok
from daptinmail.imap.limits import VIEW_SLICE
from daptinmail.imap.session import Session
from daptinmail.imap.values import Store


async def store(session: Session, arguments: Store) -> Answer:
    """STORE (RFC 3501 §6.4.6)."""
    return await _store(session, arguments, uid=False)


async def uid_store(session: Session, arguments: Store) -> Answer:
    """UID STORE (RFC 3501 §6.4.8)."""
    return await _store(session, arguments, uid=True)


async def _store(session: Session, arguments: Store, uid: bool) -> Answer:
    view = session.writable
    indexes = view.indexes(arguments.messages, uid)
    uids = [view.uids[index] for index in indexes if view.uids[index] not in view.gone]
    changes = await session.store.change_flags(view.mailbox.id, uids, arguments.mode, arguments.flags) if uids else []
    view.take_flags(changes)
    stored = {change.uid for change in changes}
    told = [index for index in indexes if view.uids[index] in stored]
    session.untagged(*view.new_keyword_lines(told))
    if not arguments.silent:
        for count, index in enumerate(told, 1):
            session.untagged(view.fetch_line(index, with_uid=uid))
            if count % VIEW_SLICE == 0:
                await session.breathe()
    if len(stored) < len(indexes) and not uid:
        raise no(b"Some of the messages were expunged", b"EXPUNGEISSUED")
    return ok(b"STORE completed")
