"""One command on a fresh machine, then the three printed commands, with nothing but curl."""

import contextlib
import json
import stat
import tempfile
from pathlib import Path
from typing import Any

from twisted.trial.unittest import SkipTest, SynchronousTestCase

from tests.live.harness import Server, missing, network_namespace, run

ADDRESS = "you@example.test"


class QuickstartTests(SynchronousTestCase):
    """``--quickstart`` makes a working server and says how to use it."""

    skip = missing("curl")

    def setUp(self) -> None:
        """A fresh data directory, and a network of its own where ports 465 and 993 are free."""
        self.prefix: list[str] = []
        with contextlib.suppress(OSError):
            namespace = network_namespace()
            self.prefix = namespace.__enter__()
            self.addCleanup(namespace.__exit__, None, None, None)
        directory = Path(tempfile.mkdtemp(prefix="daptinmail-quick-"))
        self.server = Server(directory / "data", "--quickstart", ADDRESS, prefix=self.prefix)
        self.addCleanup(self.server.stop)

    def client(self, *command: str, text: str = "") -> str:
        """Run a client beside the server."""
        return run(*command, text=text, prefix=self.prefix)

    def document(self) -> Any:
        """What ``quickstart.json`` says."""
        return json.loads((self.server.data_dir / "quickstart.json").read_text())

    def test_paste_the_three_commands(self) -> None:
        """The printed commands send a message, list it and read it."""
        self.paste_the_commands()

    def paste_the_commands(self) -> None:
        """Start, and do as the output says."""
        output = self.server.start()
        commands = [line.strip() for line in output.lines if "curl " in line and "--user" in line]
        commands = [
            command[command.index("printf") if "printf" in command else command.index("curl") :] for command in commands
        ]
        self.assertEqual(len(commands), 3, output.lines)
        self.client("bash", "-c", commands[0])
        self.assertIn("Hello", self.client("bash", "-c", commands[1]))
        self.assertIn("It works.", self.client("bash", "-c", commands[2]))

    def test_file(self) -> None:
        """The credentials stand in a file that only its owner can read, in the documented shape."""
        self.server.start()
        path = self.server.data_dir / "quickstart.json"
        self.assertEqual(stat.S_IMODE(path.stat().st_mode), 0o600)
        document = self.document()
        self.assertEqual(document["address"], ADDRESS)
        self.assertEqual(document["smtp"]["tls"], "implicit")
        self.assertEqual(set(document["imap"]), {"host", "port", "tls"})
        self.assertEqual(document["http"], [f"http://127.0.0.1:{self.server.port}"])
        self.server.sign_in(document["administrator"]["email"], document["administrator"]["password"])
        self.assertEqual([row["username"] for row in self.server.list("mail_account")], [ADDRESS])

    def test_without_privileges(self) -> None:
        """Where 465 and 993 may not be bound, higher ports are chosen; the printed commands work on them as well."""
        if missing("setpriv"):
            raise SkipTest("needs setpriv")
        powers = ["setpriv", "--bounding-set=-net_bind_service", "--inh-caps=-net_bind_service"]
        directory = Path(tempfile.mkdtemp(prefix="daptinmail-quick-"))
        self.server = Server(directory / "data", "--quickstart", ADDRESS, prefix=[*self.prefix, *powers])
        self.addCleanup(self.server.stop)
        self.paste_the_commands()
        document = self.document()
        self.assertGreater(min(document["smtp"]["port"], document["imap"]["port"]), 1023)

    def test_again(self) -> None:
        """A second run on the same data changes nothing and serves as before."""
        self.server.start()
        before = (self.server.data_dir / "quickstart.json").read_bytes()
        self.server.stop()
        self.server.start()
        document = self.document()
        self.assertEqual((self.server.data_dir / "quickstart.json").read_bytes(), before)
        self.server.sign_in(document["administrator"]["email"], document["administrator"]["password"])
        self.assertEqual(len(self.server.list("mail_server")), 1)
        url = f"imaps://127.0.0.1:{document['imap']['port']}/"
        self.assertIn("INBOX", self.client("curl", "-sSk", "--user", f"{ADDRESS}:{document['password']}", url))

    def test_outbound_is_held(self) -> None:
        """Mail to another domain waits in the outbox and says why."""
        self.server.start()
        document = self.document()
        smtp = document["smtp"]
        self.client(
            *("curl", "-sSk", "--user", f"{ADDRESS}:{document['password']}"),
            *(
                f"smtps://127.0.0.1:{smtp['port']}",
                "--mail-from",
                ADDRESS,
                "--mail-rcpt",
                "them@elsewhere.test",
                "-T",
                "-",
            ),
            text=f"From: {ADDRESS}\r\nTo: them@elsewhere.test\r\nSubject: Held\r\n\r\nLater.\r\n",
        )
        self.server.sign_in(document["administrator"]["email"], document["administrator"]["password"])
        self.server.call("POST", "/action/outbox/process_outbox", {})
        (row,) = self.server.list("outbox")
        self.assertEqual((row["sent"], row["state"]), (False, "held"))
        self.assertIn("hold", row["last_error"])
