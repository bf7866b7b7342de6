"""SETACL, DELETEACL, GETACL, LISTRIGHTS, MYRIGHTS (RFC 4314 §3)."""

from attrs import frozen

from daptinmail.errors import Malformed
from daptinmail.imap.answers import Answer, no, ok
from daptinmail.imap.cursor import Cursor
from daptinmail.imap.list_grammar import mailbox
from daptinmail.imap.rights import letters, parse_rights
from daptinmail.imap.session import Session
from daptinmail.imap.texts import string
from daptinmail.interfaces.sharing import ALL, NONE, OTHER_USERS, RIGHTS, Grant, GrantMode, Located, Rights

LONGEST_IDENTIFIER = 200
OWNER = "owner"


@frozen
class Entry:
    """A mailbox and one identifier of its list; ``negative`` if it began with ``-``."""

    mailbox: str
    identifier: str
    negative: bool


@frozen
class SetAcl:
    """SETACL."""

    entry: Entry
    mode: GrantMode
    rights: Rights


def entry_arguments(cursor: Cursor) -> Entry:
    """DELETEACL and LISTRIGHTS."""
    entry = _entry(cursor)
    cursor.end()
    return entry


def set_arguments(cursor: Cursor) -> SetAcl:
    """SETACL."""
    entry = _entry(cursor)
    cursor.space()
    mode, rights = parse_rights(cursor.astring())
    cursor.end()
    return SetAcl(entry, mode, rights)


def _entry(cursor: Cursor) -> Entry:
    cursor.space()
    name = mailbox(cursor)
    cursor.space()
    try:
        identifier = cursor.astring().decode("utf-8")
    except UnicodeDecodeError:
        raise Malformed("Identifier is not UTF-8") from None
    negative = identifier.startswith("-")
    identifier = identifier.removeprefix("-")
    if not identifier or len(identifier) > LONGEST_IDENTIFIER:
        raise no(b"No such identifier", b"CANNOT")
    return Entry(name, identifier, negative)


async def set_acl(session: Session, arguments: SetAcl) -> Answer:
    """SETACL (RFC 4314 §3.1)."""
    entry = arguments.entry
    located = await session.find_mailbox(entry.mailbox, "a")
    if _is_owner(session, located, entry):
        if arguments.rights != ALL or arguments.mode is GrantMode.REMOVE or entry.negative:
            raise no(b"The owner has all rights, always", b"CANNOT")
        return ok(b"SETACL completed")
    grant = Grant(entry.identifier, arguments.rights, entry.negative)
    await session.store.rights.grant(located.mailbox.id, grant, arguments.mode)
    return ok(b"SETACL completed")


async def delete_acl(session: Session, entry: Entry) -> Answer:
    """DELETEACL (RFC 4314 §3.2)."""
    located = await session.find_mailbox(entry.mailbox, "a")
    if _is_owner(session, located, entry) and not entry.negative:
        raise no(b"The owner has all rights, always", b"CANNOT")
    await session.store.rights.revoke(located.mailbox.id, entry.identifier, entry.negative)
    return ok(b"DELETEACL completed")


async def get_acl(session: Session, name: str) -> Answer:
    """GETACL (RFC 4314 §3.3), the owner first."""
    located = await session.find_mailbox(name, "a")
    grants = await session.store.rights.grants(located.mailbox.id)
    told = [_pair(_owner_of(session, located), ALL)]
    told += [_pair("-" * grant.negative + grant.identifier, grant.rights) for grant in grants]
    session.untagged(b"ACL %b %b" % (session.quoted(located.name), b" ".join(told)))
    return ok(b"GETACL completed")


def _pair(identifier: str, rights: Rights) -> bytes:
    return b"%b %b" % (string(identifier.encode("utf-8")), letters(rights))


async def list_rights(session: Session, entry: Entry) -> Answer:
    """LISTRIGHTS (RFC 4314 §3.4): the owner has all, always; others may get each right alone."""
    located = await session.find_mailbox(entry.mailbox, "a")
    owner = _is_owner(session, located, entry) and not entry.negative
    always = letters(ALL if owner else NONE) or b'""'
    each = b"" if owner else b" " + b" ".join(letter.encode("ascii") for letter in RIGHTS + "cd")
    identifier = string(("-" * entry.negative + entry.identifier).encode("utf-8"))
    session.untagged(b"LISTRIGHTS %b %b %b%b" % (session.quoted(located.name), identifier, always, each))
    return ok(b"LISTRIGHTS completed")


async def my_rights(session: Session, name: str) -> Answer:
    """MYRIGHTS (RFC 4314 §3.5): for whoever has any right."""
    located = await session.find_mailbox(name, "")
    session.untagged(b"MYRIGHTS %b %b" % (session.quoted(located.name), letters(located.rights)))
    return ok(b"MYRIGHTS completed")


def _is_owner(session: Session, located: Located, entry: Entry) -> bool:
    return entry.identifier in {OWNER, _owner_of(session, located)}


def _owner_of(session: Session, located: Located) -> str:
    """The owner's login name."""
    if located.own:
        return session.account.username
    return located.name.removeprefix(OTHER_USERS).partition("/")[0]
