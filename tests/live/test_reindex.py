"""The ``reindex`` sub-command."""

import sqlite3

from twisted.trial.unittest import SynchronousTestCase

from tests.live.harness import PATIENCE, Process
from tests.live.site import ALICE, Site, message


class ReindexTests(SynchronousTestCase):
    """Rows can be made again from the Maildir tree."""

    def test_lost_rows(self) -> None:
        """Messages whose rows are lost come back with the same UIDs, and the command shows its progress."""
        site = Site()
        self.addCleanup(site.server.stop)
        site.start()
        session = site.login()
        for number in range(4):
            session.append("INBOX", r"(\Flagged)" if number == 2 else "", "", message(f"kept-{number}").encode())
        session.select("INBOX")
        session.store("2", "+FLAGS", r"(\Deleted)")
        session.expunge()
        self.assertEqual(session.uid("SEARCH", "ALL")[1], [b"1 3 4"])
        site.server.stop()
        with sqlite3.connect(site.server.data_dir / "daptinmail.sqlite") as connection:
            connection.execute("DELETE FROM mail")
        connection.close()
        process = Process([*site.server.command, "reindex"])
        process.wait_for(f"{ALICE}: 6/6 mailboxes")
        self.assertIn("3 messages found", process.wait_for(f"{ALICE}: "))
        process.wait_for("Server Shut Down.")
        process.stop()
        site.server.start()
        session = site.login()
        session.select("INBOX")
        self.assertEqual(session.uid("SEARCH", "ALL")[1], [b"1 3 4"])
        self.assertEqual(session.uid("SEARCH", "FLAGGED")[1], [b"3"])
        session.logout()

    def test_beside_a_running_server(self) -> None:
        """It refuses to work on a data directory that is in use."""
        site = Site()
        self.addCleanup(site.server.stop)
        site.start()
        process = Process([*site.server.command, "reindex"])
        process.wait_for("in use by another process")
        self.assertNotEqual(process.child.wait(PATIENCE), 0)
        process.stop()
