"""The message store keeps its promises on PostgreSQL too. Skipped where its server is not installed."""

from pathlib import Path

from tests.store import test_messagestore
from tests.support.postgresql import empty_tables
from tests.support.stored import Stored


class MessageStoreOnPostgresql(test_messagestore.ThreadedMessageStoreTests):
    """Over the storage thread."""

    def setUp(self) -> None:
        base = Path(self.mktemp()).absolute()
        base.mkdir(parents=True)
        self.use(Stored.over(empty_tables(), base, self))
