"""SEARCH's finds, over the store in memory and the real one without a text index."""

from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from tests.contracts.search import SearchContract
from tests.store import test_memory_store
from tests.store.search_case import StoredCase
from tests.support.stored import Stored


class MemoryFinds(SearchContract, SynchronousTestCase):
    """``MemoryMessageStore.find``."""

    setUp = test_memory_store.MemoryMessageStoreTests.setUp


class DirectFinds(StoredCase, SearchContract, SynchronousTestCase):
    """``MessageStore.find``, reading every message."""

    def setUp(self) -> None:
        self.use(Stored.in_memory())


class ThreadedFinds(StoredCase, SearchContract, SynchronousTestCase):
    """The same over the storage thread."""

    def setUp(self) -> None:
        self.use(Stored.threaded(Path(self.mktemp()).absolute(), self))
