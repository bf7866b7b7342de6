"""``IQuotas``: use is counted on mailboxes' rows, in the transaction that changes it; limits stand on accounts."""

from attrs import define
from sqlalchemy import Connection, bindparam, func, select
from zope.interface import implementer

from daptinmail.db.schema import mail_account, mail_box
from daptinmail.errors import NotFound, OverQuota
from daptinmail.interfaces.quota import IQuotas, Quota
from daptinmail.interfaces.storage import IStorage
from daptinmail.store.statements import execute, rows

_box = mail_box.c
_account = mail_account.c
_LIMITS = select(_account.quota_bytes, _account.quota_messages).where(_account.id == bindparam("account_id"))
_USE = select(func.coalesce(func.sum(_box.octets), 0), func.coalesce(func.sum(_box.message_count), 0)).where(
    _box.mail_account_id == bindparam("account_id")
)


_LIMITED = (
    "SELECT quota_bytes, quota_messages FROM mail_account"
    " WHERE id = ? AND (quota_bytes IS NOT NULL OR quota_messages IS NOT NULL)"
)
_COUNT = "UPDATE mail_box SET message_count = message_count + ?, octets = octets + ? WHERE id = ?"


@implementer(IQuotas)
@define(eq=False)
class Quotas:
    """Reads in reader threads."""

    storage: IStorage

    async def quota(self, account_id: int) -> Quota:
        """Use and limits now."""
        return await self.storage.read(lambda connection: quota_of(connection, account_id))


def quota_of(connection: Connection, account_id: int) -> Quota:
    """Use and limits."""
    limits = connection.execute(_LIMITS, {"account_id": account_id}).first()
    if limits is None:
        raise NotFound("No such account")
    use = connection.execute(_USE, {"account_id": account_id}).one()
    return Quota(int(use[0]), int(use[1]), limits[0], limits[1])


def check_room(connection: Connection, account_id: int, messages: int, octets: int) -> None:
    """See that an account may store so much more. Call before counting it.

    Raises:
        OverQuota: it may not.
    """
    limits = next(iter(rows(connection, _LIMITED, [account_id])), None)
    if limits is None:
        return
    use = connection.execute(_USE, {"account_id": account_id}).one()
    for used, more, limit in ((use[0], octets, limits[0]), (use[1], messages, limits[1])):
        if limit is not None and more and int(used) + more > limit:
            raise OverQuota


def count(connection: Connection, mailbox_id: int, messages: int, octets: int) -> None:
    """Note that a mailbox has so much more (or less) in it. Whoever puts rows into ``mail`` or takes them out calls."""
    execute(connection, _COUNT, [messages, octets, mailbox_id])
