"""What time alone brings: leases of the dead end, what nobody could try any more goes back, senders are told,
and once a day what crashes left behind is removed."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from attrs import define
from sqlalchemy import Connection, select, update
from twisted.logger import Logger

from daptinmail.db.schema import outbox
from daptinmail.db.types import EPOCH
from daptinmail.interfaces.events import IEventLog
from daptinmail.interfaces.runtime import IClock
from daptinmail.interfaces.storage import IStorage, ITransaction
from daptinmail.interfaces.transfer import IReturns
from daptinmail.mail.reply import Reply
from daptinmail.mail.report import Action, wants
from daptinmail.queue import ledger, orphans, reports
from daptinmail.queue.reports import Owed, Reports

log = Logger()

DAY = timedelta(days=1)
SOME = 200  # messages looked at in one go
MERCY = timedelta(hours=1)
"""Rows that are due for so long, and that nobody tried, are waiting for a destination that rests."""

TOO_OLD = Reply(450, "4.4.7", "The message waited too long for its destination")


@define(eq=False)
class Overdue:
    """``run`` does it all, in small transactions. ``make_reports`` answers ``Reports`` for the settings of now."""

    storage: IStorage
    clock: IClock
    returns: IReturns
    events: IEventLog
    make_reports: Callable[[], Reports]
    is_stopped: bool = False
    _clear_at: datetime = EPOCH

    async def run(self, delays: bool) -> None:
        """Look at everything that is overdue. Without ``delays`` nobody is told that mail waits."""
        await self.storage.write(ledger.release_expired)
        told = self.make_reports()
        if self.clock.now() >= self._clear_at:
            self._clear_at = self.clock.now() + DAY
            await self._clear(told)
        if told.lifetime is not None:
            lifetime = told.lifetime
            while await self.storage.write(lambda transaction: self._give_up(transaction, lifetime)) == SOME:
                if self.is_stopped:
                    return
        if not delays:
            await self.storage.write(_forget_delays)
        while found := await self.storage.read(self._owed):
            for message in found:
                if self.is_stopped:
                    return
                await self._tell(message, told)

    async def _clear(self, told: Reports) -> None:
        count = await orphans.clear(self.storage, told.files, self.clock.now())
        if count:
            log.info("{count} content files that no message needs were removed", count=count)

    def _owed(self, connection: Connection) -> list[Owed]:
        return reports.owed(connection, self.clock.now(), SOME)

    async def _tell(self, message: Owed, told: Reports) -> None:
        destination = await self.returns.locate(message.return_path)
        await self.storage.write(lambda transaction: told.tell(transaction, message.trail, destination))

    def _give_up(self, transaction: ITransaction, lifetime: timedelta) -> int:
        """Rows whose lifetime is over and that nobody can try: the destination rests, or there is too much to do."""
        now = transaction.now
        query = (
            select(outbox)
            .where(
                outbox.c.state == "queued",
                outbox.c.is_paused.is_(False),
                outbox.c.tried_since <= now - lifetime - MERCY,
                outbox.c.next_retry_at <= now - MERCY,
                outbox.c.lease_until.is_(None),
            )
            .limit(SOME)
            .with_for_update(skip_locked=True)
        )
        rows = transaction.connection.execute(query).all()
        for row in rows:
            self._fail(transaction, row)
        return len(rows)

    def _fail(self, transaction: ITransaction, row: Any) -> None:
        values = {"state": "failed", "next_retry_at": None, "last_error": row.last_error or str(TOO_OLD)}
        told = bool(row.from_address) and wants(row.notify, Action.FAILED.asked_as)
        values["report_at"] = transaction.now if told else None
        ledger.settle(transaction, row.id, values)
        data = {"recipient": row.to_address, "reply": values["last_error"], "remote": row.remote, "waited": True}
        self.events.record_in(transaction, "queue.failed", row.trail, f"outbox/{row.reference_id}", data)
        if not told:
            self.make_reports().files.drop_in(transaction, row.trail)


def _forget_delays(transaction: ITransaction) -> None:
    """Delays are not told any more."""
    late = update(outbox).where(outbox.c.report_at <= transaction.now, outbox.c.state == "queued")
    transaction.connection.execute(late.values(report_at=None))
