"""``twistd --uid --gid``: root binds the ports, and nothing else is done as root."""

import json
import os
import pwd
import stat
import subprocess
import sys
import tempfile
from pathlib import Path

from twisted.trial.unittest import SkipTest, SynchronousTestCase

from tests.live.harness import REPOSITORY, Server, missing, network_namespace, run

USER = "nobody"
IMPORTS = "import daptinmail.services.root, twisted.scripts.twistd, encodings.idna, sqlite3, ssl"


def reason_to_skip() -> str | None:
    """Why privileges cannot be dropped here."""
    if os.geteuid() != 0:
        return "only root can drop privileges"
    user = pwd.getpwnam(USER)
    try:
        subprocess.run(
            [sys.executable, "-P", "-c", IMPORTS],
            env={"PYTHONPATH": str(REPOSITORY)},
            cwd="/",
            user=user.pw_uid,
            group=user.pw_gid,
            extra_groups=[],
            capture_output=True,
            check=True,
        )
    except (OSError, subprocess.CalledProcessError):
        return f"{USER} may not read this Python"
    return missing("nsenter", "unshare", "curl")


class PrivilegesTests(SynchronousTestCase):
    """The server runs as nobody, in a network of its own where the low ports are free and nobody may bind them."""

    def setUp(self) -> None:
        """A place that nobody may write to but nobody."""
        reason = reason_to_skip()
        if reason:
            raise SkipTest(reason)
        namespace = network_namespace()
        try:
            prefix = namespace.__enter__()
        except OSError as error:
            raise SkipTest(str(error)) from None
        self.addCleanup(namespace.__exit__, None, None, None)
        self.user = pwd.getpwnam(USER)
        self.directory = Path(tempfile.mkdtemp(prefix="daptinmail-uid-"))
        os.chown(self.directory, self.user.pw_uid, self.user.pw_gid)
        self.server = Server(self.directory / "data", "--quickstart", "you@example.test", prefix=prefix)
        after = self.server.command.index("--pidfile=") + 1
        self.server.command[after:after] = ["--uid", str(self.user.pw_uid), "--gid", str(self.user.pw_gid)]
        self.addCleanup(self.server.stop)

    def administrator(self) -> tuple[str, str]:
        """E-mail and password."""
        document = json.loads((self.server.data_dir / "quickstart.json").read_text())["administrator"]
        return document["email"], document["password"]

    def status(self, hostname: str) -> tuple[str, str]:
        """What the row of a server says of its listener."""
        (row,) = [row for row in self.server.list("mail_server") if row["hostname"] == hostname]
        return row["status"], row["status_message"]

    def test_quickstart(self) -> None:
        """Ports 465 and 993 serve; every file and directory belongs to the user, and nobody else may read one."""
        self.server.start()
        document = self.server.data_dir / "quickstart.json"
        self.assertIn('"port": 465', document.read_text())
        for url in ("smtps://127.0.0.1:465", "imaps://127.0.0.1:993"):
            run("curl", "-sSk", url, "-X", "NOOP", prefix=self.server.prefix)
        found = [self.server.data_dir, *self.server.data_dir.rglob("*")]
        self.assertGreater(len(found), 10)
        for path in found:
            status = path.lstat()
            self.assertEqual((status.st_uid, status.st_gid), (self.user.pw_uid, self.user.pw_gid), path)
            self.assertEqual(stat.S_IMODE(status.st_mode) & 0o077, 0, path)

    def test_new_low_port(self) -> None:
        """A low port that is added later is refused to the user, who is told so; the next start binds it first."""
        self.server.start()
        self.server.sign_in(*self.administrator())
        attributes = {"hostname": "sub.example.test", "is_enabled": True, "listen_interface": "0.0.0.0:587"}
        self.server.create("mail_server", attributes)
        self.server.restart()
        self.assertEqual(self.status("sub.example.test"), ("failed", "Permission denied"))
        self.server.stop()
        self.server.start()
        self.server.sign_in(*self.administrator())
        self.assertEqual(self.status("sub.example.test"), ("listening", ""))
