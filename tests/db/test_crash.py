"""What a crash leaves: everything acknowledged, and nothing half made that could be taken for content."""

import subprocess
import sys
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from daptinmail.db.disk import TEMPORARY_PREFIX
from daptinmail.db.engine import open_engine
from daptinmail.db.migrate import migrate
from tests.db import crashing_writer
from tests.db.crashing_writer import GROUP, ROUNDS

ROOT = Path(__file__).parents[2]


class Crashing(SynchronousTestCase):
    """A writer dies in every phase of a batch."""

    def crash(self, call: str, count: int) -> tuple[set[str], set[str], set[str]]:
        """What a writer acknowledged before it died; the rows and files that are there afterwards."""
        directory = Path(self.mktemp()).absolute()
        directory.mkdir(parents=True)
        script = [sys.executable, "-m", crashing_writer.__name__, str(directory), call, str(count)]
        done = subprocess.run(script, cwd=ROOT, capture_output=True, text=True, timeout=120, check=False)
        self.assertEqual(done.returncode, 9, done.stderr)
        engine = open_engine(f"sqlite:///{directory / 'db'}")
        self.addCleanup(engine.dispose)
        migrate(engine)
        with engine.connect() as connection:
            self.assertEqual(connection.exec_driver_sql("PRAGMA integrity_check").scalar(), "ok")
            rows = {str(row[0]) for row in connection.exec_driver_sql("SELECT name FROM _config")}
        for path in (directory / "cur").iterdir():
            self.assertEqual(path.read_text(), f"message {path.name}")
        for path in (directory / "tmp").iterdir():
            self.assertTrue(path.name.startswith(TEMPORARY_PREFIX), path)
        return set(done.stdout.split()), rows, {path.name for path in (directory / "cur").iterdir()}

    def assert_nothing_lost(self, call: str, count: int) -> None:
        """Acknowledged messages have row and file; every row has its file."""
        acknowledged, rows, files = self.crash(call, count)
        self.assertEqual(acknowledged - rows, set(), "acknowledged, but no row")
        self.assertEqual(rows - files, set(), "a row without its file")
        self.assertLess(len(acknowledged), GROUP * ROUNDS)

    def test_while_writing(self) -> None:
        """Torn in the middle of a file: only a temporary name has it."""
        self.assert_nothing_lost("write", 8)

    def test_while_syncing_files(self) -> None:
        """Before the octets were durable."""
        self.assert_nothing_lost("fsync", 7)

    def test_between_renames(self) -> None:
        """Some files have their names, none has a row."""
        self.assert_nothing_lost("before rename", 12)
        self.assert_nothing_lost("after rename", 7)

    def test_before_the_commit(self) -> None:
        """All files are in place and the rows are not."""
        self.assert_nothing_lost("before commit", 2)
        self.assert_nothing_lost("after fsync_dir", 2)

    def test_after_the_commit(self) -> None:
        """Durable, but nobody was told: the message is there, a second time if the client comes back."""
        self.assert_nothing_lost("after commit", 8)

    def test_acknowledged_messages_were_there_to_lose(self) -> None:
        """The writer did acknowledge messages before it died, so these tests prove something."""
        acknowledged, _, _ = self.crash("write", GROUP * (ROUNDS - 1) + 1)
        self.assertGreaterEqual(len(acknowledged), GROUP)
