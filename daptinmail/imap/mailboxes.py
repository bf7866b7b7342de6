"""CREATE, DELETE, RENAME, SUBSCRIBE, UNSUBSCRIBE, NAMESPACE."""

from daptinmail.errors import Forbidden, NotFound
from daptinmail.imap.answers import Answer, no, ok
from daptinmail.imap.list_grammar import Create, Rename
from daptinmail.imap.listing import list_line
from daptinmail.imap.names import DELIMITER, INBOX
from daptinmail.imap.session import Session
from daptinmail.imap.status import mailbox_id
from daptinmail.interfaces.sharing import OTHER_USERS, Place


async def create(session: Session, arguments: Create) -> Answer:
    """CREATE (RFC 9051 §6.3.4), with a special use (RFC 6154 §3); answers MAILBOXID (RFC 8474 §4.1)."""
    place = await _place(session, arguments.mailbox)
    if arguments.special_use and not place.own:
        raise no(b"A mailbox of somebody else gets no special use", b"USEATTR")
    made = await session.store.create(place.account_id, place.name, arguments.special_use)
    if session.rev2:
        located = await session.find_mailbox(arguments.mailbox, "")
        if located.name != arguments.asked:
            session.untagged(await list_line(session, located.name, arguments.asked))
    return ok(b"CREATE completed", b"MAILBOXID (%b)" % mailbox_id(made))


async def delete(session: Session, name: str) -> Answer:
    """DELETE (RFC 9051 §6.3.5). If it was selected here, it is no more."""
    if name == INBOX:
        raise no(b"INBOX cannot be deleted", b"CANNOT")
    located = await session.find_mailbox(name, "x")
    await session.store.delete(located.mailbox.account_id, located.mailbox.name)
    if session.state == "select" and session.selected.deleted:
        await session.unselect()
        session.untagged(b"OK [CLOSED] The selected mailbox was deleted")
    return ok(b"DELETE completed")


async def rename(session: Session, arguments: Rename) -> Answer:
    """RENAME (RFC 9051 §6.3.6)."""
    located = await session.find_mailbox(arguments.mailbox, "x")
    place = await _place(session, arguments.new_name)
    if place.account_id != located.mailbox.account_id:
        raise no(b"A mailbox stays with its owner", b"CANNOT")
    if located.mailbox.name == INBOX and not located.own:
        raise Forbidden("An INBOX is renamed by its owner")
    await session.store.rename(place.account_id, located.mailbox.name, place.name)
    return ok(b"RENAME completed")


async def _place(session: Session, name: str) -> Place:
    """Where a new mailbox goes, if right ``k`` on its parent allows it (RFC 4314 §4)."""
    if name == OTHER_USERS.rstrip(DELIMITER):
        raise no(b"That name is kept for the mailboxes of other users", b"CANNOT")
    place = await session.store.rights.place(session.account.id, name)
    if "k" not in place.rights:
        if "l" not in place.rights:
            raise NotFound("No such mailbox")
        raise Forbidden("Not permitted on the mailbox above")
    return place


async def subscribe(session: Session, name: str) -> Answer:
    """SUBSCRIBE (RFC 9051 §6.3.7). One's own name need not exist; that of somebody else must be visible."""
    if name.startswith(OTHER_USERS):
        name = (await session.find_mailbox(name, "l")).name
    await session.store.subscribe(session.account.id, name, True)
    return ok(b"SUBSCRIBE completed")


async def unsubscribe(session: Session, name: str) -> Answer:
    """UNSUBSCRIBE (RFC 9051 §6.3.8)."""
    await session.store.subscribe(session.account.id, name, False)
    return ok(b"UNSUBSCRIBE completed")


async def namespace(session: Session, _: None) -> Answer:
    """NAMESPACE (RFC 2342 §5): one's own mailboxes, and those of others."""
    session.untagged(b'NAMESPACE (("" "/")) ((%b "/")) NIL' % session.quoted(OTHER_USERS))
    return ok(b"NAMESPACE completed")
