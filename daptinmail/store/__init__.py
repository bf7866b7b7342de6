"""Where messages live: Maildir++ content, one database, views at a modseq.

``names``         mailbox name <-> Maildir++ directory name; directories of accounts
``filenames``     the names of message files: size, UID and system flags stand in them
``flags``         flags <-> column text; canonical spelling and limits
``messagestore``  ``IMessageStore``: the coroutines, listeners, large contents
``mailboxes``     in the storage thread: create, delete, rename, accounts
``messages``      in the storage thread: append, deliver, copy, move, expunge
``marks``         in the storage thread: flags
``views``         in reader threads: snapshots, changes, metadata, counts
``maildir``       paths of the tree; what a scan of a folder found
``adoption``      in the storage thread: merges what other tools did to a folder
``reindex``       rebuilds rows from the tree
``spool``         ``ISpool``: content while it arrives
``rules``         what ``mail_box`` and ``mail`` rows do beyond holding columns
"""
