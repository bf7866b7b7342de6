"""``IEventLog`` in memory."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from attrs import define, evolve, field
from zope.interface import implementer

from daptinmail.interfaces.events import Event, IEventLog
from daptinmail.interfaces.runtime import IClock
from daptinmail.interfaces.storage import ITransaction
from tests.support.runtime import SteadyClock


@implementer(IEventLog)
@define(eq=False)
class MemoryEvents:
    """Events of committed transactions."""

    clock: IClock = field(factory=SteadyClock)
    events: list[Event] = field(factory=list)

    def record_in(
        self, transaction: ITransaction, kind: str, trail: UUID | None, subject: str, data: Mapping[str, Any]
    ) -> None:
        """Kept when the transaction commits."""
        event = self._event(transaction.now, kind, trail, subject, data)
        transaction.after_commit(lambda: self._keep(event))

    async def record(self, kind: str, trail: UUID | None, subject: str, data: Mapping[str, Any]) -> None:
        """Kept at once."""
        self._keep(self._event(self.clock.now(), kind, trail, subject, data))

    async def trail(self, trail: UUID) -> Sequence[Event]:
        """Events of one message."""
        return [event for event in self.events if event.trail == trail]

    @property
    def kinds(self) -> list[str]:
        """What happened, in order."""
        return [event.kind for event in self.events]

    def _event(self, at: datetime, kind: str, trail: UUID | None, subject: str, data: Mapping[str, Any]) -> Event:
        return Event(0, at, kind, trail, subject, dict(data))

    def _keep(self, event: Event) -> None:
        self.events.append(evolve(event, id=len(self.events) + 1))
