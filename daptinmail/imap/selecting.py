"""SELECT, EXAMINE, CLOSE, UNSELECT, EXPUNGE."""

from daptinmail.imap.answers import Answer, ok
from daptinmail.imap.sequences import SequenceSet
from daptinmail.imap.session import Session


async def select(session: Session, name: str) -> Answer:
    """SELECT (RFC 3501 §6.3.1)."""
    return await _open(session, name, read_only=False)


async def examine(session: Session, name: str) -> Answer:
    """EXAMINE (RFC 3501 §6.3.2)."""
    return await _open(session, name, read_only=True)


async def _open(session: Session, name: str, read_only: bool) -> Answer:
    view = await session.select(name, read_only)
    unseen = view.first_unseen
    session.untagged(
        view.flags_line(),
        b"%d EXISTS" % len(view),
        b"%d RECENT" % view.recent,
        *([] if unseen is None else [b"OK [UNSEEN %d] First unseen message" % unseen]),
        b"OK [UIDVALIDITY %d] UIDs are valid" % view.mailbox.uidvalidity,
        b"OK [UIDNEXT %d] Next UID" % view.mailbox.uidnext,
        b"OK [PERMANENTFLAGS ()] Read-only" if read_only else _permanent_flags(view.flags_line()),
    )
    if read_only:
        return ok(b"EXAMINE completed", b"READ-ONLY")
    return ok(b"SELECT completed", b"READ-WRITE")


def _permanent_flags(flags_line: bytes) -> bytes:
    r"""All flags last, and new keywords (``\*``) are taken."""
    return rb"OK [PERMANENT%b \*)] Kept for ever" % flags_line[:-1]


async def close(session: Session, _: None) -> Answer:
    """CLOSE (RFC 3501 §6.4.2): expunge without a word, unless read-only."""
    if not session.selected.read_only:
        await session.store.expunge(session.selected.mailbox.id)
    await session.unselect()
    return ok(b"CLOSE completed")


async def unselect(session: Session, _: None) -> Answer:
    """UNSELECT (RFC 3691 §2): close without expunge."""
    await session.unselect()
    return ok(b"UNSELECT completed")


async def expunge(session: Session, _: None) -> Answer:
    """EXPUNGE (RFC 3501 §6.4.3)."""
    view = session.writable
    view.note_expunged(await session.store.expunge(view.mailbox.id))
    return ok(b"EXPUNGE completed")


async def uid_expunge(session: Session, messages: SequenceSet) -> Answer:
    """UID EXPUNGE (RFC 4315 §2.1)."""
    view = session.writable
    uids = [view.uids[index] for index in view.indexes(messages, uid=True)]
    if uids:
        view.note_expunged(await session.store.expunge(view.mailbox.id, uids))
    return ok(b"EXPUNGE completed")
