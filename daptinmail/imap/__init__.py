"""The IMAP edge: IMAP4rev1 (RFC 3501) and small extensions over ``IMessageStore``.

The wire: ``server`` (the factory), ``connection`` (Twisted's IMAP4Server with its wire replaced), ``protocol``
(commands one after the other), ``reader`` (octets -> commands), ``responses`` (what goes out), ``limits``.

The language: ``cursor`` (tokens), ``grammar``, ``fetch_grammar``, ``search_grammar`` (arguments -> ``values``),
``sequences``, ``names``, ``answers`` (tagged answers; errors become them here).

The session: ``session`` (what commands see), ``capabilities`` (what it says it can do), ``selected`` (its view of a
mailbox), ``commands`` (which command is allowed in which state).

The commands: ``basics``, ``login``, ``selecting``, ``mailboxes``, ``listing``, ``fetch`` with ``sections``
and ``content``, ``store_flags``, ``search`` with ``search_keys`` and ``search_text``, ``append``,
``copy_move``, ``idle``.
"""
