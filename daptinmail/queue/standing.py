"""How far queued messages have come, for whoever sent them over the API."""

from collections.abc import Sequence
from uuid import UUID

from attrs import define
from sqlalchemy import Row, bindparam, select
from zope.interface import implementer

from daptinmail.db.schema import outbox
from daptinmail.interfaces.sending import DEFERRED, HELD, QUEUED, REFUSED, SENT, IStandings, Standing
from daptinmail.interfaces.storage import IStorage
from daptinmail.interfaces.transfer import IQueue
from daptinmail.mail.address import Address

_ROWS = select(outbox).where(outbox.c.trail == bindparam("trail")).order_by(outbox.c.id)


@implementer(IStandings)
@define(eq=False)
class Standings:
    """Reads ``outbox``."""

    storage: IStorage
    queue: IQueue

    async def standings(self, trail: UUID) -> Sequence[Standing]:
        """The rows of the message."""
        rows = await self.storage.read(lambda connection: connection.execute(_ROWS, {"trail": trail}).all())
        return [_standing(row) for row in rows]

    async def attempt(self, trail: UUID) -> None:
        """A pass over what is due: the new rows are."""
        await self.queue.run_pass()


def _standing(row: Row[tuple[object, ...]]) -> Standing:
    states = {"sent": SENT, "failed": REFUSED, "dropped": REFUSED, "held": HELD}
    waiting = DEFERRED if row.retry_count else QUEUED
    return Standing(Address.parse(str(row.to_address)), states.get(row.state, waiting), row.last_error or "")
