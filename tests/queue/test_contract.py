"""The real queue and the one in memory keep the same promises."""

from twisted.trial.unittest import SynchronousTestCase

from tests.contracts.queue import QueueContract
from tests.queue.case import QueueCase
from tests.support.queue import MemoryQueue
from tests.support.storage import MemoryStorage


class RealQueueTests(QueueContract, QueueCase):
    """Rows and content files."""

    def kept(self) -> list[tuple[str, bytes]]:
        """From rows and files."""
        directory = self.storage.directory / "queue"
        return [(row.to_address, (directory / row.trail.hex).read_bytes()) for row in self.rows()]


class MemoryQueueTests(QueueContract, SynchronousTestCase):
    """The one that tests of the agents use."""

    def setUp(self) -> None:
        """Both parts."""
        self.storage = MemoryStorage()
        self.queue = MemoryQueue()

    def kept(self) -> list[tuple[str, bytes]]:
        """From its lists."""
        pairs = zip(self.queue.messages, self.queue.contents, strict=True)
        return [(str(one), content) for message, content in pairs for one in message.recipients]
