"""Promises of ``daptinmail.db.migrate`` and ``daptinmail.db.engine``."""

import stat
from pathlib import Path

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Engine, inspect
from twisted.trial.unittest import SynchronousTestCase

from daptinmail.db.engine import open_engine, open_readers
from daptinmail.db.migrate import migrate
from daptinmail.db.schema import metadata
from daptinmail.errors import ConfigurationError


def differences(engine: Engine) -> list[object]:
    """What a migrated database has that the tables in the code have not, and the other way round."""
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        return list(compare_metadata(context, metadata))


class Migrating(SynchronousTestCase):
    """A database becomes what the code expects, or stays as it was."""

    def setUp(self) -> None:
        self.path = Path(self.mktemp()).absolute()
        self.url = f"sqlite:///{self.path}"
        self.engine = open_engine(self.url)
        self.addCleanup(self.engine.dispose)

    def run_sql(self, *statements: str) -> None:
        """Write as another program would."""
        with self.engine.begin() as connection:
            for statement in statements:
                connection.exec_driver_sql(statement)

    def test_a_new_database_gets_the_tables_of_the_code(self) -> None:
        """After the first start the database has exactly the tables that the code uses."""
        migrate(self.engine)
        self.assertEqual(differences(self.engine), [])

    def test_ids_are_never_used_twice(self) -> None:
        """The migrated tables keep SQLite from giving the id of a deleted row to a new one."""
        migrate(self.engine)
        with self.engine.connect() as connection:
            rows = connection.exec_driver_sql("SELECT name, sql FROM sqlite_master WHERE type='table'")
            sql = {str(row[0]): str(row[1]) for row in rows}
        for table in metadata.tables.values():
            if table.dialect_options["sqlite"]["autoincrement"]:
                self.assertIn("AUTOINCREMENT", sql[table.name], table.name)

    def test_migrating_twice_changes_nothing(self) -> None:
        """A second start leaves the database alone."""
        migrate(self.engine)
        migrate(self.engine)
        self.assertEqual(differences(self.engine), [])

    def test_a_newer_database_is_refused(self) -> None:
        """After a downgrade of daptinmail the operator is told, and the database is not touched."""
        migrate(self.engine)
        self.run_sql("UPDATE alembic_version SET version_num = 'v9999'")
        error = self.assertRaises(ConfigurationError, migrate, self.engine)
        self.assertIn("made by a newer daptinmail", error.text)
        self.assertNotIn("\n", error.text)

    def test_a_failed_migration_leaves_nothing(self) -> None:
        """If one table cannot be made, none is."""
        self.run_sql("CREATE TABLE outbox (stranger TEXT)")
        error = self.assertRaises(ConfigurationError, migrate, self.engine)
        self.assertNotIn("\n", error.text)
        self.assertEqual(inspect(self.engine).get_table_names(), ["outbox"])


class Opening(SynchronousTestCase):
    """An unusable database is told in one line."""

    def assert_refused(self, url: str, *words: str) -> None:
        """The URL is refused in one line that has these words."""
        error = self.assertRaises(ConfigurationError, open_engine, url)
        self.assertNotIn("\n", error.text)
        for word in words:
            self.assertIn(word, error.text)

    def test_what_is_no_url(self) -> None:
        """A path instead of a URL is explained."""
        self.assert_refused("/var/lib/mail.db", "sqlite:///path")

    def test_other_databases(self) -> None:
        """Databases that daptinmail does not know are named as such."""
        self.assert_refused("mysql://localhost/x", "only sqlite")
        self.assert_refused("nonsense://localhost/x", "only sqlite")

    def test_memory_is_refused(self) -> None:
        """A database in memory would lose mail."""
        self.assert_refused("sqlite://", "path")
        self.assert_refused("sqlite:///:memory:", "path")

    def test_missing_directory(self) -> None:
        """A directory that does not exist is not made."""
        self.assert_refused(f"sqlite:///{Path(self.mktemp()).absolute()}/x.db", "No such file or directory")

    def test_not_a_database(self) -> None:
        """Another file is left alone."""
        path = Path(self.mktemp()).absolute()
        path.write_bytes(b"precious" * 200)
        self.assert_refused(f"sqlite:///{path}", "not a database")
        self.assertEqual(path.read_bytes(), b"precious" * 200)

    def test_password_is_not_told(self) -> None:
        """The message never shows the password of the URL."""
        error = self.assertRaises(ConfigurationError, open_engine, "postgresql://me:geheim@127.0.0.1:1/x")
        self.assertNotIn("geheim", error.text)
        self.assertNotIn("\n", error.text)

    def test_only_the_owner_may_read_the_file(self) -> None:
        """The database holds keys and hashes: nobody else may read it."""
        path = Path(self.mktemp()).absolute()
        engine = open_engine(f"sqlite:///{path}")
        self.addCleanup(engine.dispose)
        self.assertEqual(stat.S_IMODE(path.stat().st_mode), 0o600)

    def test_durable_settings(self) -> None:
        """Commits are synced, readers cannot write."""
        engine = open_engine(f"sqlite:///{Path(self.mktemp()).absolute()}")
        readers = open_readers(engine)
        self.addCleanup(engine.dispose)
        self.addCleanup(readers.dispose)
        with engine.connect() as connection:
            self.assertEqual(connection.exec_driver_sql("PRAGMA journal_mode").scalar(), "wal")
            self.assertEqual(connection.exec_driver_sql("PRAGMA synchronous").scalar(), 2)
            self.assertEqual(connection.exec_driver_sql("PRAGMA foreign_keys").scalar(), 1)
        with readers.connect() as connection:
            self.assertEqual(connection.exec_driver_sql("PRAGMA query_only").scalar(), 1)
