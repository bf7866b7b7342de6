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


def _binaries() -> Path:
    """Where ``initdb`` and ``pg_ctl`` are.

    Raises:
        SkipTest: they are not installed, or nobody may run them.
    """
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
    """A running server; ``database`` makes places for tables."""

    directory: Path
    _numbers: "count[int]" = field(factory=count, init=False)

    def database(self) -> str:
        """The URL of a new, empty place: a schema of its own, which takes a tenth of the time of a database."""
        name = f"test{next(self._numbers)}"
        engine = create_engine(f"postgresql+psycopg://{USER}@/postgres?host={self.directory}")
        with engine.begin() as connection:
            connection.exec_driver_sql(f"CREATE SCHEMA {name}")
        engine.dispose()
        return f"postgresql://{USER}@/postgres?host={self.directory}&options=-csearch_path%3D{name}"


@cache
def postgresql_server() -> PostgresqlServer:
    """The server of this test run, started at the first call and stopped at its end."""
    binaries = _binaries()
    owner = USER if os.getuid() == 0 else None
    directory = Path(tempfile.mkdtemp(prefix="daptinmail-pg-", dir="/tmp"))
    atexit.register(shutil.rmtree, directory, ignore_errors=True)
    if owner:
        shutil.chown(directory, owner)
    data = str(directory / "data")

    def run(*command: str) -> None:
        subprocess.run(
            [str(binaries / command[0]), *command[1:]], user=owner, cwd=directory, check=True, capture_output=True
        )

    run("initdb", "-D", data, "-U", USER, "-A", "trust", "--no-sync", "-E", "UTF8", "--locale=C")
    options = f"-F -c listen_addresses='' -c unix_socket_directories={directory} -c max_connections=200"
    run("pg_ctl", "-D", data, "-w", "-l", str(directory / "log"), "-o", options, "start")
    atexit.register(run, "pg_ctl", "-D", data, "-m", "immediate", "stop")
    return PostgresqlServer(directory)


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
