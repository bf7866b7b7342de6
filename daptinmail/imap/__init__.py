"""The IMAP edge: IMAP4rev1 (RFC 3501) and small extensions over ``IMessageStore``.

The wire: ``server`` (the factory), ``connection`` (Twisted's IMAP4Server with its wire replaced), ``protocol``
(commands one after the other), ``reader`` (octets -> commands; ``message_literals`` tells
which literals are messages), ``responses`` (what goes out), ``deflate`` (both
compressed), ``limits``.

The language: ``cursor`` (tokens), ``grammar``, ``fetch_grammar`` (arguments -> ``values``), ``modifiers``,
``sequences``, ``names``, ``answers`` (tagged answers; errors become them here).

The session: ``session`` (what commands see), ``environment`` (what it stands on), ``capabilities`` (what it says it
can do), ``selected`` (its view of a mailbox), ``telling`` (what it is told of it), ``resync`` (and of what was before),
``bell`` (when), ``commands`` (which command is allowed in which state).

The mailboxes: ``mailboxes`` (made, renamed, removed), ``listing`` with ``list_grammar`` over the ``hierarchy`` that a
client sees, ``status``, ``acl`` with ``rights``, ``metadata`` with ``metadata_grammar``, ``quota``; ``notify`` with
``notify_grammar`` and ``notices`` tells what happens to them; ``texts`` writes strings.

The commands: ``basics``, ``login``, ``selecting``, ``store_flags``, ``copy_move``, ``idle``, ``compress``; ``fetch``
with ``fetch_plan`` (what it needs), ``fetch_rows`` (what the index answers) and its ``attributes``, ``sections`` and
``binary`` (where octets come from) and ``content`` (octets to the client); ``append`` (and REPLACE) with
``append_grammar``, ``incoming`` (messages on their way to the spool), ``assembly`` (of catenated ones) and ``urls``.

Searching: ``search_grammar``, ``search_options`` (RETURN), ``search_partial``, ``search_charsets`` (arguments ->
``search_values``); ``search_program`` runs a program on a view by algebra on ``search_sets``, ``search_keys`` knows
what each key asks of the view or the store, ``search_run`` finds messages so for all searching commands. ``search``
answers, ``esearch`` writes the ESEARCH response, ``esearch_command`` with ``esearch_grammar`` looks into several
mailboxes. ``sort`` with ``sort_grammar`` and ``sort_order``; ``thread`` with ``thread_grammar``, ``thread_subject``,
``thread_references`` (its last step in ``thread_merge``), and ``thread_forest`` to write what they found. ``context``
keeps results up to date, with ``context_program`` and ``context_order``.
"""
