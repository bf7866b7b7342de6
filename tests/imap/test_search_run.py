"""Searches that must wait: for their turn, for the store."""

from twisted.trial.unittest import SynchronousTestCase

from daptinmail.imap.limits import PROGRESS_INTERVAL, SEARCHES_AT_ONCE
from tests.imap.session import Server, server_of


class WaitingTests(SynchronousTestCase):
    """All threads that searches may have are busy."""

    def setUp(self) -> None:
        self.server = Server()
        self.server.put()
        self.client = self.server.select()
        for _ in range(SEARCHES_AT_ONCE):
            self.assertTrue(self.server.factory.searches.acquire().called)

    def test_progress(self) -> None:
        """A client that waits long hears that its search goes on (RFC 9585), and then what was found."""
        self.client.run("C: s SEARCH SEEN SUBJECT hello\nS: * SEARCH\nS: s OK ...")
        self.client.run("C: t SEARCH UNSEEN SUBJECT hello\nS! silent")
        self.server.clock.advance(PROGRESS_INTERVAL)
        self.client.run('S: * OK [INPROGRESS ("t" 1 2)] ...\nS! silent')
        self.server.clock.advance(PROGRESS_INTERVAL)
        self.client.run('S: * OK [INPROGRESS ("t" 1 2)] ...\nS! silent')
        self.server.factory.searches.release()
        self.client.run("S: * SEARCH 1\nS: t OK ...\nS! silent")
        self.server.clock.advance(PROGRESS_INTERVAL * 2)
        self.client.run("S! silent")

    def test_gone(self) -> None:
        """A client that leaves while its search waits leaves nothing behind: no timer, no thread taken."""
        self.client.run("C: s SEARCH SUBJECT hello\nS! silent")
        self.client.lose()
        self.server.factory.searches.release()
        self.assertEqual(self.server.factory.searches.tokens, 1)
        self.assertEqual([call for call in self.server.clock.getDelayedCalls() if call.active()], [])

    def test_sorting_waits_too(self) -> None:
        """Sorting and threading take their turn like searches."""
        self.client.run("C: s SORT (DATE) UTF-8 ALL\nS! silent")
        self.server.factory.searches.release()
        self.client.run("S: * SORT 1\nS: s OK ...")
        other = self.server.select()
        self.assertTrue(self.server.factory.searches.acquire().called)
        other.run("C: t THREAD REFERENCES UTF-8 ALL\nS! silent")
        self.server.factory.searches.release()
        other.run("S: * THREAD (1)\nS: t OK ...")

    def test_program_is_answered_for_its_own_session(self) -> None:
        """What one session saved with SAVE means nothing to another."""
        self.client.run("C: s SEARCH RETURN (SAVE) ALL\nS: s OK ...")
        self.server.select().run("C: s SEARCH $\nS: * SEARCH\nS: s OK ...")
        self.assertEqual(list(server_of(self.client).session.saved), [1])
