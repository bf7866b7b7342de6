"""Commits, also when the connection to PostgreSQL is lost in that very moment."""

import time
from collections.abc import Callable

from sqlalchemy import Connection, Engine, RootTransaction
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

PAUSES = (0.0, 0.1, 0.3, 0.6, 1.0, 2.0, 4.0)
"""Seconds before each question what became of a transaction: a server that restarts is back in a moment."""


class OutcomeUnknown(OSError):
    """Nobody can say whether the transaction is durable."""


def commit(
    engine: Engine,
    connection: Connection,
    transaction: RootTransaction,
    sleep: Callable[[float], object] = time.sleep,
) -> None:
    """Commit. When the answer gets lost, ask the server on a new connection what happened. Blocking.

    Raises:
        DBAPIError: not committed.
        OutcomeUnknown: the server cannot be asked.
    """
    identifier = _identifier(connection)
    try:
        transaction.commit()
    except DBAPIError as error:
        if identifier is None or not error.connection_invalidated:
            raise
        if not _is_committed(engine, identifier, sleep):
            raise


def _identifier(connection: Connection) -> str | None:
    """PostgreSQL's name of the transaction; ``None`` if it wrote nothing, or on SQLite, which is no other process."""
    if connection.dialect.name != "postgresql":
        return None
    return connection.exec_driver_sql("SELECT pg_current_xact_id_if_assigned()::text").scalar()


def _is_committed(engine: Engine, identifier: str, sleep: Callable[[float], object]) -> bool:
    question = "SELECT pg_xact_status(%(identifier)s::text::xid8)"
    for pause in PAUSES:
        sleep(pause)
        try:
            with engine.connect() as connection:
                status = connection.exec_driver_sql(question, {"identifier": identifier}).scalar()
        except SQLAlchemyError:
            continue
        if status != "in progress":
            return status == "committed"
    raise OutcomeUnknown("the database was lost during a commit whose outcome is unknown")
