"""The sub-commands ``import``, ``export`` and ``verify``, as an operator uses them."""

import mailbox
import sqlite3
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from tests.live.harness import PATIENCE, Process
from tests.live.site import ALICE, BOB, Site, message

MESSAGES = 250


class ExchangeTests(SynchronousTestCase):
    """Messages in, out, and compared."""

    def setUp(self) -> None:
        self.site = Site()
        self.addCleanup(self.site.server.stop)
        self.site.start()
        self.site.server.stop()
        self.place = Path(self.mktemp()).absolute()
        self.place.mkdir()

    def run_command(self, *words: str, ends_with: str) -> int:
        """Run a sub-command to its end; its exit code."""
        process = Process([*self.site.server.command, *words])
        self.line = process.wait_for(ends_with)
        process.wait_for("Server Shut Down.")
        code = process.child.wait(PATIENCE)
        process.stop()
        return code

    def make_mbox(self) -> Path:
        """An mbox file written by the standard library."""
        box = mailbox.mbox(self.place / "old.mbox")
        for number in range(MESSAGES):
            one = mailbox.mboxMessage(message(f"old-{number}", body="From here on\nit goes").encode())
            one.set_flags("RF" if number == 1 else "")
            box.add(one)
        box.close()
        return self.place / "old.mbox"

    def test_there_and_back(self) -> None:
        """An mbox file comes in, goes out as Maildir and mbox, and comes in again: nothing is lost on the way."""
        path = self.make_mbox()
        code = self.run_command("import", "--account", ALICE, "--mailbox", "Old/Mail", str(path), ends_with="done: ")
        self.assertEqual((code, f"{MESSAGES} messages" in self.line), (0, True), self.line)
        self.assertEqual(self.run_command("verify", "--deep", ends_with="done: 0 differences"), 0)
        maildir, mboxes = self.place / "maildir", self.place / "mboxes"
        self.assertEqual(self.run_command("export", "--account", ALICE, str(maildir), ends_with="done: "), 0)
        out = ("export", "--account", ALICE, "--format", "mbox", str(mboxes))
        self.assertEqual(self.run_command(*out, ends_with="done: "), 0)
        read = mailbox.Maildir(maildir, create=False).get_folder("Old.Mail")
        self.assertEqual(len(read), MESSAGES)
        flagged = [one for one in read if "F" in one.get_flags()]
        self.assertEqual([one["subject"] for one in flagged], ["old-1"])
        subjects = [one["subject"] for one in mailbox.mbox(mboxes / "Old.Mail.mbox", create=False)]
        self.assertEqual(subjects, [f"old-{number}" for number in range(MESSAGES)])
        self.assertEqual(self.run_command("import", "--account", BOB, str(maildir), ends_with="done: "), 0)
        self.site.server.start()
        session = self.site.login(BOB)
        self.assertEqual(session.select('"Old/Mail"'), ("OK", [str(MESSAGES).encode()]))
        self.assertEqual(session.search(None, "FLAGGED", "SEEN"), ("OK", [b"2"]))
        self.assertEqual(session.search(None, "SUBJECT", "old-77"), ("OK", [b"78"]))
        session.logout()

    def test_differences(self) -> None:
        """``verify`` names what was lost, cut or put there, and ends with 1."""
        self.run_command("import", "--account", ALICE, str(self.make_mbox()), ends_with="done: ")
        cur = self.site.server.data_dir / "mail" / "example.test" / "alice" / "cur"
        files = sorted(cur.iterdir(), key=lambda path: int(path.name.partition(",U=")[2].partition(",")[0]))
        files[0].unlink()
        files[1].write_bytes(b"cut")
        (cur / "stranger").write_bytes(b"Subject: x\r\n\r\n")
        with sqlite3.connect(self.site.server.data_dir / "daptinmail.sqlite") as connection:
            connection.execute("UPDATE mail SET flags = '\\Seen' WHERE uid = 3")
        connection.close()
        process = Process([*self.site.server.command, "verify", "--account", ALICE])
        for part in ("UID 1: file", "UID 2: file", "UID 3: flags", "stranger has no row", "differences"):
            process.wait_for(part)
        process.wait_for("Server Shut Down.")
        self.assertEqual(process.child.wait(PATIENCE), 1)
        process.stop()

    def test_wrong_words(self) -> None:
        """What cannot be done is one line and a non-zero exit, and nothing is opened."""
        for words, complaint in (
            (("import", "/nowhere"), "name the login of an account"),
            (("export", "--account", ALICE, "--format", "zip", "/nowhere"), "mbox or maildir"),
        ):
            process = Process([*self.site.server.command, *words])
            process.wait_for(complaint)
            self.assertNotEqual(process.child.wait(PATIENCE), 0)
            process.stop()
        self.assertEqual(self.run_command("import", "--account", "nobody", "/x", ends_with="there is no account"), 1)
        self.assertEqual(self.run_command("import", "--account", ALICE, "/nowhere", ends_with="failed: "), 1)
