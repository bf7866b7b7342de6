"""APPEND. The message is in the spool by the time the command runs."""

from twisted.logger import Logger

from daptinmail.errors import NotFound
from daptinmail.imap.answers import Answer, MissingTarget, no, ok
from daptinmail.imap.copy_move import target_mailbox
from daptinmail.imap.session import Session
from daptinmail.imap.values import Append
from daptinmail.interfaces.messages import Arrival

log = Logger()


async def append(session: Session, arguments: Append) -> Answer:
    """APPEND (RFC 3501 §6.3.11), answered with APPENDUID (RFC 4315 §3) once the message is on disk."""
    spooled, session.spooled = session.spooled, None
    if spooled is None:
        raise no(b"No message came", b"CANNOT")
    try:
        if not spooled.size:
            raise no(b"An empty message cannot be stored", b"CANNOT")
        target = await target_mailbox(session, arguments.mailbox)
        content = await spooled.finish()
        arrival = Arrival(session.edge.identifiers.uuid7(), ip=session.peer, tls=session.secure)
        appended = await session.store.append(target.id, content, arguments.flags, arguments.internal_date, arrival)
    except NotFound:
        raise MissingTarget from None
    finally:
        spooled.discard()
    log.info("{connection}: {trail} appended", connection=session.id, trail=arrival.trail.hex)
    return ok(b"APPEND completed", b"APPENDUID %d %d" % (appended.uidvalidity, appended.uid))
