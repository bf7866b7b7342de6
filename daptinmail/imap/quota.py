"""GETQUOTA, GETQUOTAROOT, SETQUOTA (RFC 9208). Each account has one quota root, called ""."""

from daptinmail.errors import Forbidden
from daptinmail.imap.answers import Answer, no, ok
from daptinmail.imap.cursor import Cursor
from daptinmail.imap.grammar import parenthesized
from daptinmail.imap.session import Session
from daptinmail.interfaces.quota import Quota

STORAGE_UNIT = 1024  # octets (RFC 9208 §5.1)


def root(cursor: Cursor) -> bytes:
    """The name of a quota root."""
    return cursor.astring()


def set_arguments(cursor: Cursor) -> bytes:
    """SETQUOTA: a root and ``(resource limit ...)``."""
    cursor.space()
    name = root(cursor)
    cursor.space()
    parenthesized(cursor, _limit, empty=True)
    cursor.end()
    return name


def _limit(cursor: Cursor) -> None:
    cursor.keyword()
    cursor.space()
    cursor.number()


async def get_quota(session: Session, name: bytes) -> Answer:
    """GETQUOTA (RFC 9208 §4.2)."""
    _check(name)
    session.untagged(quota_line(await session.store.quotas.quota(session.account.id)))
    return ok(b"GETQUOTA completed")


async def get_quota_root(session: Session, mailbox: str) -> Answer:
    """GETQUOTAROOT (RFC 9208 §4.3). What others use is not told: their mailboxes have no root to be seen."""
    located = await session.find_mailbox(mailbox, "r")
    if not located.own:
        session.untagged(b"QUOTAROOT %b" % session.quoted(located.name))
        return ok(b"GETQUOTAROOT completed")
    session.untagged(b'QUOTAROOT %b ""' % session.quoted(located.name))
    session.untagged(quota_line(await session.store.quotas.quota(session.account.id)))
    return ok(b"GETQUOTAROOT completed")


async def set_quota(session: Session, name: bytes) -> Answer:
    """SETQUOTA (RFC 9208 §4.4): limits are the administrator's, over the API."""
    _check(name)
    raise Forbidden("Limits are set by the administrator")


def _check(name: bytes) -> None:
    if name:
        raise no(b"No such quota root", b"NONEXISTENT")


def quota_line(quota: Quota) -> bytes:
    """``QUOTA`` with each resource that has a limit."""
    resources = []
    if quota.octets_limit is not None:
        used = -(-quota.octets // STORAGE_UNIT)
        resources.append(b"STORAGE %d %d" % (used, quota.octets_limit // STORAGE_UNIT))
    if quota.messages_limit is not None:
        resources.append(b"MESSAGE %d %d" % (quota.messages, quota.messages_limit))
    return b'QUOTA "" (%b)' % b" ".join(resources)
