"""Both directories, the real one and that of the tests, keep the promises of ``IDirectory``."""

from twisted.internet.defer import Deferred

from daptinmail.accounts.directory import Directory
from daptinmail.accounts.throttle import Throttle
from tests.contracts.directory import DirectoryContract
from tests.support.accounts import add_account, add_server, cheap_passwords
from tests.support.directory import MemoryDirectory
from tests.support.events import MemoryEvents
from tests.support.runtime import CountingIdentifiers, SteadyClock
from tests.support.storage import StorageCase


class MemoryDirectoryTests(DirectoryContract):
    """The one for tests of the edges."""

    def setUp(self) -> None:
        self.directory = MemoryDirectory()

    def add(self, username: str, password: str, hostname: str) -> None:
        """An account."""
        self.directory.add(username, password, hostname)


class RowsDirectoryTests(DirectoryContract, StorageCase):
    """The real one."""

    def setUp(self) -> None:
        clock = SteadyClock()
        self.storage, self.identifiers = self.make_storage(clock), CountingIdentifiers()
        self.directory = Directory(self.storage, cheap_passwords(), Throttle(clock), clock, MemoryEvents())
        self.servers: dict[str, int] = {}

    def add(self, username: str, password: str, hostname: str) -> None:
        """An account."""
        if hostname not in self.servers:
            made = add_server(self.storage, self.identifiers, hostname)
            self.servers[hostname] = self.successResultOf(Deferred.fromCoroutine(made))
        server = (self.servers[hostname], hostname)
        added = add_account(self.storage, self.identifiers, username, password, server)
        self.successResultOf(Deferred.fromCoroutine(added))


del DirectoryContract
