"""A PostgreSQL server for tests: its own cluster in a temporary directory, on a Unix socket only.

``OnPostgresql`` lets the tests of rows in memory run over it too.
"""

import atexit
import os
import pwd
import shutil
import subprocess
import tempfile
from functools import cache
from importlib.util import find_spec
from itertools import count
from pathlib import Path
from typing import Any

from attrs import define, field
from sqlalchemy import Engine, create_engine
from twisted.trial.unittest import SkipTest

from daptinmail.db.engine import open_engine
from daptinmail.db.migrate import migrate
from daptinmail.db.schema import metadata
from daptinmail.interfaces.runtime import IClock
from tests.support.storage import MemoryStorage

USER = "postgres"
"""The server refuses to run as root."""

GUARDED = "guarded"
PASSWORD = "open sesame"


def _binaries() -> Path:
    """Where ``initdb`` and ``pg_ctl`` are.

    Raises:
        SkipTest: they or the driver are not installed, or nobody may run them.
    """
    if find_spec("psycopg") is None:
        raise SkipTest("psycopg is not installed (pip install 'daptinmail[postgresql]')")
    homes = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name), reverse=True)
    known = [path for path in homes if (path / "initdb").exists()]
    found = shutil.which("initdb")
    if not known and found is None:
        raise SkipTest("PostgreSQL's server is not installed (apt-get install postgresql)")
    if os.getuid() == 0 and USER not in {entry.pw_name for entry in pwd.getpwall()}:
        raise SkipTest("PostgreSQL cannot run as root and there is no user postgres")
    return known[0] if known else Path(str(found)).parent


@define(eq=False)
class PostgresqlServer:
    """A server of its own; ``database`` makes places for tables. Only the role ``GUARDED`` needs its password."""

    directory: Path
    _binaries: Path
    _owner: str | None = field(factory=lambda: USER if os.getuid() == 0 else None)
    _numbers: "count[int]" = field(factory=count, init=False)

    def make(self) -> None:
        """Its files, and the roles."""
        if self._owner:
            shutil.chown(self.directory, self._owner)
        self._run("initdb", "-U", USER, "-A", "trust", "--no-sync", "-E", "UTF8", "--locale=C")
        rules = self.directory / "data" / "pg_hba.conf"
        rules.write_text(f"local all {GUARDED} scram-sha-256\n{rules.read_text()}")
        self.start()
        self._execute(f"CREATE ROLE {GUARDED} LOGIN PASSWORD '{PASSWORD}'")

    def start(self) -> None:
        """Run it; answers when it serves."""
        options = f"-F -c listen_addresses='' -c unix_socket_directories={self.directory} -c max_connections=200"
        self._run("pg_ctl", "-w", "-l", str(self.directory / "log"), "-o", options, "start")

    def stop(self) -> None:
        """Pull the plug."""
        self._run("pg_ctl", "-m", "immediate", "stop")

    def database(self, role: str = USER) -> str:
        """The URL of a new, empty place: a schema of its own, which takes a tenth of the time of a database."""
        name = f"test{next(self._numbers)}"
        self._execute(f"CREATE SCHEMA {name} AUTHORIZATION {role}")
        return f"postgresql://{role}@/postgres?host={self.directory}&options=-csearch_path%3D{name}"

    def _execute(self, statement: str) -> None:
        engine = create_engine(f"postgresql+psycopg://{USER}@/postgres?host={self.directory}")
        with engine.begin() as connection:
            connection.exec_driver_sql(statement)
        engine.dispose()

    def _run(self, program: str, *arguments: str) -> None:
        command = [str(self._binaries / program), "-D", str(self.directory / "data"), *arguments]
        subprocess.run(command, user=self._owner, cwd=self.directory, check=True, capture_output=True)


@cache
def postgresql_server() -> PostgresqlServer:
    """The server of this test run, started at the first call and stopped at its end."""
    binaries = _binaries()
    directory = Path(tempfile.mkdtemp(prefix="daptinmail-pg-", dir="/tmp"))
    atexit.register(shutil.rmtree, directory, ignore_errors=True)
    server = PostgresqlServer(directory, binaries)
    server.make()
    atexit.register(server.stop)
    return server


@cache
def _shared_tables() -> str:
    """The URL of migrated tables: making them takes longer than most tests."""
    url = postgresql_server().database()
    engine = open_engine(url)
    migrate(engine)
    engine.dispose()
    return url


_NUMBERS_FROM_ONE = (
    "SELECT setval(pg_get_serial_sequence(quote_ident(table_name), column_name), 1, false)"
    " FROM information_schema.columns WHERE table_schema = current_schema() AND column_name = 'id'"
)


def empty_tables() -> Engine:
    """The tables that tests share, emptied. DELETE takes a tenth of the time of TRUNCATE."""
    engine = open_engine(_shared_tables())
    statements = [f"DELETE FROM {table.name}" for table in reversed(metadata.sorted_tables)]
    with engine.begin() as connection:
        connection.exec_driver_sql("; ".join([*statements, _NUMBERS_FROM_ONE]))
    return engine


class OnPostgresql:
    """Mix in before a ``StorageCase``."""

    def make_storage(self: Any, clock: IClock) -> MemoryStorage:
        """Rows in PostgreSQL."""
        engine = empty_tables()
        self.addCleanup(engine.dispose)
        return MemoryStorage(clock, engine=engine)
