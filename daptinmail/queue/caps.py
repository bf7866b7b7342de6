"""How much an account may send to other hosts in 24 hours: a stolen password must not empty a list of addresses."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Any

from attrs import define
from sqlalchemy import Connection, delete, func, select
from sqlalchemy.dialects import postgresql, sqlite
from zope.interface import implementer

from daptinmail.db.schema import correspondent, outgoing_hour
from daptinmail.db.types import EPOCH
from daptinmail.errors import Refused
from daptinmail.interfaces.outgoing import IOutgoingCaps
from daptinmail.interfaces.runtime import IClock
from daptinmail.interfaces.storage import IStorage, ITransaction
from daptinmail.mail.address import Address
from daptinmail.mail.reply import Reply
from daptinmail.queue.suppression import key
from daptinmail.settings import Live, QueueSettings

DAY = timedelta(days=1)
HOUR = timedelta(hours=1)


@implementer(IOutgoingCaps)
@define(eq=False)
class OutgoingCaps:
    """Counts in the database, so that a restart forgives nothing. Messages are counted by the hour."""

    storage: IStorage
    clock: IClock
    live: Callable[[], Live]

    async def check_message(self, account_id: int) -> None:
        """May one more message be sent?"""
        now, cap = self.clock.now(), self._settings.messages_per_day
        if cap and await self.storage.read(lambda connection: _sent(connection, account_id, now)) >= cap:
            raise Refused(too_many_messages(cap))

    async def check_recipient(self, account_id: int, recipient: Address, others: Sequence[Address]) -> None:
        """May this recipient be written to?"""
        now, cap = self.clock.now(), self._settings.new_recipients_per_day
        if not cap:
            return

        def work(connection: Connection) -> bool:
            if not _strangers(connection, account_id, [recipient]):
                return True
            strangers = _strangers(connection, account_id, [recipient, *others])
            return _new(connection, account_id, now) + len(strangers) <= cap

        if not await self.storage.read(work):
            raise Refused(too_many_strangers(cap))

    def count_in(self, transaction: ITransaction, account_id: int, recipients: Sequence[Address]) -> None:
        """Count; what was allowed a moment ago may be too much by now."""
        connection, now, settings = transaction.connection, transaction.now, self._settings
        if settings.messages_per_day and _sent(connection, account_id, now) >= settings.messages_per_day:
            raise Refused(too_many_messages(settings.messages_per_day))
        strangers = _strangers(connection, account_id, recipients)
        cap = settings.new_recipients_per_day
        if cap and strangers and _new(connection, account_id, now) + len(strangers) > cap:
            raise Refused(too_many_strangers(cap))
        _count(connection, account_id, now)
        _remember(connection, account_id, strangers, now)

    @property
    def _settings(self) -> QueueSettings:
        return self.live().queue


def too_many_messages(cap: int) -> Reply:
    """The refusal of a message."""
    return Reply(451, "4.7.1", f"This account has sent {cap} messages in 24 hours, which is its limit; try again later")


def too_many_strangers(cap: int) -> Reply:
    """The refusal of a recipient."""
    text = f"This account has written to {cap} new recipients in 24 hours, which is its limit; try again later"
    return Reply(452, "4.7.1", text)


def _sent(connection: Connection, account_id: int, now: datetime) -> int:
    query = select(func.coalesce(func.sum(outgoing_hour.c.messages), 0)).where(
        outgoing_hour.c.mail_account_id == account_id, outgoing_hour.c.hour > _hour(now - DAY)
    )
    return int(connection.execute(query).scalar_one())


def _new(connection: Connection, account_id: int, now: datetime) -> int:
    query = select(func.count()).where(correspondent.c.mail_account_id == account_id, correspondent.c.since > now - DAY)
    return int(connection.execute(query).scalar_one())


def _strangers(connection: Connection, account_id: int, recipients: Sequence[Address]) -> list[str]:
    """Those whom the account never wrote to."""
    keys = sorted({key(one) for one in recipients})
    query = select(correspondent.c.address).where(
        correspondent.c.mail_account_id == account_id, correspondent.c.address.in_(keys)
    )
    known = set(connection.execute(query).scalars())
    return [one for one in keys if one not in known]


def _count(connection: Connection, account_id: int, now: datetime) -> None:
    """One message in this hour; the first one of an hour forgets those that do not count any more."""
    made: Any = _insert(connection, outgoing_hour).values(mail_account_id=account_id, hour=_hour(now), messages=1)
    more = outgoing_hour.c.messages + 1
    kept = made.on_conflict_do_update(index_elements=["mail_account_id", "hour"], set_={"messages": more})
    count = connection.execute(kept.returning(outgoing_hour.c.messages)).scalar_one()
    if count == 1:
        old = (outgoing_hour.c.mail_account_id == account_id) & (outgoing_hour.c.hour <= _hour(now - DAY))
        connection.execute(delete(outgoing_hour).where(old))


def _remember(connection: Connection, account_id: int, strangers: Sequence[str], now: datetime) -> None:
    if strangers:
        rows = [{"mail_account_id": account_id, "address": one, "since": now} for one in strangers]
        connection.execute(_insert(connection, correspondent).on_conflict_do_nothing(), rows)


def _insert(connection: Connection, table: Any) -> Any:
    dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
    return dialect.insert(table)


def _hour(moment: datetime) -> int:
    return (moment - EPOCH) // HOUR
