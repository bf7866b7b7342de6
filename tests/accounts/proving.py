"""``Proofs`` over rows in memory, with everything it needs."""

from typing import Any

from sqlalchemy import select, update
from twisted.internet.defer import Deferred

from daptinmail.accounts.app_passwords import AppPasswords
from daptinmail.accounts.attempts import Attempts
from daptinmail.accounts.directory import Directory
from daptinmail.accounts.proofs import Proofs
from daptinmail.accounts.revocations import Revocations
from daptinmail.accounts.secret import ServerSecret
from daptinmail.accounts.throttle import Throttle
from daptinmail.accounts.users import Users
from daptinmail.db.configuration import Configuration
from daptinmail.db.schema import mail_account, user_account
from daptinmail.interfaces.storage import ITransaction
from daptinmail.sasl.keys import MIN_ITERATIONS
from tests.support.accounts import add_account, add_server, cheap_passwords
from tests.support.events import MemoryEvents
from tests.support.runtime import CountingIdentifiers, SteadyClock, SynchronousBlocking
from tests.support.storage import StorageCase


class ProvingCase(StorageCase):
    """``directory``, ``proofs`` and ``users`` of one server; accounts are added by name and password."""

    def setUp(self) -> None:
        self.clock = SteadyClock()
        self.storage, self.identifiers = self.make_storage(self.clock), CountingIdentifiers()
        self.events, self.throttle = MemoryEvents(), Throttle(self.clock)
        configuration = Configuration(self.storage, self.clock)
        self.revocations, secret = Revocations(), ServerSecret(configuration, lambda octets: b"\1" * octets)
        self.passwords = cheap_passwords()
        self.app_passwords = AppPasswords(self.storage, self.clock, secret)
        self.users = Users(
            self.storage,
            self.passwords,
            self.throttle,
            self.clock,
            self.identifiers,
            configuration,
            self.events,
            "the set-up code",
        )
        self.directory = Directory(
            self.storage,
            self.passwords,
            self.throttle,
            self.clock,
            self.events,
            self.revocations,
            self.app_passwords,
        )
        self.bundle = ""
        self.proofs: Any = Proofs(
            storage=self.storage,
            attempts=Attempts(self.throttle, self.events),
            secret=secret,
            revocations=self.revocations,
            users=self.users,
            blocking=SynchronousBlocking(),
            clock=self.clock,
            authorities=lambda: self.bundle,
            scram_iterations=MIN_ITERATIONS,
        )
        self.server: int | None = None

    def run_now(self, coroutine: Any) -> Any:
        """The result of a coroutine."""
        return self.successResultOf(Deferred.fromCoroutine(coroutine))

    def refusal(self, coroutine: Any, error: type[Exception]) -> Any:
        """The error of a coroutine."""
        return self.failureResultOf(Deferred.fromCoroutine(coroutine), error).value

    def add(self, username: str, password: str) -> None:
        """Make an account."""
        if self.server is None:
            self.server = int(self.run_now(add_server(self.storage, self.identifiers)))
        where = (self.server, "mail.example.com")
        self.run_now(add_account(self.storage, self.identifiers, username, password, where))

    def change(self, username: str, **values: object) -> None:
        """Change an account's row behind the scenes."""
        statement = update(mail_account).where(mail_account.c.username == username).values(**values)

        def work(transaction: ITransaction) -> None:
            transaction.connection.execute(statement)

        self.successResultOf(self.storage.write(work))

    def column(self, username: str, name: str) -> Any:
        """A column of an account's row."""
        query = select(mail_account.c[name]).where(mail_account.c.username == username)
        return self.successResultOf(self.storage.read(lambda connection: connection.execute(query).scalar_one()))

    def make_user(self, email: str = "owner@dept.test") -> tuple[str, int]:
        """A user of the API: a token, and the user's id."""
        self.run_now(self.users.sign_up("Owner", email, "longpass1"))
        query = select(user_account.c.id).where(user_account.c.email == email)
        number = self.successResultOf(self.storage.read(lambda connection: connection.execute(query).scalar_one()))
        return str(self.run_now(self.users.sign_in(email, "longpass1", "192.0.2.7"))), int(number)
