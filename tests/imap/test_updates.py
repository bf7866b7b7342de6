"""Two sessions on one mailbox, and IDLE."""

from twisted.trial.unittest import SynchronousTestCase

from tests.imap.session import Server
from tests.support.dialogue import Dialogue


class SharedMailbox(SynchronousTestCase):
    """What the tests begin with."""

    def server(self) -> Server:
        """A listener over the store under test."""
        return Server()

    def pair(self) -> tuple[Server, Dialogue, Dialogue]:
        """Three messages, two sessions."""
        server = self.server()
        for _ in range(3):
            server.put(flags=frozenset({rb"\Seen"}))
        return server, server.select(), server.select()


class TwoSessionsTests(SharedMailbox):
    """What one does, the other hears: in time, not too early."""

    def test_flags(self) -> None:
        """A change of flags is told with the next command, once, and not to the one who made it."""
        _, ann, bob = self.pair()
        ann.run("C: 1 STORE 2 +FLAGS.SILENT (\\Flagged)\nS: 1 OK ...\nC: 2 NOOP\nS: 2 OK ...")
        bob.run(
            r"""
            S! silent
            C: 1 NOOP
            S: * 2 FETCH (UID 2 FLAGS (\Flagged \Seen))
            S: 1 OK ...
            C: 2 NOOP
            S: 2 OK ...
            """
        )

    def test_silence_hides_nothing_of_others(self) -> None:
        """.SILENT keeps quiet about one's own change, not about what another session did to the same message."""
        _, ann, bob = self.pair()
        ann.run("C: 1 STORE 2 +FLAGS.SILENT (\\Flagged)\nS: 1 OK ...")
        bob.run(
            r"""
            C: 1 STORE 1:2 +FLAGS.SILENT (\Draft)
            S: * 2 FETCH (FLAGS (\Flagged \Seen \Draft))
            S: 1 OK ...
            """
        )

    def test_new_message(self) -> None:
        """A new message is told with whatever command comes next."""
        server, ann, _ = self.pair()
        server.put()
        ann.run("C: 1 FETCH 1 UID\nS: * 1 FETCH (UID 1)\nS: * 4 EXISTS\nS: * ... RECENT\nS: 1 OK ...")

    def test_expunge_waits(self) -> None:
        """EXPUNGE is never told in answer to FETCH, STORE or SEARCH; numbers stay until it is."""
        _, ann, bob = self.pair()
        ann.run("C: 1 STORE 1 +FLAGS.SILENT (\\Deleted)\nS: 1 OK ...\nC: 2 EXPUNGE\nS: * 1 EXPUNGE\nS: 2 OK ...")
        bob.run(
            r"""
            C: 1 FETCH 2 UID
            S: * 2 FETCH (UID 2)
            S: 1 OK ...
            C: 2 SEARCH ALL
            S: * SEARCH 2 3
            S: 2 OK ...
            C: 3 STORE 3 +FLAGS (\Flagged)
            S: * 3 FETCH (FLAGS (\Flagged \Seen))
            S: 3 OK ...
            C: 4 FETCH 1:2 ENVELOPE
            S: * 2 FETCH (ENVELOPE ...
            S: 4 NO [EXPUNGEISSUED] ...
            C: 5 STORE 1:2 +FLAGS.SILENT (\Draft)
            S: 5 NO [EXPUNGEISSUED] ...
            C: 6 COPY 1:2 Trash
            S: * 1 EXPUNGE
            S: 6 NO [EXPUNGEISSUED] ...
            S! silent
            """
        )

    def test_expunge_is_told_by_uid_commands(self) -> None:
        """UID commands may tell it, and pass over what is gone."""
        _, ann, bob = self.pair()
        ann.run("C: 1 STORE 1 +FLAGS.SILENT (\\Deleted)\nS: 1 OK ...\nC: 2 EXPUNGE\nS: * 1 EXPUNGE\nS: 2 OK ...")
        bob.run(
            """
            C: 1 UID FETCH 1:2 RFC822.SIZE
            S: * 2 FETCH (UID 2 RFC822.SIZE ...)
            S: * 1 EXPUNGE
            S: 1 OK ...
            C: 2 FETCH 1:* UID
            S: * 1 FETCH (UID 2)
            S: * 2 FETCH (UID 3)
            S: 2 OK ...
            """
        )

    def test_bad_fetch_tells_no_expunge(self) -> None:
        """A FETCH that was misspelt is a FETCH all the same."""
        _, ann, bob = self.pair()
        ann.run("C: 1 STORE 1 +FLAGS.SILENT (\\Deleted)\nS: 1 OK ...\nC: 2 EXPUNGE\nS: * 1 EXPUNGE\nS: 2 OK ...")
        bob.run("C: 1 FETCH 1 FROB\nS: 1 BAD ...\nC: 2 NOOP\nS: * 1 EXPUNGE\nS: 2 OK ...")

    def test_come_and_gone(self) -> None:
        """A message that came and went between two commands is not mentioned."""
        server, ann, bob = self.pair()
        uid = server.put(flags=frozenset({rb"\Deleted"}))
        ann.run(f"C: 0 NOOP\nS* 0 OK ...\nC: 1 UID EXPUNGE {uid}\nS* 1 OK ...")
        bob.run("C: 1 NOOP\nS: 1 OK ...\nC: 2 FETCH * UID\nS: * 3 FETCH (UID 3)\nS: 2 OK ...")

    def test_deleted_mailbox(self) -> None:
        """Who has a mailbox selected that somebody else deletes is disconnected at the next command."""
        server = self.server()
        ann, bob = server.select("Trash"), server.select("Trash")
        ann.run("C: 1 DELETE Trash\nS* 1 OK ...")
        bob.run("C: 1 NOOP\nS: 1 OK ...\nS: * BYE ...\nS! closed")

    def test_renamed_mailbox(self) -> None:
        """A rename does not disturb who has the mailbox selected."""
        server = self.server()
        ann, bob = server.select("Trash"), server.select("Trash")
        ann.run("C: 1 RENAME Trash Bin\nS: 1 OK ...")
        server.put(mailbox="Bin")
        bob.run("C: 1 NOOP\nS: * 1 EXISTS\nS* 1 OK ...")


class IdleTests(SharedMailbox):
    """Push."""

    def test_push(self) -> None:
        """New mail, flags and removals are told at once."""
        server, ann, bob = self.pair()
        bob.run("C: 1 IDLE\nS: + idling\nS! silent")
        server.put()
        bob.run("S: * 4 EXISTS\nS: * ... RECENT\nS! silent")
        ann.run("C: 1 STORE 1 +FLAGS.SILENT (\\Deleted)\nS* 1 OK ...")
        bob.run("S: * 1 FETCH (UID 1 FLAGS (\\Deleted \\Seen))\nS! silent")
        ann.run("C: 2 EXPUNGE\nS* 2 OK ...")
        bob.run("S: * 1 EXPUNGE\nS! silent\nC: done\nS: 1 OK IDLE completed\nC: 2 NOOP\nS: 2 OK ...")

    def test_news_at_start(self) -> None:
        """What happened before IDLE is told when it begins."""
        server, ann, _ = self.pair()
        server.put()
        ann.run("C: 1 IDLE\nS: + idling\nS: * 4 EXISTS\nS: * ... RECENT\nS! silent")

    def test_done_pipelined(self) -> None:
        """DONE and the next command may come in one piece."""
        _, ann, _ = self.pair()
        ann.send(b"1 IDLE\r\nDONE\r\n2 NOOP\r\n")
        ann.run("S: + idling\nS: 1 OK ...\nS: 2 OK ...")

    def test_not_done(self) -> None:
        """Anything but DONE ends IDLE with BAD."""
        _, ann, _ = self.pair()
        ann.run("C: 1 IDLE\nS: + idling\nC: 2 NOOP\nS: 1 BAD ...\nC: 3 NOOP\nS: 3 OK ...")

    def test_without_mailbox(self) -> None:
        """IDLE needs no selected mailbox."""
        self.server().login().run("C: 1 IDLE\nS: + idling\nC: DONE\nS: 1 OK ...")

    def test_keep_alive(self) -> None:
        """Every two minutes a line keeps the connection known to routers, until DONE."""
        server, ann, bob = self.pair()
        bob.lose()
        ann.run("C: 1 IDLE\nS: + idling")
        server.clock.advance(120)
        ann.run("S: * OK Still here")
        server.clock.advance(120)
        ann.run("S: * OK Still here\nC: DONE\nS: 1 OK ...")
        server.clock.advance(240)
        ann.run("S! silent")

    def test_autologout(self) -> None:
        """A client that idles for half an hour without a word is gone, and no timer stays."""
        server, ann, bob = self.pair()
        bob.lose()
        ann.run("C: 1 IDLE\nS: + idling")
        for _ in range(15):
            server.clock.advance(120)
        ann.run("S* * BYE Autologout; ...\nS! closed")
        ann.lose()
        self.assertEqual(server.clock.getDelayedCalls(), [])

    def test_lost_connection(self) -> None:
        """A connection lost in IDLE leaves no timer and no listener."""
        server, ann, bob = self.pair()
        ann.run("C: 1 IDLE\nS: + idling")
        ann.lose()
        bob.lose()
        self.assertEqual(server.clock.getDelayedCalls(), [])
        self.assertFalse(server.heard())
        server.put()

    def test_mailbox_deleted(self) -> None:
        """When the mailbox goes away, so does the connection."""
        server = self.server()
        ann, bob = server.select("Trash"), server.login()
        ann.run("C: 1 IDLE\nS: + idling")
        bob.run("C: 1 DELETE Trash\nS: 1 OK ...")
        ann.run("S: 1 OK ...\nS: * BYE ...\nS! closed")

    def test_close_sessions(self) -> None:
        """A session in IDLE hears that the server goes."""
        server, ann, _ = self.pair()
        ann.run("C: 1 IDLE\nS: + idling")
        server.factory.close_sessions()
        ann.run("S: * BYE ...\nS! closed")
