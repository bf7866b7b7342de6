"""Forgets expunged messages after a while, so that the table of tombstones does not grow for ever."""

from datetime import timedelta

from attrs import define
from sqlalchemy import Connection

from daptinmail.db.types import to_milliseconds
from daptinmail.interfaces.runtime import IClock
from daptinmail.interfaces.storage import IStorage, ITransaction
from daptinmail.store.statements import execute, rows

KEPT = timedelta(days=60)
"""How long a client may stay away and still be told what was expunged, message by message (RFC 7162 §3.2.7)."""

SLICE = 2000
"""Tombstones removed in one unit."""

_OLD = "SELECT mail_box_id, MAX(modseq) FROM tombstone WHERE buried_at < ? GROUP BY mail_box_id"
_PRUNED = "UPDATE mail_box SET pruned_modseq = ? WHERE id = ? AND pruned_modseq < ?"
_REMOVE = (
    "DELETE FROM tombstone WHERE mail_box_id = ? AND uid IN"
    " (SELECT uid FROM tombstone WHERE mail_box_id = ? AND modseq <= ? LIMIT ?)"
)


@define(eq=False)
class Pruning:
    """Called in the reactor."""

    storage: IStorage
    clock: IClock

    async def run(self) -> int:
        """Forget what is old; answers how many."""
        before, removed = to_milliseconds(self.clock.now() - KEPT), 0
        for mailbox_id, modseq in await self.storage.read(lambda connection: _old(connection, before)):
            while some := await self._prune(mailbox_id, modseq):
                removed += some
        return removed

    async def _prune(self, mailbox_id: int, modseq: int) -> int:
        return await self.storage.write(lambda transaction: prune(transaction, mailbox_id, modseq))


def _old(connection: Connection, before: int) -> list[tuple[int, int]]:
    return [(row[0], row[1]) for row in rows(connection, _OLD, [before])]


def prune(transaction: ITransaction, mailbox_id: int, modseq: int) -> int:
    """Forget up to ``SLICE`` expunges that are no younger than ``modseq``; answers how many."""
    execute(transaction.connection, _PRUNED, [modseq, mailbox_id, modseq])
    return execute(transaction.connection, _REMOVE, [mailbox_id, mailbox_id, modseq, SLICE])
