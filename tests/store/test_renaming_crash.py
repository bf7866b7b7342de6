"""A crash while the names of files follow flags changes no flag, loses no message, and is made good."""

import shutil
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from daptinmail.interfaces.messages import FlagMode
from tests.contracts.message_store_base import ANSWERED, SEEN
from tests.store.crash_points import Fuse, deaths, opened
from tests.store.test_crash_points import State, mailbox, prepare, state
from tests.support.stored import Stored


def follow(stored: Stored) -> None:
    """Bring names up to flags."""
    stored.result(stored.store.renaming.run())


class RenamingCrashTests(SynchronousTestCase):
    """The process dies at each step in turn."""

    def settled(self, base: Path) -> tuple[State, list[str]]:
        """What is there after a crash, and the info suffixes once names have followed."""
        stored, engine = opened(base, Fuse(0))
        try:
            found = state(stored)
            follow(stored)
            self.assertEqual(state(stored), found)
            folder = stored.mail_dir / "example.test" / "a" / "cur"
            return found, sorted(path.name.rpartition(":2,")[2] for path in folder.iterdir())
        finally:
            engine.dispose()

    def test_everywhere(self) -> None:
        """Wherever it dies, flags are those of before, and names show them in the end."""
        base = Path(self.mktemp()).absolute()
        prepare(base / "before")
        stored, engine = opened(base / "before", Fuse(0))
        flags = frozenset({ANSWERED, b"other"})
        stored.result(stored.store.change_flags(mailbox(stored, "INBOX"), [1, 2], FlagMode.ADD, flags))
        stored.result(stored.store.change_flags(mailbox(stored, "INBOX"), [2], FlagMode.REMOVE, frozenset({SEEN})))
        engine.dispose()
        wanted = self.settled(shutil.copytree(base / "before", base / "looked"))
        at = 0
        for at, here, _, _ in deaths(base, follow):
            self.assertEqual(self.settled(here), wanted, f"step {at}")
        self.assertGreater(at, 5)
