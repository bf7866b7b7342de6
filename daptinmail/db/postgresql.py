"""How PostgreSQL is connected to, and what it must be."""

from typing import Any

from sqlalchemy import Connection, Engine, create_engine, event
from sqlalchemy.engine import URL

LOCK_TIMEOUT = 10_000
"""Milliseconds that a statement waits for a lock of another client, such as a forgotten ``psql``."""

OLDEST = 13
"""Major version: ``pg_xact_status`` and its kin are needed to ask what became of a COMMIT."""

_CONNECTING = {
    "application_name": "daptinmail",
    "connect_timeout": 10,  # seconds
    "target_session_attrs": "read-write",  # of several hosts the one that leads: a standby would show old mailboxes
    # A host that vanished without a word is noticed within a minute, not after the hours of the system's defaults.
    "keepalives_idle": 20,  # seconds
    "keepalives_interval": 10,  # seconds
    "keepalives_count": 3,
    "tcp_user_timeout": 30_000,  # milliseconds
}

_WAIT_NOT_FOR_EVER = (
    f"SELECT set_config('lock_timeout', '{LOCK_TIMEOUT}', false) WHERE current_setting('lock_timeout') = '0'"
)
# A server set to answer COMMIT before its log is on disk must not do so for us.
_REALLY_COMMIT = (
    "SELECT set_config('synchronous_commit', 'on', false) WHERE current_setting('synchronous_commit') = 'off'"
)


def create(url: URL, readers: bool, pool: dict[str, Any]) -> Engine:
    """An engine whose connections are found again after the server restarted. The URL's own options come first.

    What the URL leaves out, libpq takes from ``PGPASSWORD``, ``~/.pgpass``, ``PGSERVICE`` and so on.
    """
    arguments = {name: value for name, value in _CONNECTING.items() if name not in url.query}
    if readers:
        pool["isolation_level"] = "REPEATABLE READ"
    engine = create_engine(url, connect_args=arguments, pool_pre_ping=True, hide_parameters=True, **pool)
    event.listen(engine, "connect", _prepare_reader if readers else _prepare_writer)
    return engine


def fault(connection: Connection) -> str | None:
    """Why this database cannot hold mail, fit for the operator; ``None`` if it can."""
    question = "SELECT current_setting('server_version_num')::int, current_setting('server_encoding')"
    version, encoding = connection.exec_driver_sql(question).one()
    if version < OLDEST * 10_000:
        return f"PostgreSQL {OLDEST} or newer is needed"
    if encoding != "UTF8":
        return f"its encoding is {encoding}; make it with ENCODING 'UTF8'"
    return None


def _prepare_reader(connection: Any, record: object) -> None:
    _run(connection, "SET default_transaction_read_only = on", _WAIT_NOT_FOR_EVER)


def _prepare_writer(connection: Any, record: object) -> None:
    _run(connection, _REALLY_COMMIT, _WAIT_NOT_FOR_EVER)


def _run(connection: Any, *statements: str) -> None:
    with connection.cursor() as cursor:
        for statement in statements:
            cursor.execute(statement)
    connection.commit()
