"""Opens the database: SQLite in WAL mode (default) or PostgreSQL."""

import os
import sqlite3
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event, make_url
from sqlalchemy.engine import URL
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError, SQLAlchemyError
from sqlalchemy.pool import QueuePool

from daptinmail.db import postgresql
from daptinmail.errors import ConfigurationError

BUSY_TIMEOUT = 10_000
"""Milliseconds that SQLite waits for another process that writes."""

CHECKPOINT = 4000
"""Pages (16 MiB) in SQLite's WAL before they go into the database: pages that change often then go there less often,
and whoever commits that moment still waits for less than 0.1 s."""

READERS = 8
"""Connections kept open for reading."""

MAPPED = 1 << 30
"""Octets at the beginning of SQLite's file that readers see through the system's own cache: nothing is copied, and
memory is shared by all of them. Larger files are read as usual from there on.
"""

SHOWN_OPTIONS = frozenset({"host", "port", "user", "dbname", "service", "sslmode"})
"""Of a URL, in errors."""


def open_engine(url: str) -> Engine:
    """Open the database for writing, and check that it answers.

    ``url`` is ``sqlite:///<path>`` or ``postgresql://<user>@<host>/<name>``.

    Raises:
        ConfigurationError: the URL, the driver or the database cannot be used.
    """
    parsed = _parse(url)
    try:
        engine = _create(parsed, readers=False)
        with engine.connect() as connection:
            connection.exec_driver_sql("SELECT 1")
            fault = postgresql.fault(connection) if connection.dialect.name == "postgresql" else None
    except (ImportError, NoSuchModuleError) as error:
        raise unusable(parsed, "its driver is not installed (pip install 'daptinmail[postgresql]')") from error
    except (SQLAlchemyError, OSError, sqlite3.Error) as error:
        raise unusable(parsed, reason(error)) from error
    if fault is not None:
        raise unusable(parsed, fault)
    return engine


def open_readers(engine: Engine) -> Engine:
    """A second set of connections to the same database that can only read, each transaction on one snapshot."""
    return _create(engine.url, readers=True)


def unusable(url: URL, why: str) -> ConfigurationError:
    """The error that tells the operator in one line, without a password, why a database cannot be used."""
    return ConfigurationError(f"database {_shown(url)}: {why}")


def reason(error: BaseException) -> str:
    """The first line of what the driver said."""
    original = error.orig if isinstance(error, DBAPIError) and error.orig else error
    lines = str(original).strip().splitlines() or [type(original).__name__]
    return lines[0]


def _shown(url: URL) -> str:
    """The place that a URL names; passwords may also be among its options."""
    options = {name: value for name, value in url.query.items() if name in SHOWN_OPTIONS}
    shown = url.set(drivername=url.get_backend_name(), query=options)
    return shown.render_as_string(hide_password=True)


def _parse(text: str) -> URL:
    try:
        url = make_url(text)
    except (ArgumentError, ValueError):  # which quote the URL, and with it a password
        url = None
    if url is None:
        raise ConfigurationError("database: not a URL such as sqlite:///path or postgresql://user@host/name")
    if url.host and "@" in url.host:
        raise ConfigurationError("database: write special characters of a password as %XX, for instance @ as %40")
    return _normal(url)


def _normal(url: URL) -> URL:
    if url.get_backend_name() == "postgresql":
        return url.set(drivername="postgresql+psycopg")
    if url.get_backend_name() != "sqlite":
        raise unusable(url, "only sqlite:///path and postgresql:// are supported")
    if not url.database or url.database == ":memory:" or url.database.startswith("file:"):
        raise unusable(url, "SQLite needs the path of a file: sqlite:///path")
    return url.set(drivername="sqlite+pysqlite")


def _create(url: URL, readers: bool) -> Engine:
    pool: dict[str, Any] = {
        "poolclass": QueuePool,
        "pool_size": READERS if readers else 2,
        "max_overflow": 64 if readers else 0,
    }
    if url.get_backend_name() == "postgresql":
        return postgresql.create(url, readers, pool)
    if not readers:
        _create_private(Path(str(url.database)))
    engine = create_engine(url, connect_args={"check_same_thread": False}, hide_parameters=True, **pool)
    listen_sqlite(engine, "BEGIN" if readers else "BEGIN IMMEDIATE")
    event.listen(engine, "connect", _only_reads if readers else _durable)
    return engine


def _create_private(path: Path) -> None:
    """Make the file readable by its owner only; SQLite gives its WAL the same mode."""
    os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))


def listen_sqlite(engine: Engine, begin: str) -> None:
    """Let SQLAlchemy, not the driver, begin transactions, so that savepoints and DDL are part of them."""

    def connected(connection: sqlite3.Connection, record: object) -> None:
        connection.isolation_level = None
        connection.execute("PRAGMA foreign_keys=ON")
        connection.execute(f"PRAGMA busy_timeout={BUSY_TIMEOUT}")
        connection.execute("PRAGMA temp_store=MEMORY")

    def began(connection: Connection) -> None:
        driver = connection.connection.driver_connection  # all that SQLAlchemy adds costs ten times the statement
        assert driver is not None
        driver.execute(begin)

    event.listen(engine, "connect", connected)
    event.listen(engine, "begin", began)


def _durable(connection: sqlite3.Connection, record: object) -> None:
    mode = connection.execute("PRAGMA journal_mode=WAL").fetchone()[0]
    if mode != "wal":
        raise sqlite3.OperationalError(f"the file system does not allow WAL mode (got {mode})")
    connection.execute("PRAGMA synchronous=FULL")
    # Some builds overwrite what is deleted, and write whole pages of zeros for it; the files are only unlinked anyway.
    connection.execute("PRAGMA secure_delete=FAST")
    connection.execute("PRAGMA cache_size=-16384")
    connection.execute(f"PRAGMA wal_autocheckpoint={CHECKPOINT}")
    connection.execute("PRAGMA journal_size_limit=67108864")


def _only_reads(connection: sqlite3.Connection, record: object) -> None:
    connection.execute("PRAGMA query_only=ON")
    connection.execute(f"PRAGMA mmap_size={MAPPED}")
