"""CREATE, DELETE, RENAME, LIST, LSUB, STATUS, SELECT."""

from twisted.trial.unittest import SynchronousTestCase

from tests.imap.session import MESSAGE, Server


class ListTests(SynchronousTestCase):
    """Which mailboxes there are."""

    def test_new_account(self) -> None:
        """A new account has its mailboxes with their special uses."""
        Server().login().run(
            r"""
            C: 1 LIST "" *
            S: * LIST (\HasNoChildren) "/" "INBOX"
            S: * LIST (\HasNoChildren \Archive) "/" "Archive"
            S: * LIST (\HasNoChildren \Drafts) "/" "Drafts"
            S: * LIST (\HasNoChildren \Sent) "/" "Sent"
            S: * LIST (\HasNoChildren \Junk) "/" "Spam"
            S: * LIST (\HasNoChildren \Trash) "/" "Trash"
            S: 1 OK LIST completed
            """
        )

    def test_delimiter(self) -> None:
        """LIST with two empty strings tells the delimiter and nothing else."""
        Server().login().run('C: 1 LIST "" ""\nS: * LIST (\\Noselect) "/" ""\nS: 1 OK ...')

    def test_wildcards(self) -> None:
        """``%`` stays within a level, ``*`` does not; the reference comes first; INBOX has no case."""
        client = Server().login().run('C: 1 CREATE Work/Old/2025\nS: 1 OK ...\nC: 2 CREATE "a b"\nS: 2 OK ...')
        client.run(
            r"""
            C: 3 LIST "" Work/%
            S: * LIST (\HasChildren) "/" "Work/Old"
            S: 3 OK ...
            C: 4 LIST Work/ *
            S: * LIST (\HasChildren) "/" "Work/Old"
            S: * LIST (\HasNoChildren) "/" "Work/Old/2025"
            S: 4 OK ...
            C: 5 LIST "" "W%/%/*5"
            S: * LIST (\HasNoChildren) "/" "Work/Old/2025"
            S: 5 OK ...
            C: 6 LIST "" inbox
            S: * LIST (\HasNoChildren) "/" "INBOX"
            S: 6 OK ...
            C: 6a LIST "" inb*
            S: * LIST (\HasNoChildren) "/" "INBOX"
            S: 6a OK ...
            C: 7 LIST "" "a b"
            S: * LIST (\HasNoChildren) "/" "a b"
            S: 7 OK ...
            C: 8 LIST "" nothing*
            S: 8 OK ...
            """
        )

    def test_missing_parent(self) -> None:
        """When a mailbox with children was deleted, its name is still shown as a level."""
        Server().login().run(
            r"""
            C: 1 CREATE Work/Old
            S: 1 OK ...
            C: 2 DELETE Work
            S: 2 OK ...
            C: 3 LIST "" W%
            S: * LIST (\Noselect \HasChildren) "/" "Work"
            S: 3 OK ...
            """
        )

    def test_international_names(self) -> None:
        """Names travel as modified UTF-7, and special characters are quoted."""
        Server().login().run(
            r"""
            C: 1 CREATE Entw&APw-rfe
            S: 1 OK ...
            C: 2 CREATE "Q\"uo\\te"
            S: 2 OK ...
            C: 3 LIST "" E*
            S: * LIST (\HasNoChildren) "/" "Entw&APw-rfe"
            S: 3 OK ...
            C: 4 LIST "" Q*
            S: * LIST (\HasNoChildren) "/" "Q\"uo\\te"
            S: 4 OK ...
            C: 5 CREATE Bad&name
            S: 5 BAD ...
            C: 6 CREATE "&AGE-"
            S: 6 BAD ...
            """
        )

    def test_subscriptions(self) -> None:
        """LSUB shows what was subscribed, and levels above it for ``%``."""
        Server().login().run(
            r"""
            C: 1 CREATE Work/Old
            S: 1 OK ...
            C: 2 UNSUBSCRIBE Work
            S: 2 OK ...
            C: 3 SUBSCRIBE Work/Old
            S: 3 OK ...
            C: 4 LSUB "" Work*
            S: * LSUB () "/" "Work/Old"
            S: 4 OK ...
            C: 5 LSUB "" W%
            S: * LSUB (\Noselect) "/" "Work"
            S: 5 OK ...
            C: 6 UNSUBSCRIBE Nothing
            S: 6 OK ...
            """
        )


class ChangeTests(SynchronousTestCase):
    """Making and removing mailboxes."""

    def test_create(self) -> None:
        """CREATE makes parents, drops a delimiter at the end, and refuses what exists."""
        Server().login().run(
            """
            C: 1 CREATE Work/
            S: 1 OK ...
            C: 2 CREATE Work
            S: 2 NO [ALREADYEXISTS] ...
            C: 3 CREATE inbox
            S: 3 NO [ALREADYEXISTS] ...
            C: 4 CREATE "a//b"
            S: 4 NO [CANNOT] ...
            C: 5 CREATE ""
            S: 5 NO [CANNOT] ...
            C: 6 CREATE
            S: 6 BAD ...
            C: 7 CREATE "../../etc"
            S: 7 NO [CANNOT] ...
            """
        )

    def test_special_use(self) -> None:
        """CREATE may give a special use, if it is one."""
        Server().login().run(
            r"""
            C: 1 CREATE Old (USE (\Archive))
            S: 1 OK ...
            C: 2 LIST "" Old
            S: * LIST (\HasNoChildren \Archive) "/" "Old"
            S: 2 OK ...
            C: 3 CREATE Other (USE (\All))
            S: 3 NO [USEATTR] ...
            C: 4 CREATE Other (FROB (x))
            S: 4 BAD ...
            """
        )

    def test_delete(self) -> None:
        """DELETE removes a mailbox, never INBOX, never twice."""
        Server().login().run(
            """
            C: 1 DELETE Trash
            S: 1 OK ...
            C: 2 DELETE Trash
            S: 2 NO [NONEXISTENT] ...
            C: 3 DELETE inbox
            S: 3 NO [CANNOT] ...
            """
        )

    def test_delete_selected(self) -> None:
        """Who deletes the selected mailbox has none selected then, and goes on."""
        Server().select("Trash").run(
            "C: 1 DELETE Trash\nS: * OK [CLOSED] ...\nS: 1 OK ...\n"
            "C: 2 CHECK\nS: 2 BAD ...\nC: 3 SELECT INBOX\nS* 3 OK ..."
        )

    def test_rename(self) -> None:
        """RENAME takes the children along and refuses names that exist or do not."""
        Server().login().run(
            r"""
            C: 1 CREATE Work/Old
            S: 1 OK ...
            C: 2 RENAME Work Play
            S: 2 OK ...
            C: 3 LIST "" Play*
            S: * LIST (\HasChildren) "/" "Play"
            S: * LIST (\HasNoChildren) "/" "Play/Old"
            S: 3 OK ...
            C: 4 RENAME Work Other
            S: 4 NO [NONEXISTENT] ...
            C: 5 RENAME Play Trash
            S: 5 NO [ALREADYEXISTS] ...
            """
        )

    def test_rename_inbox(self) -> None:
        """Renaming INBOX moves its messages and leaves an empty INBOX."""
        server = Server()
        server.put()
        server.login().run(
            """
            C: 1 RENAME INBOX Old
            S: 1 OK ...
            C: 2 STATUS INBOX (MESSAGES)
            S: * STATUS "INBOX" (MESSAGES 0)
            S: 2 OK ...
            C: 3 STATUS Old (MESSAGES)
            S: * STATUS "Old" (MESSAGES 1)
            S: 3 OK ...
            """
        )


class StatusTests(SynchronousTestCase):
    """Counts without selecting."""

    def test_status(self) -> None:
        """STATUS answers what was asked in that order."""
        server = Server()
        server.put()
        server.put(flags=frozenset({rb"\Seen"}))
        server.login().run(
            """
            C: 1 STATUS inbox (UIDNEXT MESSAGES UNSEEN RECENT)
            S: * STATUS "INBOX" (UIDNEXT 3 MESSAGES 2 UNSEEN 1 RECENT 2)
            S: 1 OK ...
            C: 2 STATUS Nope (MESSAGES)
            S: 2 NO [NONEXISTENT] ...
            C: 3 STATUS INBOX (FROB)
            S: 3 BAD ...
            C: 4 STATUS INBOX ()
            S: 4 BAD ...
            C: 5 STATUS INBOX MESSAGES
            S: 5 BAD ...
            """
        )

    def test_status_of_selected(self) -> None:
        """STATUS works on the selected mailbox too, which many clients do."""
        server = Server()
        server.put()
        server.select().run('C: 1 STATUS INBOX (MESSAGES)\nS: * STATUS "INBOX" (MESSAGES 1)\nS: 1 OK ...')


class SelectTests(SynchronousTestCase):
    """Opening and closing."""

    def test_examine(self) -> None:
        """EXAMINE opens without the right to change anything."""
        server = Server()
        server.put()
        server.login().run(
            r"""
            C: 1 EXAMINE inbox
            S* * OK [PERMANENTFLAGS ()] ...
            S: 1 OK [READ-ONLY] ...
            C: 2 STORE 1 +FLAGS (\Seen)
            S: 2 NO ...
            C: 3 FETCH 1 BODY[]
            S* )
            S: 3 OK ...
            C: 4 FETCH 1 FLAGS
            S: * 1 FETCH (FLAGS (\Recent))
            S: 4 OK ...
            C: 5 EXPUNGE
            S: 5 NO ...
            C: 6 MOVE 1 Trash
            S: 6 NO ...
            C: 7 CLOSE
            S: 7 OK ...
            """
        )

    def test_recent(self) -> None:
        r"""A message is \Recent to the first session only; EXAMINE does not take that away."""
        server = Server()
        server.put()
        server.login().run("C: 1 EXAMINE INBOX\nS* * 1 RECENT\nS* 1 OK ...")
        server.login().run("C: 1 SELECT INBOX\nS* * 1 RECENT\nS* 1 OK ...")
        server.login().run("C: 1 SELECT INBOX\nS* * 0 RECENT\nS* 1 OK ...")

    def test_recent_while_selected(self) -> None:
        r"""What arrived while a session watched is not \Recent to a later one."""
        server = Server()
        client = server.select()
        server.put()
        client.run("C: 1 NOOP\nS: * 1 EXISTS\nS: * 1 RECENT\nS: 1 OK ...\nC: 2 UNSELECT\nS: 2 OK ...")
        server.login().run("C: 1 SELECT INBOX\nS* * 0 RECENT\nS* 1 OK ...")

    def test_failed_select(self) -> None:
        """A SELECT that fails leaves nothing selected."""
        Server().select().run(
            "C: 1 SELECT Nope\nS: * OK [CLOSED] ...\nS: 1 NO [NONEXISTENT] ...\nC: 2 CHECK\nS: 2 BAD ..."
        )

    def test_close_and_unselect(self) -> None:
        """CLOSE removes deleted messages without a word, UNSELECT leaves them."""
        server = Server()
        server.put(flags=frozenset({rb"\Deleted"}))
        server.select().run("C: 1 UNSELECT\nS: 1 OK ...\nC: 2 EXAMINE INBOX\nS* * 1 EXISTS\nS* 2 OK ...")
        server.select().run("C: 1 CLOSE\nS: 1 OK ...\nC: 2 EXAMINE INBOX\nS* * 0 EXISTS\nS* 2 OK ...")

    def test_keywords_are_listed(self) -> None:
        """FLAGS and PERMANENTFLAGS name the keywords in use, and tell when one is new."""
        server = Server()
        server.put(flags=frozenset({b"$Work"}))
        server.login().run(
            r"""
            C: 1 SELECT INBOX
            S: * FLAGS (\Answered \Flagged \Deleted \Seen \Draft $Work)
            S* * OK [PERMANENTFLAGS (\Answered \Flagged \Deleted \Seen \Draft $Work \*)] ...
            S: 1 OK ...
            C: 2 STORE 1 +FLAGS.SILENT ($Play)
            S: * FLAGS (\Answered \Flagged \Deleted \Seen \Draft $Play $Work)
            S: 2 OK ...
            """
        )

    def test_append_and_select(self) -> None:
        """A message put into Sent by the client is there."""
        Server().login().run(
            rf"""
            C: 1 APPEND Sent (\Seen) {{{len(MESSAGE)}}}
            S: + Go ahead
            C< {MESSAGE.decode().encode("unicode_escape").decode()}\r\n
            S: 1 OK [APPENDUID ... 1] APPEND completed
            C: 2 SELECT Sent
            S* * 1 EXISTS
            S* 2 OK ...
            """
        )
