"""Promises of ``daptinmail.store.watch``: our own work on a folder is not taken for that of others, theirs is seen."""

import os
from datetime import UTC, datetime
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from daptinmail.store.maildir import stamp
from daptinmail.store.watch import UNCERTAIN, Watch

LATER = datetime(2100, 1, 1, tzinfo=UTC)


class WatchTests(SynchronousTestCase):
    """A folder that was scanned."""

    def setUp(self) -> None:
        self.path = Path(self.mktemp())
        for place in ("cur", "new"):
            (self.path / place).mkdir(parents=True)
        self.watch = Watch()
        self.assertTrue(self.changed())
        self.watch.scanned(1, stamp(self.path))

    def changed(self) -> bool:
        """What the watch says."""
        return self.watch.changed(1, self.path)

    def names_change(self, place: str = "cur") -> None:
        """Somebody makes or removes a file."""
        found = (self.path / place).stat().st_mtime_ns
        os.utime(self.path / place, ns=(found + 1_000_000, found + 1_000_000))

    def test_others(self) -> None:
        """What another program does is seen."""
        self.assertFalse(self.changed())
        self.names_change()
        self.assertTrue(self.changed())

    def test_ours(self) -> None:
        """What we do is not."""
        self.watch.before_write(1, self.path)
        self.names_change()
        self.watch.after_write(1)
        self.assertFalse(self.changed())
        self.names_change()
        self.assertTrue(self.changed())

    def test_while_files_go(self) -> None:
        """While expunged files go, one by one, the folder is not scanned each time; then others are seen again."""
        self.watch.after_write(1)
        self.watch.hold(1)
        for _ in range(3):
            self.names_change()
            self.assertFalse(self.changed())
        self.names_change()
        self.watch.release(1)
        self.assertFalse(self.changed())
        self.names_change()
        self.assertTrue(self.changed())

    def test_two_expunges(self) -> None:
        """A folder is held until the last of several expunges is through."""
        self.watch.hold(1)
        self.watch.hold(1)
        self.watch.release(1)
        self.assertFalse(self.changed())
        self.names_change()
        self.assertFalse(self.changed())
        self.watch.release(1)

    def test_new_mail_of_others_while_files_go(self) -> None:
        """Mail that another program delivers meanwhile is seen."""
        self.watch.hold(1)
        self.names_change("new")
        self.assertTrue(self.changed())

    def test_nothing_is_certain_while_files_go(self) -> None:
        """How the folder looks is not kept for the next start: files that a crash leaves must be found then."""
        self.assertNotEqual(self.watch.certain(1, LATER), UNCERTAIN)
        self.watch.hold(1)
        self.assertEqual(self.watch.certain(1, LATER), UNCERTAIN)
        self.watch.release(1)
        self.assertNotEqual(self.watch.certain(1, LATER), UNCERTAIN)
