"""From login to logout."""

from twisted.trial.unittest import SynchronousTestCase

from tests.imap.session import MESSAGE, Server


class WholeSessionTests(SynchronousTestCase):
    """The shortest useful session."""

    def server(self) -> Server:
        """A listener over the store under test."""
        return Server()

    def test_reads_a_message(self) -> None:
        """A client logs in, selects INBOX, reads a message and logs out."""
        server = self.server()
        server.put()
        server.connect().run(
            rf"""
            S: * OK [CAPABILITY IMAP4rev1 ...] imap.example.com IMAP4rev1 service ready
            C: 0 LOGIN ann@example.com password
            S: 0 OK ...
            C: 1 SELECT INBOX
            S: * FLAGS (\Answered \Flagged \Deleted \Seen \Draft)
            S: * 1 EXISTS
            S: * 1 RECENT
            S: * OK [UNSEEN 1] ...
            S: * OK [UIDVALIDITY ...] ...
            S: * OK [UIDNEXT 2] ...
            S* * OK [HIGHESTMODSEQ ...] ...
            S: * OK [PERMANENTFLAGS (\Answered \Flagged \Deleted \Seen \Draft \*)] ...
            S: 1 OK [READ-WRITE] SELECT completed
            C: 2 FETCH 1 (FLAGS UID RFC822.SIZE BODY[TEXT])
            S: * 1 FETCH (FLAGS (\Seen \Recent) UID 1 RFC822.SIZE {len(MESSAGE)} BODY[TEXT] {{15}}
            S: Good morning.
            S: )
            S: 2 OK FETCH completed
            C: 3 LOGOUT
            S: * BYE Logging out
            S: 3 OK LOGOUT completed
            S! closed
            """
        )
