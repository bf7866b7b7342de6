"""The message store keeps its promises on PostgreSQL too. Skipped where its server is not installed."""

from pathlib import Path

from tests.store import test_messagestore, test_sharing
from tests.support.postgresql import empty_tables
from tests.support.stored import Stored


class MessageStoreOnPostgresql(test_messagestore.ThreadedMessageStoreTests):
    """Over the storage thread."""

    def setUp(self) -> None:
        base = Path(self.mktemp()).absolute()
        base.mkdir(parents=True)
        self.use(Stored.over(empty_tables(), base, self))


class SharingOnPostgresql(test_sharing.StoreSharingTests):
    """Rights, annotations and counts."""

    def make_stored(self) -> Stored:
        base = Path(self.mktemp()).absolute()
        base.mkdir(parents=True)
        return Stored.over(empty_tables(), base, self)


class CountingOnPostgresql(test_sharing.CountingTests):
    """What is counted is what is there."""

    make_stored = SharingOnPostgresql.make_stored


class QuotaOnPostgresql(test_sharing.QuotaTests):
    """Limits."""

    make_stored = SharingOnPostgresql.make_stored
