"""Runs revisions inside the transaction of ``db.migrate``; Alembic executes this file."""

from alembic import context

context.configure(connection=context.config.attributes["connection"], transactional_ddl=True)
context.run_migrations()
