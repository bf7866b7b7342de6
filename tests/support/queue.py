"""What the queue and the agents need around them, in memory."""

from datetime import datetime, timedelta

from attrs import define, field
from twisted.internet.interfaces import IReactorTime
from zope.interface import implementer

from daptinmail.errors import Forbidden, NotFound
from daptinmail.interfaces.directory import Viewer
from daptinmail.interfaces.messages import Delivery
from daptinmail.interfaces.runtime import IClock
from daptinmail.interfaces.storage import ITransaction
from daptinmail.interfaces.transfer import IQueue, IReturns, OutboundMessage, QueueCommand, ReturnedMessage
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


@implementer(IQueue)
@define(eq=False)
class MemoryQueue:
    """Keeps the messages of committed transactions and counts passes; raises ``error`` if set."""

    error: Exception | None = None
    messages: list[OutboundMessage] = field(factory=list)
    contents: list[bytes] = field(factory=list)
    passes: int = 0
    commands: list[tuple[QueueCommand, Viewer]] = field(factory=list)

    def enqueue_in(self, transaction: ITransaction, message: OutboundMessage) -> None:
        """Kept when the transaction commits."""
        if self.error:
            raise self.error
        content = message.content.read()
        transaction.after_commit(lambda: self._keep(message, content))

    async def run_pass(self) -> int:
        """Nothing is ever tried."""
        self.passes += 1
        return 0

    async def command(self, command: QueueCommand, viewer: Viewer) -> int:
        """Noted; every row is an administrator's."""
        if self.error:
            raise self.error
        if command.reference is not None and not viewer.is_administrator:
            raise NotFound
        if not viewer.is_administrator:
            raise Forbidden
        self.commands.append((command, viewer))
        return 1

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
        if message.return_path is not None:
            transaction.after_commit(lambda: self.returned.append(message))
