"""Content files that a crash left behind."""

import os

from daptinmail.settings import Live, OutboundSettings
from tests.queue.case import QueueCase


class OrphansTests(QueueCase):
    """They are removed at the next start, and once a day."""

    def setUp(self) -> None:
        """Nothing leaves; a directory for contents is there."""
        super().setUp()
        self.live = Live(hostname="h", outbound=OutboundSettings(hold=True))
        self.trail = self.enqueue("a@x.example").hex

    def put(self, name: str, seconds_ago: float = 86400) -> None:
        """A file of that age."""
        path = self.storage.directory / "queue" / name
        path.write_bytes(b"left behind")
        self.age(name, seconds_ago)

    def age(self, name: str, seconds_ago: float) -> None:
        """Make a file seem older."""
        moment = self.clock.now().timestamp() - seconds_ago
        os.utime(self.storage.directory / "queue" / name, (moment, moment))

    def test_at_the_start(self) -> None:
        """What no row needs goes; what is needed, however old, and what is young stays."""
        self.put("01980000000070008000000000000099")
        self.put(".tmp-1")
        self.put(".tmp-2", 60)
        self.age(self.trail, 10**7)
        self.start()
        self.assertEqual(self.files(), [".tmp-2", self.trail])

    def test_once_a_day(self) -> None:
        """A server that runs for long looks again."""
        self.start()
        self.put(".tmp-1")
        self.wait(23, 3600)
        self.assertIn(".tmp-1", self.files())
        self.wait(2, 3600)
        self.assertEqual(self.files(), [self.trail])

    def test_many(self) -> None:
        """However many there are."""
        for number in range(450):
            self.put(f".tmp-{number}")
        self.start()
        self.assertEqual(self.files(), [self.trail])

    def test_no_directory(self) -> None:
        """A server that never queued anything has none."""
        (self.storage.directory / "queue" / self.trail).unlink()
        (self.storage.directory / "queue").rmdir()
        self.start()
