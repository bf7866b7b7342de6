"""Brings a database to the schema of this code, or leaves it as it was."""

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util.exc import CommandError
from sqlalchemy import Connection, Engine
from sqlalchemy.exc import SQLAlchemyError

from daptinmail.db.engine import reason, unusable

_LOCK = 0x64617074
"""Key of PostgreSQL's advisory lock: two processes that start together migrate one after the other."""


def migrate(engine: Engine) -> None:
    """Run the revisions that are missing, all in one transaction.

    Raises:
        ConfigurationError: a newer daptinmail made the database, it holds foreign tables, or it cannot be written.
    """
    try:
        with engine.connect() as connection, connection.begin():
            if connection.dialect.name == "postgresql":
                connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_LOCK})")
            _upgrade(engine, connection)
    except SQLAlchemyError as error:
        raise unusable(engine.url, f"cannot be prepared: {reason(error)}") from error


def _upgrade(engine: Engine, connection: Connection) -> None:
    config = Config()
    config.set_main_option("script_location", "daptinmail.db:migrations")
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    script = ScriptDirectory.from_config(config)
    for revision in MigrationContext.configure(connection).get_current_heads():
        try:
            script.get_revision(revision)
        except CommandError as error:
            raise unusable(engine.url, f"it was made by a newer daptinmail (revision {revision[:40]})") from error
    command.upgrade(config, "head")
