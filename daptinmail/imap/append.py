"""APPEND and REPLACE. Their messages are in the spool by the time the command runs."""

from collections.abc import Sequence

from twisted.logger import Logger

from daptinmail.errors import NotFound
from daptinmail.imap.answers import Answer, MissingTarget, no, ok
from daptinmail.imap.append_grammar import append_target, replace_target
from daptinmail.imap.assembly import Assembly
from daptinmail.imap.copy_move import target_mailbox
from daptinmail.imap.cursor import Cursor
from daptinmail.imap.rights import settable
from daptinmail.imap.sequences import format_numbers
from daptinmail.imap.session import Session
from daptinmail.imap.values import Append, Arriving, Replace
from daptinmail.interfaces.messages import Appended, Arrival, NewMessage
from daptinmail.interfaces.sharing import Located

log = Logger()


async def admit_append(session: Session, arguments: Cursor) -> None:
    """Before a message comes: there must be a mailbox for it."""
    session.incoming.target = await target_mailbox(session, append_target(arguments))


async def admit_replace(session: Session, arguments: Cursor) -> None:
    """Before the message comes."""
    session.permitted("te")
    session.incoming.target = await target_mailbox(session, replace_target(arguments))


async def append(session: Session, arguments: Append) -> Answer:
    """APPEND, all messages or none (RFC 3501 §6.3.11, RFC 3502), answered with APPENDUID (RFC 4315 §3)."""
    target = session.incoming.target or await target_mailbox(session, arguments.mailbox)
    try:
        appended = await _store(session, arguments.messages, target)
    except NotFound:  # deleted meanwhile
        raise MissingTarget from None
    return ok(b"APPEND completed", _appenduid(appended))


async def replace(session: Session, arguments: Replace) -> Answer:
    """REPLACE (RFC 8508 §3.3)."""
    return await _replace(session, arguments, uid=False)


async def uid_replace(session: Session, arguments: Replace) -> Answer:
    """UID REPLACE (RFC 8508 §3.4)."""
    return await _replace(session, arguments, uid=True)


async def _replace(session: Session, arguments: Replace, uid: bool) -> Answer:
    view = session.permitted("te")
    target = session.incoming.target or await target_mailbox(session, arguments.mailbox)
    indexes = session.indexes(arguments.message, uid)
    if not indexes:
        raise no(b"No message has that UID", b"NONEXISTENT")
    replaced = view.uids[indexes[0]]
    await session.catch_up(may_expunge=False)
    if replaced in view.gone:
        raise no(b"The message was expunged", b"EXPUNGEISSUED")
    try:
        appended = await _store(session, [arguments.arriving], target, (view.mailbox.id, replaced))
    except NotFound:
        raise no(b"The message was expunged", b"EXPUNGEISSUED") from None
    session.untagged(b"OK [%b] Replacement stored" % _appenduid(appended))  # RFC 8508 §3.5: before the EXPUNGE
    return ok(b"REPLACE completed")


async def _store(
    session: Session, messages: Sequence[Arriving], target: Located, replaces: tuple[int, int] | None = None
) -> Sequence[Appended]:
    """Store all messages or none."""
    assembly = Assembly(session, session.incoming.take())
    try:
        new = [
            NewMessage(await assembly.content(one), settable(target.rights, one.flags), one.internal_date)
            for one in messages
        ]
        arrival = Arrival(session.edge.identifiers.uuid7(), ip=session.peer, tls=session.secure)
        appended = await session.store.append_many(target.mailbox.id, new, arrival, replaces)
    finally:
        assembly.discard()
    log.info(
        "{connection}: {trail} appended, {count} messages",
        connection=session.id,
        trail=arrival.trail.hex,
        count=len(new),
    )
    return appended


def _appenduid(appended: Sequence[Appended]) -> bytes:
    return b"APPENDUID %d %b" % (appended[0].uidvalidity, format_numbers([one.uid for one in appended]))
