"""Coming back to a mailbox whose store has forgotten which messages were expunged."""

from attrs import evolve
from twisted.trial.unittest import SynchronousTestCase

from daptinmail.interfaces.messages import Changes
from tests.imap.session import Server
from tests.imap.test_waiting import SlowStore, slow_server
from tests.support.dialogue import Dialogue


def forgetful() -> tuple[Server, SlowStore]:
    """UIDs 1 to 8, of which 2, 3 and 7 are gone; the store remembers no expunge."""
    server, store = slow_server()
    for uid in range(2, 9):
        server.put(flags=frozenset({rb"\Deleted"}) if uid in {2, 3, 7} else frozenset())
    server.select().run("C: 1 EXPUNGE\nS* 1 OK ...\nC: 2 LOGOUT\nS* 2 OK ...")

    async def changes(mailbox_id: int, since: int) -> Changes:
        return evolve(await server.store.changes(mailbox_id, since), expunged=[], complete=False)

    store.replaced["changes"] = changes
    return server, store


class ForgottenExpungesTests(SynchronousTestCase):
    """Then all UIDs that are not there are told (RFC 7162 §3.2.6)."""

    def resync(self, parameters: str) -> Dialogue:
        """SELECT with QRESYNC; ``v`` stands for the UIDVALIDITY."""
        server, _ = forgetful()
        box = server.store.accounts[server.account.id]["INBOX"].row
        client = server.login().run("C: e ENABLE QRESYNC\nS* e OK ...")
        return client.run(f"C: 1 SELECT INBOX (QRESYNC ({box.uidvalidity} {parameters}))")

    def test_all(self) -> None:
        """Without known UIDs these are all below UIDNEXT."""
        self.resync("2").run("S* * VANISHED (EARLIER) 2:3,7\nS: * 2 FETCH ...\nS* 1 OK ...")

    def test_known(self) -> None:
        """What the client does not know it need not forget."""
        self.resync("2 1:2,4:6").run("S* * VANISHED (EARLIER) 2\nS: * 2 FETCH ...\nS* 1 OK ...")

    def test_samples(self) -> None:
        """Numbers that have their UIDs still say that nothing is missing up to there (RFC 7162 §3.2.5.2)."""
        self.resync("2 1:8 (1,3,5 1,5,8)").run("S* * OK [PERMANENT...\nS: * 2 FETCH ...\nS* 1 OK ...")
        self.resync("2 1:8 (1,3,5 1,5,7)").run("S* * VANISHED (EARLIER) 7\nS: * 2 FETCH ...\nS* 1 OK ...")
        self.resync("2 1:8 (1,3 1,3)").run("S* * VANISHED (EARLIER) 2:3,7\nS: * 2 FETCH ...\nS* 1 OK ...")

    def test_fetch_vanished(self) -> None:
        """FETCH with VANISHED tells all of its set."""
        client = self.resync("2").run("S* 1 OK ...")
        client.run("C: 2 UID FETCH 3:* (UID) (CHANGEDSINCE 2 VANISHED)\nS: * VANISHED (EARLIER) 3,7\nS* 2 OK ...")

    def test_session_that_stays(self) -> None:
        """A session that is told too little compares its view with what is there."""
        server, store = slow_server()
        for _ in range(3):
            server.put(flags=frozenset({rb"\Deleted"}))
        ann, bob = server.select(), server.select()

        async def changes(mailbox_id: int, since: int) -> Changes:
            return evolve(await server.store.changes(mailbox_id, since), expunged=[], complete=False)

        store.replaced["changes"] = changes
        bob.run("C: 1 UID EXPUNGE 3\nS* 1 OK ...")
        ann.run("C: 1 NOOP\nS: * 3 EXPUNGE\nS: 1 OK ...")

    def test_message_that_was_not_announced(self) -> None:
        """A message that comes meanwhile has not vanished."""
        client = self.resync("2").run("S* 1 OK ...")
        client.run("C: 2 UID FETCH 1:100 (UID) (CHANGEDSINCE 14 VANISHED)\nS* 2 OK ...")
