"""The real providers and those of the tests keep the promises of ``IDirectory`` and ``IProofs``."""

from collections.abc import Sequence

from twisted.internet.defer import Deferred

from daptinmail.accounts.directory import Directory
from daptinmail.accounts.fields import check_fingerprint
from daptinmail.accounts.throttle import Throttle
from tests.accounts.proving import ProvingCase
from tests.contracts.directory import DirectoryContract
from tests.contracts.proofs import ProofsContract
from tests.support.accounts import add_account, add_server, cheap_passwords
from tests.support.client_certificates import Issued
from tests.support.directory import MemoryDirectory
from tests.support.events import MemoryEvents
from tests.support.proofs import MemoryProofs
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


class MemoryProofsTests(ProofsContract):
    """The one for tests of the edges."""

    def setUp(self) -> None:
        self.directory = MemoryDirectory()
        self.memory = self.proofs = MemoryProofs(self.directory)

    def add(self, username: str, password: str) -> None:
        """An account."""
        self.directory.add(username, password)

    def token_of(self, usernames: Sequence[str]) -> str:
        """A token."""
        self.memory.tokens["token"] = list(usernames)
        return "token"

    def pin(self, certificate: Issued, username: str) -> None:
        """A certificate."""
        self.memory.certificates[certificate.der] = [username]


class RowsProofsTests(ProvingCase, ProofsContract):
    """The real one."""

    def token_of(self, usernames: Sequence[str]) -> str:
        """A token of a new user."""
        token, number = self.make_user()
        for username in usernames:
            self.change(username, user_account_id=number)
        return token

    def pin(self, certificate: Issued, username: str) -> None:
        """As the API stores it."""
        self.change(username, certificate_fingerprint=check_fingerprint(certificate.fingerprint))


del DirectoryContract, ProofsContract
