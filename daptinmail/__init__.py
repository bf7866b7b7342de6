"""daptinmail: a complete mail server driven over HTTP.

In reading order:

``tap``           the ``twistd daptinmail`` command line -> ``settings.Boot`` -> the service tree
``services``      composition root: names the concrete classes of every layer; reconciles listeners
``smtp``          edge: SMTP server, SMTP client
``imap``          edge: IMAP server
``api``           edge: JSON:API, actions and ``_config`` over HTTP
``agents``        MSA, MTA, MDA and returned mail (RFC 5598 roles), free of transport
``queue``         what waits to be transferred, and the runner that transfers it
``policy``        who may send what
``dkim``          signing
``domains``       what DNS should say of a domain, and where its mail programs connect
``accounts``      who exists: users, groups, mail accounts, tokens, passwords
``store``         where messages live: Maildir++ content, mailbox views
``certificates``  keys, certificates, TLS contexts
``events``        the append-only event log
``db``            schema, migrations, the storage thread with group commit
``sasl``          SASL mechanisms, free of transport
``net``           DNS, TLS plumbing, blocking calls to threads
``interfaces``    every seam
``settings``      ``Boot`` (command line) and ``Live`` (database), frozen
``errors``        one exception tree
``mail``          pure vocabulary: address, envelope, header section, MIME structure, reply

A layer imports only layers below it (``docs/architecture.md``; checked by import-linter).
"""

__version__ = "0.1.0"
