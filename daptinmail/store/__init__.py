"""Where messages live: Maildir++ content, one database, views at a modseq.

Called in the reactor:

``messagestore``  ``IMessageStore``: the coroutines
``listeners``     who wants to hear of which mailbox
``search``        finds the messages that meet a criterion of SEARCH
``text_sqlite``   ``ITextIndex`` in a file of its own
``text_postgresql``  the same in PostgreSQL
``text_indexer``  keeps the text index up
``scan``          brings a mailbox up to date with its folder
``viewing``       looks at mailboxes
``images``        images of mailboxes in use
``renaming``      lets the names of files follow flags (its slices run in the storage thread)
``discovery``     makes mailboxes of folders that other tools made
``pruning``       forgets old expunges
``chores``        what is done without being asked, in ``rounds``
``reindex``       rebuilds rows from the tree
``verify``        compares rows with the tree
``importing``     takes messages of other programs, ``exporting`` gives them away
``spool``         ``ISpool``: content while it arrives
``lookups``       what names of mailboxes were found to stand for
``rights``        ``IMailboxRights``: access control lists, names of mailboxes of others
``annotations``   ``IAnnotations``
``quota``         ``IQuotas``; what is counted and checked in the storage thread
``rules``         what ``mail_box`` and ``mail`` rows do beyond holding columns

In the storage thread:

``mailboxes``     create, delete, rename, subscribe, accounts
``messages``      append, expunge
``transfers``     copy, move
``contentrow``    what is known of contents, shared by copies
``marks``         flags
``adoption``      merges what other programs did to a folder

In reader and pool threads:

``views``         mailboxes, changes, columns
``counts``        how many messages there are, and how large
``search_columns``  criteria of SEARCH that columns decide
``text_file``     the file of the text index
``text_queries``  what it is asked
``survey``        how a folder differs from its rows
``opened``        one message file, open
``contents``      summaries and large contents, before they are stored
``watch``         notices that other programs were there

Values and pure rules:

``names``         mailbox name <-> Maildir++ directory name; directories of accounts
``filenames``     the names of message files: size, UID and system flags stand in them
``image``         one mailbox in memory: UIDs, modseqs, flags, latest changes
``flags``         flags <-> column text; canonical spelling and limits
``keywords``      keywords in a folder as other Maildir tools keep them
``maildir``       paths of the tree, its folders made and taken away
``rows``          a mailbox's row with its place; modseq, UID and UIDVALIDITY
``mailrow``       the values of a new ``mail`` row
``statements``    statements given to the driver as they are
``bodytext``      the text of a message as the API shows it
``text``          the text of a message as SEARCH looks into it: decoded, folded
``text_html``     what a reader sees of HTML
"""
