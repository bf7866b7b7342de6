"""The database: SQLite in WAL mode, or PostgreSQL.

``types``       column types: Unix time, references
``schema``      the tables
``migrations``  Alembic; ``migrate`` runs them and refuses a database newer than the code
``engine``      opens the database
``storage``     ``IStorage``: the storage thread with group commit, the reader threads
``files``       what a transaction does to files, and how it is undone
``records``     ``IRecords``: generic rows with permissions, relations and queries
``rules``       ``Plain``: the rules of a type that only holds columns
"""
