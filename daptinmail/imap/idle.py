"""IDLE (RFC 2177): tells what happens as it happens."""

from twisted.internet.interfaces import IDelayedCall

from daptinmail.errors import Malformed
from daptinmail.imap.answers import Answer, ok
from daptinmail.imap.limits import IDLE_KEEPALIVE
from daptinmail.imap.session import Session

DONE = b"DONE"


async def idle(session: Session, _: None) -> Answer:
    """Push until the client says DONE. A line now and then keeps middleboxes from forgetting the connection."""
    session.wire.ask(b"idling")
    timer: IDelayedCall

    def keep_alive() -> None:
        nonlocal timer
        session.untagged(b"OK Still here")
        session.writer.flush()
        session.wire.wake()
        timer = session.edge.clock.callLater(IDLE_KEEPALIVE, keep_alive)

    timer = session.edge.clock.callLater(IDLE_KEEPALIVE, keep_alive)
    try:
        line = await _push(session)
    finally:
        timer.cancel()
    if line.upper() != DONE:
        raise Malformed("Expected DONE")
    return ok(b"IDLE completed")


async def _push(session: Session) -> bytes:
    """What happens meanwhile, until a line comes."""
    while (line := session.wire.try_line()) is None:
        waiting = session.wire.wakeup()
        await session.catch_up(may_expunge=True, always=session.stale)
        await session.tell_notices()
        await session.settle()
        await session.writer.drain()
        session.writer.flush()
        if session.state == "select" and session.selected.deleted:
            return DONE
        await waiting
    return line
