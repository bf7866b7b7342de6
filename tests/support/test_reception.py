"""The memory providers of the SMTP edge keep the promises of the real ones."""

from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase
from zope.interface.verify import verifyObject

from daptinmail.interfaces.reception import IReception
from daptinmail.interfaces.storage import ISpool
from daptinmail.store.spool import Spool
from tests.contracts.spool import SpoolContract
from tests.support.reception import MemoryReception, MemorySpool
from tests.support.runtime import SynchronousBlocking


class Memory(SpoolContract, SynchronousTestCase):
    """``MemorySpool``."""

    def make(self) -> ISpool:
        """In memory."""
        return MemorySpool()


class OnDisk(SpoolContract, SynchronousTestCase):
    """``Spool``."""

    def make(self) -> ISpool:
        """In a directory of its own."""
        return Spool(Path(self.mktemp()), SynchronousBlocking())


class Reception(SynchronousTestCase):
    """``MemoryReception``."""

    def test_interface(self) -> None:
        """It is what it says."""
        verifyObject(IReception, MemoryReception())
