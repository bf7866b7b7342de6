"""Alembic's scripts: ``env`` runs them on the connection that ``db.migrate`` opened, ``versions`` holds one each."""
