"""What whoever runs the server may do to mail that waits: hold it, release it, have it tried now, drop it."""

from collections.abc import Callable, Mapping
from typing import Any

from attrs import define
from sqlalchemy import select

from daptinmail.db.permissions import Action, demand
from daptinmail.db.schema import outbox
from daptinmail.errors import Conflict, Forbidden, NotFound
from daptinmail.interfaces.directory import Viewer
from daptinmail.interfaces.events import IEventLog
from daptinmail.interfaces.storage import IStorage, ITransaction
from daptinmail.interfaces.transfer import Command, QueueCommand
from daptinmail.mail.reply import Reply
from daptinmail.queue import ledger, turns
from daptinmail.queue.content import WAITING, ContentFiles
from daptinmail.settings import Live

SOME = 100  # rows changed in one transaction
EVENTS = {
    Command.HOLD: "queue.held",
    Command.RELEASE: "queue.released",
    Command.RETRY: "queue.hurried",
    Command.DROP: "queue.dropped",
}
GIVEN_UP = Reply(554, "5.0.0", "The message was taken from the queue by whoever runs this server")
NOT_WAITING = "What has left or was given up is not in the queue any more"
HELD = "What is held is not tried; release it"

Row = Mapping[str, Any]


@define(eq=False)
class Commands:
    """Changes rows; each change is an event that names who asked for it."""

    storage: IStorage
    events: IEventLog
    files: ContentFiles
    live: Callable[[], Live]

    async def run(self, command: QueueCommand, viewer: Viewer) -> int:
        """Do it; answers how many recipients it was done to."""
        if command.reference is not None:
            return await self.storage.write(lambda transaction: self._one(transaction, command, viewer))
        if not viewer.is_administrator:
            raise Forbidden
        count, last = await self._some(command, viewer, 0)
        while last is not None:
            changed, last = await self._some(command, viewer, last)
            count += changed
        return count

    def _one(self, transaction: ITransaction, command: QueueCommand, viewer: Viewer) -> int:
        query = select(outbox).where(outbox.c.reference_id == command.reference).with_for_update()
        found = transaction.connection.execute(query).mappings().first()
        if found is None:
            raise NotFound("no such outbox")
        row = {**found}
        needed = Action.DELETE if command.command is Command.DROP else Action.UPDATE
        demand(transaction.connection, "outbox", row, viewer, needed)
        if row["state"] not in WAITING:
            raise Conflict(NOT_WAITING)
        if command.command is Command.RETRY and row["state"] == "held":
            raise Conflict(HELD)
        return int(self._change(transaction, command, viewer, row))

    async def _some(self, command: QueueCommand, viewer: Viewer, after: int) -> tuple[int, int | None]:
        """The next rows for a destination; how many changed, and the last of them if there may be more."""
        query = (
            select(outbox)
            .where(outbox.c.to_host == command.host.lower(), outbox.c.state.in_(WAITING), outbox.c.id > after)
            .order_by(outbox.c.id)
            .limit(SOME)
            .with_for_update()
        )

        def work(transaction: ITransaction) -> tuple[int, int | None]:
            rows = transaction.connection.execute(query).mappings().all()
            count = sum(self._change(transaction, command, viewer, {**row}) for row in rows)
            return count, rows[-1]["id"] if len(rows) == SOME else None

        return await self.storage.write(work)

    def _change(self, transaction: ITransaction, command: QueueCommand, viewer: Viewer, row: Row) -> bool:
        """One row; false if it is already as asked."""
        change = {
            Command.HOLD: self._hold,
            Command.RELEASE: self._release,
            Command.RETRY: self._retry,
            Command.DROP: self._drop,
        }[command.command]
        if not change(transaction, command, row):
            return False
        data = {"recipient": row["to_address"], "by": viewer.email}
        subject = f"outbox/{row['reference_id']}"
        self.events.record_in(transaction, EVENTS[command.command], row["trail"], subject, data)
        return True

    def _hold(self, transaction: ITransaction, command: QueueCommand, row: Row) -> bool:
        """A row under way keeps its lease: what becomes of that try is still written down."""
        if row["is_paused"]:
            return False
        ledger.alter(transaction, row["id"], {"state": "held", "is_paused": True, "last_error": "held: by request"})
        return True

    def _release(self, transaction: ITransaction, command: QueueCommand, row: Row) -> bool:
        if not row["is_paused"]:
            return False
        live = self.live()
        if live.outbound.hold:
            ledger.alter(transaction, row["id"], {"is_paused": False, "last_error": ledger.HELD})
        else:
            ledger.free_again(transaction, outbox.c.id == row["id"], live.queue.delay_notice, at=transaction.now)
        return True

    def _retry(self, transaction: ITransaction, command: QueueCommand, row: Row) -> bool:
        if row["state"] == "held":
            return False
        ledger.alter(transaction, row["id"], {"next_retry_at": transaction.now})
        turns.hurry(transaction, [row["to_host"]])
        return True

    def _drop(self, transaction: ITransaction, command: QueueCommand, row: Row) -> bool:
        """With ``tells`` it fails, and the sender hears of it; else it is gone without a word."""
        tells = command.tells and bool(row["from_address"])
        values = {
            "state": "failed" if tells else "dropped",
            "last_error": str(GIVEN_UP),
            "next_retry_at": None,
            "report_at": transaction.now if tells else None,
        }
        ledger.settle(transaction, row["id"], values)
        self.files.drop_in(transaction, row["trail"])
        return True
