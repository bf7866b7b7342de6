"""Storage and records keep their promises on PostgreSQL too. Skipped where its server is not installed."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import URL, Engine, RootTransaction, create_engine
from sqlalchemy.exc import OperationalError
from twisted.trial.unittest import SynchronousTestCase

from daptinmail.db.disk import FileSystem
from daptinmail.db.engine import open_engine, open_readers
from daptinmail.db.migrate import migrate
from daptinmail.db.outcome import PAUSES, OutcomeUnknown, commit
from daptinmail.db.schema import metadata
from daptinmail.db.storage import Storage
from daptinmail.errors import ConfigurationError, Unavailable
from daptinmail.interfaces.storage import ITransaction
from tests.contracts.storage import StorageContract, put, small
from tests.db import test_permissions, test_queries, test_records, test_relations
from tests.db.records_case import RecordsCase
from tests.support.postgresql import empty_tables, postgresql_server
from tests.support.runtime import SteadyClock, SynchronousBlocking
from tests.support.storage import ThreadCalls


class StorageOnPostgresql(SynchronousTestCase):
    """A storage thread over a new PostgreSQL database."""

    def open(self, disk: FileSystem | None = None) -> Storage:
        """Storage, running."""
        self.reactor, self.clock = ThreadCalls(), SteadyClock()
        self.engine = empty_tables()
        storage = Storage(self.engine, self.clock, self.reactor, SynchronousBlocking(), disk or FileSystem())
        storage.start()
        self.addCleanup(lambda: self.settled(storage.stop()))
        return storage

    def settled(self, waiting: Any) -> Any:
        """What comes of it, with the reactor turned by hand."""
        return self.reactor.settle(waiting)


class PostgresqlStorage(StorageOnPostgresql, StorageContract):
    """The contract."""

    def setUp(self) -> None:
        self.directory = Path(self.mktemp()).absolute()
        self.directory.mkdir(parents=True)
        self.storage = self.open()

    def test_readers_cannot_write(self) -> None:
        """As with SQLite."""
        result = self.settled(self.storage.read(lambda c: c.exec_driver_sql("DELETE FROM _config")))
        self.assertIsInstance(result.value, Unavailable)

    def test_a_failing_unit_fails_alone(self) -> None:
        """A statement that fails poisons neither the batch nor the connection."""
        waiting = [self.storage.write(put(name)) for name in ("a", "a", "b")]
        results = [self.settled(result) for result in waiting]
        self.assertEqual((results[0], results[2]), ("a", "b"))
        self.assertEqual(self.names(), ["a", "b"])

    def test_a_lost_connection(self) -> None:
        """When the server drops its connections, the next write finds it again."""
        self.write(put("a"))
        others = "pg_stat_activity WHERE pid <> pg_backend_pid() AND datname = current_database()"
        kill = f"SELECT pg_terminate_backend(pid) FROM {others}"
        self.settled(self.storage.read(lambda c: c.exec_driver_sql(kill).all()))
        self.assertEqual(self.write(put("b")), "b")
        self.assertEqual(self.names(), ["a", "b"])


class Migrating(SynchronousTestCase):
    """As with SQLite."""

    def setUp(self) -> None:
        self.engine = open_engine(postgresql_server().database())
        self.addCleanup(self.engine.dispose)
        migrate(self.engine)

    def test_the_tables_are_those_of_the_code(self) -> None:
        """Migrating makes exactly the tables that the code uses; doing it twice changes nothing."""
        migrate(self.engine)
        with self.engine.connect() as connection:
            context = MigrationContext.configure(connection, opts={"compare_type": True})
            self.assertEqual(compare_metadata(context, metadata), [])

    def test_a_newer_database_is_refused(self) -> None:
        """A downgrade is told."""
        with self.engine.begin() as connection:
            connection.exec_driver_sql("UPDATE alembic_version SET version_num = 'v9999'")
        self.assertRaises(ConfigurationError, migrate, self.engine)


class Connecting(SynchronousTestCase):
    """What a connection must be like, whatever the server is set to."""

    def setting(self, engine: Engine, name: str) -> str:
        """As a transaction sees it."""
        with engine.connect() as connection:
            return str(connection.exec_driver_sql(f"SHOW {name}").scalar())

    def engines(self, url: str) -> tuple[Engine, Engine]:
        """For writing and for reading."""
        writer = open_engine(url)
        reader = open_readers(writer)
        self.addCleanup(writer.dispose)
        self.addCleanup(reader.dispose)
        return writer, reader

    def test_settings(self) -> None:
        """COMMIT waits for the disk, nothing waits for a lock for ever, readers cannot write."""
        writer, reader = self.engines(f"{postgresql_server().database()}%20-csynchronous_commit%3Doff")
        self.assertEqual(self.setting(writer, "synchronous_commit"), "on")
        self.assertEqual((self.setting(writer, "lock_timeout"), self.setting(reader, "lock_timeout")), ("10s", "10s"))
        self.assertEqual(self.setting(writer, "transaction_read_only"), "off")
        self.assertEqual(self.setting(reader, "transaction_read_only"), "on")
        self.assertEqual(self.setting(reader, "transaction_isolation"), "repeatable read")

    def test_operators_settings(self) -> None:
        """A wait that the operator set stands."""
        writer, _ = self.engines(f"{postgresql_server().database()}%20-clock_timeout%3D3s")
        self.assertEqual(self.setting(writer, "lock_timeout"), "3s")

    def test_encoding(self) -> None:
        """A database that cannot hold every text is refused at start, not when the first such mail comes."""
        writer, _ = self.engines(postgresql_server().database())
        with writer.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.exec_driver_sql("CREATE DATABASE latin ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0")
        self.addCleanup(self.drop, writer.url)
        url = writer.url.set(drivername="postgresql", database="latin").render_as_string()
        self.assertIn("LATIN1", str(self.assertRaises(ConfigurationError, open_engine, url)))

    def drop(self, url: URL) -> None:
        """Let the test run again on the same server."""
        engine = create_engine(url, isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            connection.exec_driver_sql("DROP DATABASE latin WITH (FORCE)")
        engine.dispose()


class LateDisk(FileSystem):
    """Runs something between the last write and the commit."""

    before_commit: Callable[[], object] | None = None

    def fsync_dir(self, path: Path) -> None:
        """The last step before the commit."""
        super().fsync_dir(path)
        if self.before_commit is not None:
            step, self.before_commit = self.before_commit, None
            step()


class AnswerLost:
    """A transaction whose COMMIT arrives, and whose answer does not."""

    def __init__(self, transaction: RootTransaction) -> None:
        self.transaction = transaction

    def commit(self) -> None:
        """Commit, then fail as psycopg does."""
        self.transaction.commit()
        raise OperationalError("COMMIT", None, Exception("server closed the connection"), connection_invalidated=True)


class Losing(StorageOnPostgresql):
    """The connection is lost at the worst moment."""

    def setUp(self) -> None:
        self.directory = Path(self.mktemp()).absolute()
        self.directory.mkdir(parents=True)
        self.disk = LateDisk()
        self.storage = self.open(self.disk)

    def test_lost_before_the_commit(self) -> None:
        """A transaction that the server threw away is done again; the file is there once."""

        def kill() -> None:
            with self.engine.connect() as connection:
                others = "pg_stat_activity WHERE pid <> pg_backend_pid() AND datname = current_database()"
                connection.exec_driver_sql(f"SELECT pg_terminate_backend(pid) FROM {others}").all()

        def work(transaction: ITransaction) -> str:
            transaction.place(small(), self.directory / "m")
            return str(put("a")(transaction))

        self.disk.before_commit = kill
        self.assertEqual(self.settled(self.storage.write(work)), "a")
        self.assertEqual([path.name for path in self.directory.iterdir()], ["m"])

    def commit_unheard(self, sleep: Callable[[float], object]) -> None:
        """A row whose COMMIT is not answered."""
        with self.engine.connect() as connection:
            transaction = connection.begin()
            connection.exec_driver_sql("INSERT INTO _config (name, value, created_at) VALUES ('a', 'b', 0)")
            lost = AnswerLost(transaction)
            commit(self.engine, connection, lost, sleep)  # type: ignore[arg-type] # only commit is called

    def names(self) -> Any:
        """What is durable."""
        return self.settled(self.storage.read(lambda c: c.exec_driver_sql("SELECT name FROM _config").scalar()))

    def test_lost_after_the_commit(self) -> None:
        """A transaction that is durable counts as done although nobody heard the answer."""
        self.commit_unheard(lambda seconds: None)
        self.assertEqual(self.names(), "a")

    def test_lost_with_the_server(self) -> None:
        """A server that is away for a moment is asked again."""
        server, pauses = postgresql_server(), list(PAUSES)

        def sleep(seconds: float) -> None:
            self.assertEqual(seconds, pauses.pop(0))
            if len(pauses) == len(PAUSES) - 1:
                server.stop()
            if not pauses:
                server.start()

        self.commit_unheard(sleep)
        self.assertEqual(self.names(), "a")

    def test_lost_for_good(self) -> None:
        """When the server stays away nobody claims to know."""
        server = postgresql_server()
        pauses: list[float] = []

        def sleep(seconds: float) -> None:
            if not pauses:
                server.stop()
            pauses.append(seconds)

        try:
            self.assertRaises(OutcomeUnknown, self.commit_unheard, sleep)
        finally:
            server.start()
        self.assertEqual(tuple(pauses), PAUSES)


class PostgresqlRecords(StorageOnPostgresql, RecordsCase):
    """Where the rows are."""

    def make_storage(self) -> Any:
        """Real storage."""
        return self.open()


class Making(PostgresqlRecords, test_records.Making):
    """The same promises."""


class Changing(PostgresqlRecords, test_records.Changing):
    """The same promises."""


class Secrets(PostgresqlRecords, test_records.Secrets):
    """The same promises."""


class Permitting(PostgresqlRecords, test_permissions.Permitting):
    """The same promises."""


class Listing(PostgresqlRecords, test_queries.Listing):
    """The same promises."""


class Relating(PostgresqlRecords, test_relations.Relating):
    """The same promises."""
