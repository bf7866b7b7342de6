"""The database: SQLite in WAL mode, or PostgreSQL.

Ground:

``types``          column types: Unix time, references
``base``           what all tables share
``mailbox_tables`` mailboxes and what lies in them
``queue_tables``   what leaves this server
``schema``         the tables, all of them
``engine``         opens the database
``postgresql``     how that one is connected to
``migrate``        runs ``migrations`` (Alembic) and refuses a database newer than the code

Transactions:

``storage``        ``IStorage``: the storage thread, the reader threads
``batch``          group commit: units that succeed together and fail alone
``files``          what a batch does to files, and how it is undone
``disk``           the operating system's file calls
``journal``        what a batch is about to do to files, for after a crash
``outcome``        a commit whose answer gets lost

What the tables hold:

``configuration``  ``IConfiguration``, and the server's secrets
``repeats``        ``IRepeats``: requests that may be sent twice and act once
``records``        ``IRecords``: the generic rows of the API
``writing``        its part inside a transaction
``rules``          ``Plain``: the rules of a type that only holds columns
``relations``      the types and how they are related
``exposure``       which columns are shown and written
``permissions``    who may do what
``queries``        which rows a list has, ``operators`` of its conditions
``rows``           rows with their references
``changes``        what a request may write; violated constraints as errors
``values``         JSON values and column values
"""
