"""A real message store over ``MemoryStorage``, with accounts to test with."""

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, TypeVar

from attrs import define, field
from sqlalchemy import Connection, Engine, event, insert, select
from twisted.internet.defer import Deferred
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase

from daptinmail.db.engine import open_engine
from daptinmail.db.schema import mail_account, mail_server, metadata
from daptinmail.db.storage import Storage
from daptinmail.events.log import EventLog
from daptinmail.interfaces.storage import IStorage, ITransaction
from daptinmail.mail.address import Address
from daptinmail.store.messagestore import MessageStore
from tests.support.runtime import CountingIdentifiers, SteadyClock, SynchronousBlocking
from tests.support.storage import HastyFiles, MemoryStorage, ThreadCalls

T = TypeVar("T")


def standard(identifiers: CountingIdentifiers, clock: SteadyClock) -> dict[str, object]:
    """Columns every row has."""
    return {"reference_id": identifiers.uuid7(), "created_at": clock.now()}


def fired(done: "Deferred[Any]") -> Any:
    """What a Deferred has fired with: a result or a ``Failure``."""
    results: list[Any] = []
    done = done.addBoth(results.append)
    return results[0]


@define(eq=False)
class Stored:
    """Storage, clock and store together. ``settle`` answers what a Deferred comes to: a result or a ``Failure``."""

    storage: IStorage
    mail_dir: Path
    settle: Callable[["Deferred[Any]"], Any] = fired
    clock: SteadyClock = field(factory=SteadyClock)
    identifiers: CountingIdentifiers = field(factory=CountingIdentifiers)
    store: MessageStore = field(init=False)

    def __attrs_post_init__(self) -> None:
        self.restart()

    @classmethod
    def in_memory(cls) -> "Stored":
        """Over ``MemoryStorage``."""
        clock = SteadyClock()
        storage = MemoryStorage(clock)
        return cls(storage, storage.directory / "mail", clock=clock)

    @classmethod
    def threaded(cls, base: Path, case: SynchronousTestCase) -> "Stored":
        """Over the storage thread and a database file in ``base``, never synced; stopped when ``case`` ends."""
        base.mkdir(parents=True)
        engine = open_engine(f"sqlite:///{base / 'db'}")
        event.listen(engine, "connect", lambda connection, _: connection.execute("PRAGMA synchronous=OFF"))
        engine.dispose()
        metadata.create_all(engine)
        return cls.over(engine, base, case)

    @classmethod
    def over(cls, engine: Engine, base: Path, case: SynchronousTestCase) -> "Stored":
        """Over the storage thread and any database, with the trees in ``base``; stopped when ``case`` ends."""
        clock, calls = SteadyClock(), ThreadCalls()
        storage = Storage(engine, clock, calls, SynchronousBlocking(), HastyFiles())
        storage.start()
        case.addCleanup(lambda: calls.settle(storage.stop()))
        return cls(storage, base / "mail", calls.settle, clock)

    def restart(self) -> None:
        """Forget everything that is not on disk."""
        events = EventLog(self.storage, self.clock)
        self.store = MessageStore(
            self.storage, self.mail_dir, self.clock, self.identifiers, events, SynchronousBlocking(), host="mail.test"
        )

    def now(self, work: Callable[[ITransaction], T]) -> T:
        """Run ``work`` in a transaction; raises its error."""
        return self.result(self.storage.write(work))

    def read(self, work: Callable[[Connection], T]) -> T:
        """Run ``work`` on a reading connection."""
        return self.result(self.storage.read(work))

    def result(self, awaitable: Awaitable[T]) -> T:
        """The result; raises its error."""

        async def wait() -> T:
            return await awaitable

        came: T | Failure = self.settle(Deferred.fromCoroutine(wait()))
        if isinstance(came, Failure):
            came.raiseException()
        return came

    def open_account(self, transaction: ITransaction, text: str) -> int:
        """Make an account with its tree; its id."""
        address, connection = Address.parse(text), transaction.connection
        server = connection.execute(select(mail_server.c.id)).scalar()
        if server is None:
            values = {**standard(self.identifiers, self.clock), "hostname": "mail.test"}
            connection.execute(insert(mail_server), values)
            server = connection.execute(select(mail_server.c.id)).scalar()
        values = {
            **standard(self.identifiers, self.clock),
            "username": text,
            "password": "",
            "mail_server_id": server,
            "address_local": address.local,
            "address_domain": address.domain,
            "directory": self.store.directory_for(address),
        }
        connection.execute(insert(mail_account), values)
        key = connection.execute(select(mail_account.c.id).where(mail_account.c.username == text)).scalar_one()
        self.store.open_account_in(transaction, key)
        return int(key)
