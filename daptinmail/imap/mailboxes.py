"""CREATE, DELETE, RENAME, SUBSCRIBE, UNSUBSCRIBE, STATUS."""

from daptinmail.imap.answers import Answer, no, ok
from daptinmail.imap.names import INBOX
from daptinmail.imap.session import Session
from daptinmail.imap.values import Create, Rename, Status


async def create(session: Session, arguments: Create) -> Answer:
    """CREATE (RFC 3501 §6.3.3), with a special use (RFC 6154 §3)."""
    await session.store.create(session.account.id, arguments.mailbox, arguments.special_use)
    return ok(b"CREATE completed")


async def delete(session: Session, name: str) -> Answer:
    """DELETE (RFC 3501 §6.3.4). If it was selected here, it is no more."""
    if name == INBOX:
        raise no(b"INBOX cannot be deleted", b"CANNOT")
    await session.store.delete(session.account.id, name)
    if session.state == "select" and session.selected.deleted:
        await session.unselect()
        session.untagged(b"OK [CLOSED] The selected mailbox was deleted")
    return ok(b"DELETE completed")


async def rename(session: Session, arguments: Rename) -> Answer:
    """RENAME (RFC 3501 §6.3.5)."""
    await session.store.rename(session.account.id, arguments.mailbox, arguments.new_name)
    return ok(b"RENAME completed")


async def subscribe(session: Session, name: str) -> Answer:
    """SUBSCRIBE (RFC 3501 §6.3.6)."""
    await session.store.subscribe(session.account.id, name, True)
    return ok(b"SUBSCRIBE completed")


async def unsubscribe(session: Session, name: str) -> Answer:
    """UNSUBSCRIBE (RFC 3501 §6.3.7)."""
    await session.store.subscribe(session.account.id, name, False)
    return ok(b"UNSUBSCRIBE completed")


async def status(session: Session, arguments: Status) -> Answer:
    """STATUS (RFC 3501 §6.3.10)."""
    mailbox = await session.store.mailbox(session.account.id, arguments.mailbox)
    counts = await session.store.status(mailbox.id)
    numbers = b" ".join(b"%b %d" % (item, getattr(counts, item.decode("ascii").lower())) for item in arguments.items)
    session.untagged(b"STATUS %b (%b)" % (session.quoted(mailbox.name), numbers))
    return ok(b"STATUS completed")
