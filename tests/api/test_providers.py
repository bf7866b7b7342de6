"""The providers that API tests stand on keep the same promises as the real ones."""

from daptinmail.accounts.throttle import Throttle
from daptinmail.accounts.users import Users
from daptinmail.db.configuration import Configuration
from daptinmail.db.records import Records
from tests.contracts.records import ConfigurationContract, RecordsContract, UsersContract
from tests.support.accounts import cheap_passwords
from tests.support.control import MemoryConfiguration
from tests.support.events import MemoryEvents
from tests.support.records import MemoryRecords
from tests.support.runtime import CountingIdentifiers, SteadyClock
from tests.support.storage import MemoryStorage
from tests.support.users import SETUP_CODE, MemoryUsers


class MemoryRecordsTests(RecordsContract):
    """In memory."""

    def setUp(self) -> None:
        self.records = MemoryRecords()


class StoredRecordsTests(RecordsContract):
    """In the database."""

    def setUp(self) -> None:
        clock = SteadyClock()
        self.records = Records(MemoryStorage(clock), clock, CountingIdentifiers(), {})


class MemoryUsersTests(UsersContract):
    """In memory."""

    def setUp(self) -> None:
        self.users = MemoryUsers()
        self.setup_code = SETUP_CODE


class StoredUsersTests(UsersContract):
    """In the database."""

    def setUp(self) -> None:
        clock, identifiers = SteadyClock(), CountingIdentifiers()
        storage, self.setup_code = MemoryStorage(clock), "code"
        self.users = Users(
            storage,
            cheap_passwords(),
            Throttle(clock),
            clock,
            identifiers,
            Configuration(storage, clock),
            MemoryEvents(),
            self.setup_code,
        )


class MemoryConfigurationTests(ConfigurationContract):
    """In memory."""

    def setUp(self) -> None:
        self.configuration = MemoryConfiguration()


class StoredConfigurationTests(ConfigurationContract):
    """In the database."""

    def setUp(self) -> None:
        clock = SteadyClock()
        self.configuration = Configuration(MemoryStorage(clock), clock)


del ConfigurationContract, RecordsContract, UsersContract  # trial would run the mixins themselves
