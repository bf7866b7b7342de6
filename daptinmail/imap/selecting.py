"""SELECT, EXAMINE, CLOSE, UNSELECT, EXPUNGE."""

from collections.abc import Collection

from daptinmail.errors import Malformed
from daptinmail.imap.answers import Answer, ok
from daptinmail.imap.names import INBOX
from daptinmail.imap.resync import samples_of, tell_changes
from daptinmail.imap.rights import settable
from daptinmail.imap.selected import FLAG_ORDER, SelectedMailbox, flag_names
from daptinmail.imap.sequences import SequenceSet
from daptinmail.imap.session import Session, uid_required
from daptinmail.imap.status import mailbox_id
from daptinmail.imap.values import Resync, Select

CLOSED = b"OK [CLOSED] The mailbox that was selected is closed"
"""What follows is about another mailbox (RFC 7162 §3.2.11)."""


async def select(session: Session, arguments: Select) -> Answer:
    """SELECT (RFC 9051 §6.3.2)."""
    return await _open(session, arguments, read_only=False)


async def examine(session: Session, arguments: Select) -> Answer:
    """EXAMINE (RFC 9051 §6.3.3)."""
    return await _open(session, arguments, read_only=True)


async def _open(session: Session, arguments: Select, read_only: bool) -> Answer:
    if arguments.resync is not None:
        _check(session, arguments.resync)
    if arguments.condstore:
        session.enabled.add(b"CONDSTORE")
    leaving = session.selected_id is not None
    try:
        view = await _view(session, arguments, read_only)
    finally:
        if leaving:  # told only now, so that it goes out with the rest
            session.untagged(CLOSED)
    _describe(session, view, arguments.mailbox)
    if arguments.resync is not None:
        await tell_changes(session, view, arguments.resync)
    completed = b"EXAMINE completed" if read_only else b"SELECT completed"
    return ok(completed, b"READ-ONLY" if view.read_only else b"READ-WRITE")


async def _view(session: Session, arguments: Select, read_only: bool) -> SelectedMailbox:
    """A view of the mailbox; without one nothing is selected any more (RFC 9051 §6.3.2)."""
    if arguments.refusal is not None:
        await session.unselect()
        raise arguments.refusal
    return await session.select(arguments.mailbox, read_only)


def _check(session: Session, resync: Resync) -> None:
    """What is wrong with QRESYNC must be found before anything is opened (RFC 7162 §3.2.5)."""
    if not session.qresync:
        raise Malformed("ENABLE QRESYNC first")
    if resync.samples is not None and session.uidonly:
        raise uid_required()
    samples_of(resync)


def _describe(session: Session, view: SelectedMailbox, name: str) -> None:
    """What every client is told of the mailbox it opened."""
    session.untagged(view.flags_line(), b"%d EXISTS" % len(view))
    if not session.rev2:
        session.untagged(b"%d RECENT" % view.recent)
        unseen = view.first_unseen
        if unseen is not None:
            session.untagged(b"OK [UNSEEN %d] First unseen message" % unseen)
    session.untagged(
        b"OK [UIDVALIDITY %d] UIDs are valid" % view.mailbox.uidvalidity,
        b"OK [UIDNEXT %d] Next UID" % view.mailbox.uidnext,
        b"OK [MAILBOXID (%b)] Object id" % mailbox_id(view.mailbox),  # RFC 8474 §4.2
        b"OK [HIGHESTMODSEQ %d] Highest" % view.modseq,
        b"OK [PERMANENTFLAGS ()] Read-only" if view.read_only else _permanent_flags(view),
    )
    if session.rev2:
        session.untagged(b'LIST () "/" %b%b' % (session.quoted(view.name), _old_name(session, view, name)))


def _old_name(session: Session, view: SelectedMailbox, name: str) -> bytes:
    """What the client called it, if that is not its name (RFC 9051 §6.3.9.7)."""
    return b"" if name in {view.name, INBOX.lower()} else b' ("OLDNAME" (%b))' % session.quoted(name)


def _permanent_flags(view: SelectedMailbox) -> bytes:
    r"""What may be set lasts (RFC 4314 §5.2), and new keywords (``\*``) are taken from who may set them."""
    lasting = flag_names(settable(view.rights, (*FLAG_ORDER, *view.keywords)))
    if "w" in view.rights:
        lasting += rb" \*"
    return b"OK [PERMANENTFLAGS (%b)] Kept for ever" % lasting


async def close(session: Session, _: None) -> Answer:
    """CLOSE (RFC 9051 §6.4.1): expunge without a word, unless read-only. No HIGHESTMODSEQ here (RFC 7162 §3.2.8)."""
    if not session.selected.read_only and "e" in session.selected.rights:
        await session.store.expunge(session.selected.mailbox.id)
    await session.unselect()
    return ok(b"CLOSE completed")


async def unselect(session: Session, _: None) -> Answer:
    """UNSELECT (RFC 9051 §6.4.2): close without expunge."""
    await session.unselect()
    return ok(b"UNSELECT completed")


async def expunge(session: Session, _: None) -> Answer:
    """EXPUNGE (RFC 9051 §6.4.3)."""
    return await _expunge(session, session.permitted("e"), None)


async def uid_expunge(session: Session, messages: SequenceSet) -> Answer:
    """UID EXPUNGE (RFC 9051 §6.4.9)."""
    view = session.permitted("e")
    uids = [view.uids[index] for index in session.indexes(messages, uid=True)]
    return await _expunge(session, view, uids) if uids else ok(b"EXPUNGE completed")


async def _expunge(session: Session, view: SelectedMailbox, uids: Collection[int] | None) -> Answer:
    return ok(b"EXPUNGE completed", await session.told_expunged(await session.store.expunge(view.mailbox.id, uids)))
