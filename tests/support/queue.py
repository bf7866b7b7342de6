"""What the queue and the agents need around them, in memory."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from attrs import define, field
from twisted.internet.interfaces import IReactorTime
from zope.interface import implementer

from daptinmail.interfaces.events import Event, IEventLog
from daptinmail.interfaces.messages import Delivery
from daptinmail.interfaces.runtime import IClock
from daptinmail.interfaces.storage import ITransaction
from daptinmail.interfaces.transfer import IQueue, IReturns, OutboundMessage, ReturnedMessage
from daptinmail.mail.address import Address
from tests.support.runtime import START


@implementer(IClock)
@define(eq=False)
class ReactorClock:
    """Wall-clock time that moves with a ``task.Clock``."""

    timers: IReactorTime

    def now(self) -> datetime:
        """``START`` plus what the timers say."""
        return START + timedelta(seconds=self.timers.seconds())


@implementer(IEventLog)
@define(eq=False)
class MemoryEvents:
    """Events of committed transactions."""

    events: list[Event] = field(factory=list)

    def record_in(
        self, transaction: ITransaction, kind: str, trail: UUID | None, subject: str, data: Mapping[str, Any]
    ) -> None:
        """Kept when the transaction commits."""
        transaction.after_commit(lambda: self._keep(kind, trail, subject, data))

    async def record(self, kind: str, trail: UUID | None, subject: str, data: Mapping[str, Any]) -> None:
        """Kept at once."""
        self._keep(kind, trail, subject, data)

    async def trail(self, trail: UUID) -> Sequence[Event]:
        """Events of one message."""
        return [event for event in self.events if event.trail == trail]

    @property
    def kinds(self) -> list[str]:
        """What happened, in order."""
        return [event.kind for event in self.events]

    def _keep(self, kind: str, trail: UUID | None, subject: str, data: Mapping[str, Any]) -> None:
        self.events.append(Event(len(self.events) + 1, START, kind, trail, subject, data))


@implementer(IQueue)
@define(eq=False)
class MemoryQueue:
    """Keeps the messages of committed transactions; raises ``error`` if set."""

    error: Exception | None = None
    messages: list[OutboundMessage] = field(factory=list)
    contents: list[bytes] = field(factory=list)

    def enqueue_in(self, transaction: ITransaction, message: OutboundMessage) -> None:
        """Kept when the transaction commits."""
        if self.error:
            raise self.error
        content = message.content.read()
        transaction.after_commit(lambda: self._keep(message, content))

    async def enqueue(self, message: OutboundMessage) -> None:
        """Kept at once."""
        self._keep(message, message.content.read())

    async def run_pass(self) -> int:
        """Nothing is ever tried."""
        return 0

    def _keep(self, message: OutboundMessage, content: bytes) -> None:
        self.messages.append(message)
        self.contents.append(content)


@implementer(IReturns)
@define(eq=False)
class MemoryReturns:
    """Keeps what would be returned, of committed transactions; addresses are all elsewhere. Raises ``error`` if set."""

    error: Exception | None = None
    returned: list[ReturnedMessage] = field(factory=list)

    async def locate(self, return_path: Address | None) -> Delivery | Address | None:
        """The address itself."""
        return return_path

    def return_in(self, transaction: ITransaction, message: ReturnedMessage) -> None:
        """Kept when the transaction commits."""
        if self.error:
            raise self.error
        transaction.after_commit(lambda: self.returned.append(message))
