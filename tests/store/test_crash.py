"""kill -9 in the middle of everything: what was acknowledged is there, and nothing is there by halves."""

import subprocess
import sys
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from daptinmail.db.storage import Storage
from tests.store.crash_child import octets, opened
from tests.support.stored import Stored

LINES = (40, 75, 111)
"""Lines heard before the kill."""


class CrashTests(SynchronousTestCase):
    """A process that is killed while it stores, moves and expunges."""

    def killed_after(self, base: Path, lines: int) -> list[str]:
        """Run the child, kill it, answer all it said."""
        command = [sys.executable, "-m", "tests.store.crash_child", str(base)]
        root = Path(__file__).resolve().parents[2]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=root) as child:
            assert child.stdout is not None
            said = [child.stdout.readline().strip() for _ in range(lines)]
            child.kill()
            said += [line.strip() for line in child.stdout if line.endswith("\n")]
        return [line for line in said if line]

    def test_killed(self) -> None:
        """Acknowledged messages survive byte for byte, expunged ones stay away, UIDVALIDITY stays."""
        for lines in LINES:
            base = Path(self.mktemp()).absolute()
            base.mkdir()
            said = self.killed_after(base, lines)
            self.assertGreaterEqual(len(said), lines)
            stored, storage = opened(base)
            try:
                self.check(stored, said)
            finally:
                self.close(stored, storage)

    def close(self, stored: Stored, storage: Storage) -> None:
        """Stop the storage thread."""
        stored.result(storage.stop())

    def check(self, stored: Stored, said: list[str]) -> None:
        """Compare what was said with what is there."""
        numbers = {word: {int(line[2:]) for line in said if line[0] == word} for word in "VAmMeE"}
        inbox = stored.result(stored.store.mailbox(1, "INBOX"))
        self.assertEqual({inbox.uidvalidity}, numbers["V"])
        held = {name: self.found(stored, name) for name in ("INBOX", "Archive")}
        everything = held["INBOX"] + held["Archive"]
        self.assertLessEqual(numbers["A"] - numbers["e"], set(everything))
        self.assertFalse(numbers["E"] & set(everything))
        self.assertLessEqual(numbers["M"], set(held["Archive"]))
        self.assertFalse(numbers["M"] & set(held["INBOX"]))
        self.assertEqual(len(everything), len(set(everything)))

    def found(self, stored: Stored, name: str) -> list[int]:
        """Numbers of the messages in a mailbox; each must be whole."""
        mailbox = stored.result(stored.store.mailbox(1, name)).id
        numbers = []
        for uid in stored.result(stored.store.snapshot(mailbox)).uids:
            message = stored.result(stored.store.open(mailbox, uid))
            content = message.read(0, message.size)
            message.close()
            number = int(content[9 : content.index(b"\r\n")])
            self.assertEqual(content, octets(number))
            numbers.append(number)
        return numbers
