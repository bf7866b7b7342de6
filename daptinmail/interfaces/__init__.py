"""The seams: zope interfaces with two providers each (real and in memory), and the values that cross them.

``runtime``       clock, randomness, identifiers, blocking calls
``storage``       transactions with group commit; content on its way to disk
``messages``      the message store: mailboxes, views, messages
``directory``     who exists: accounts, users, authentication
``reception``     SMTP edge -> agents
``transfer``      queue -> SMTP client; DNS
``tls``           certificates and signing keys
``records``       the generic rows behind the JSON:API
``control``       restart, listener state, configuration
``events``        the event log
"""
