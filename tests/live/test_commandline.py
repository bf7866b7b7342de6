"""What ``twistd daptinmail`` says when it cannot run: one clear line, a non-zero exit, nothing half made."""

import os
import socket
import sqlite3
import subprocess
import tempfile
from pathlib import Path

from twisted.trial.unittest import SkipTest, SynchronousTestCase

from daptinmail import __version__
from tests.live.harness import PATIENCE, REPOSITORY, TWISTD, Server, free_port, missing


class CommandLineCase(SynchronousTestCase):
    """Starts that must fail."""

    def setUp(self) -> None:
        """A directory to start in."""
        self.prefix: list[str] = []
        self.directory = Path(tempfile.mkdtemp(prefix="daptinmail-cli-"))

    def start(self, *options: str) -> tuple[int, str, str]:
        """Exit code, output and error output of a start that must fail."""
        done = subprocess.run(
            [*self.prefix, *TWISTD, "-n", "--pidfile=", "daptinmail", *options],
            cwd=self.directory,
            env={**os.environ, "PYTHONPATH": f"{self.directory}:{REPOSITORY}"},
            capture_output=True,
            timeout=PATIENCE,
            check=False,
        )
        return done.returncode, done.stdout.decode(), done.stderr.decode()

    def assert_one_line(self, *options: str, contains: str) -> str:
        """The start fails with one line that says why; answers everything it wrote."""
        status, output, errors = self.start(*options)
        self.assertNotEqual(status, 0)
        lines = [line for line in errors.splitlines() if line.strip()]
        self.assertEqual(len(lines), 1, errors)
        self.assertIn(contains, lines[0])
        self.assertNotIn("Traceback", errors)
        return output + errors


class CommandLineTests(CommandLineCase):
    """Faults of the operator's."""

    def test_bad_options(self) -> None:
        """Each malformed option is named."""
        for options, contains in (
            (("--resolver", "nonsense"), "--resolver"),
            (("--quickstart", "not an address"), "--quickstart"),
            (("--database", "mysql://x"), "--database"),
            (("--http", "nonsense:1"), "--http"),
            (("--no-such-option",), "no-such-option"),
        ):
            self.assert_one_line(*options, contains=contains)
        self.assertEqual(list(self.directory.iterdir()), [])

    def test_version(self) -> None:
        """``--version`` prints the version."""
        done = subprocess.run(
            [*TWISTD, "daptinmail", "--version"],
            env={**os.environ, "PYTHONPATH": str(REPOSITORY)},
            capture_output=True,
            timeout=PATIENCE,
            check=True,
        )
        self.assertIn(__version__, done.stdout.decode())

    def test_data_directory_is_a_file(self) -> None:
        """A data directory that cannot be made is named."""
        (self.directory / "file").write_text("")
        http = f"tcp:{free_port()}:interface=127.0.0.1"
        self.assert_one_line(
            "--data-dir", str(self.directory / "file" / "data"), "--http", http, contains="data directory"
        )

    def test_unwritable_data_directory(self) -> None:
        """Without permission to write nothing starts; root is made to ask for permission like everybody."""
        if os.geteuid() == 0:
            if missing("setpriv"):
                raise SkipTest("root may write anywhere")
            powers = "-dac_override,-dac_read_search"
            self.prefix = ["setpriv", f"--bounding-set={powers}", f"--inh-caps={powers}"]
        self.directory.chmod(0o500)
        self.addCleanup(self.directory.chmod, 0o700)
        http = f"tcp:{free_port()}:interface=127.0.0.1"
        self.assert_one_line("--data-dir", str(self.directory / "data"), "--http", http, contains="data directory")

    def test_http_port_taken(self) -> None:
        """An HTTP endpoint in use is named, and no data directory is made."""
        with socket.create_server(("127.0.0.1", 0)) as taken:
            http = f"tcp:{taken.getsockname()[1]}:interface=127.0.0.1"
            self.assert_one_line("--data-dir", "data", "--http", http, contains="cannot serve HTTP")
        self.assertEqual(list(self.directory.iterdir()), [])

    def test_database_that_cannot_be_opened(self) -> None:
        """Neither the data directory nor anything in it is left behind."""
        http = f"tcp:{free_port()}:interface=127.0.0.1"
        url = "sqlite:////nonexistent/x.sqlite"
        self.assert_one_line("--data-dir", "data", "--http", http, "--database", url, contains="database")
        self.assertEqual(list(self.directory.iterdir()), [])

    def test_failure_after_the_ports_are_open(self) -> None:
        """What fails when the process is up already ends it all the same, with one line and a non-zero exit."""
        (self.directory / "data").mkdir()
        (self.directory / "data" / "quickstart.json").write_text("{")
        http = f"tcp:{free_port()}:interface=127.0.0.1"
        self.assert_one_line("--data-dir", "data", "--http", http, "--quickstart", "a@b.test", contains="cannot start")

    def test_newer_database(self) -> None:
        """A database that a newer version made is refused and left as it is."""
        server = Server(self.directory / "data")
        server.start()
        server.stop()
        path = self.directory / "data" / "daptinmail.sqlite"
        with sqlite3.connect(path) as connection:
            connection.execute("UPDATE alembic_version SET version_num = 'f00f'")
        connection.close()
        self.assert_one_line("--data-dir", str(server.data_dir), "--http", server.endpoints[0], contains="newer")

    def test_second_process(self) -> None:
        """Two processes on one data directory would corrupt it: the second is refused."""
        server = Server(self.directory / "data")
        server.start()
        self.addCleanup(server.stop)
        http = f"tcp:{free_port()}:interface=127.0.0.1"
        self.assert_one_line("--data-dir", str(server.data_dir), "--http", http, contains="in use by another process")
