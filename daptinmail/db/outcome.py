"""Commits, also when the connection to PostgreSQL is lost in that very moment."""

from sqlalchemy import Connection, Engine, RootTransaction
from sqlalchemy.exc import DBAPIError, SQLAlchemyError

ATTEMPTS = 5
"""Times that the server is asked what became of a transaction."""


class OutcomeUnknown(OSError):
    """Nobody can say whether the transaction is durable."""


def commit(engine: Engine, connection: Connection, transaction: RootTransaction) -> None:
    """Commit. When the answer gets lost, ask the server on a new connection what happened.

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
        if not _is_committed(engine, identifier):
            raise


def _identifier(connection: Connection) -> str | None:
    """PostgreSQL's name of the transaction; ``None`` if it wrote nothing, or on SQLite, which is no other process."""
    if connection.dialect.name != "postgresql":
        return None
    return connection.exec_driver_sql("SELECT pg_current_xact_id_if_assigned()::text").scalar()


def _is_committed(engine: Engine, identifier: str) -> bool:
    for _ in range(ATTEMPTS):
        try:
            with engine.connect() as connection:
                question = "SELECT pg_xact_status(%(identifier)s::text::xid8)"
                status = connection.exec_driver_sql(question, {"identifier": identifier}).scalar()
                if status != "in progress":
                    return status == "committed"
                connection.exec_driver_sql("SELECT pg_sleep(0.2)")
        except SQLAlchemyError:
            continue
    raise OutcomeUnknown("the database was lost during a commit whose outcome is unknown")
