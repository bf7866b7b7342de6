"""The seams: zope interfaces with two providers each (real and in memory), and the values that cross them.

``runtime``       clock, randomness, identifiers, blocking calls
``storage``       transactions with group commit; content on its way to disk
``messages``      the message store: mailboxes, views, messages
``columns``       what it tells of a message without opening it
``digest``        what SELECT tells of all their flags
``search``        what SEARCH may ask of the messages in a mailbox
``sharing``       who may do what with whose mailbox
``annotations``   what clients write beside mailboxes
``quota``         how much an account may store
``mailboxes``     the store as the IMAP edge sees it, all of these together
``directory``     who exists: accounts, users, authentication
``routing``       where mail for an address goes
``credentials``   what a client presents to prove who it is
``reception``     SMTP edge -> agents
``transfer``      queue -> SMTP client; DNS
``outgoing``      what keeps an account from sending too much, or to nobody
``sending``       HTTP -> the MSA: composed messages
``repeats``       requests that may be sent twice and act once
``dkim_keys``     the DKIM keys of a domain over time
``domains``       what DNS should say of a domain
``screening``     what is known about a received message, and the verdict
``tls``           certificates and signing keys
``records``       the generic rows behind the JSON:API
``control``       restart, listener state, configuration
``events``        the event log
"""
