"""This checkout, started by twistd and set up over HTTP as an operator would."""

import platform
import subprocess
import sys
from importlib.metadata import version
from pathlib import Path

from attrs import define, field

from bench.client import Address, Security
from bench.peers.http import Api
from bench.peers.peer import PASSWORD, USER
from bench.processes import ServerProcess, free_port
from daptinmail import __version__

CHECKOUT = Path(__file__).resolve().parents[2]


@define(eq=False)
class Daptinmail:
    """IMAP under implicit TLS on one port."""

    directory: Path
    name: str = "daptinmail"
    login_in_clear: bool = False
    keeps_crlf: bool = True
    maximum: int = 10**7
    process: ServerProcess = field(init=False)
    _api: Api = field(init=False)
    _port: int = field(factory=free_port)
    _ready: bool = False

    def __attrs_post_init__(self) -> None:
        self._api = Api(free_port())
        http = f"tcp:{self._api.port}:interface=127.0.0.1"
        self.process = self._twistd("--http", http)

    def _twistd(self, *words: str) -> ServerProcess:
        twistd = [sys.executable, "-P", "-c", "from twisted.scripts.twistd import run; run()"]
        options = ["-n", "--pidfile=", "daptinmail", "--data-dir", str(self.directory / "data"), *words]
        return ServerProcess([*twistd, *options], self.directory / "log.txt", {"PYTHONPATH": str(CHECKOUT)})

    @property
    def address(self) -> Address:
        """Implicit TLS."""
        return Address(self._port)

    @property
    def clear(self) -> Address:
        """The same port: there is one listener."""
        return Address(self._port, Security.CLEAR)

    def version(self) -> str:
        """Of the parts that the speed depends on."""
        parts = [f"{name} {version(name)}" for name in ("twisted", "pyopenssl", "cryptography")]
        return ", ".join([f"daptinmail {__version__}{_revision()}", *parts, f"Python {platform.python_version()}"])

    def start(self) -> None:
        """Serve; the first time, set up."""
        self.process.start()
        self.process.wait_for_text("HTTP API on")
        if not self._ready:
            self._set_up()
            self._ready = True
        self.process.wait_for_port(self._port)

    def _set_up(self) -> None:
        self._api.become_administrator()
        server = self._api.create(
            "mail_server",
            {
                "hostname": "mail.example.test",
                "is_enabled": True,
                "listen_interface": f"127.0.0.1:{free_port()}",
                "max_size": 60_000_000,
                "max_clients": 100,
                "always_on_tls": True,
                "authentication_required": True,
            },
        )
        self._api.create("mail_account", {"username": USER, "password": PASSWORD}, mail_server_id=server)
        self._api.configure("imap.enabled", "true")
        self._api.configure("imap.listen_interface", f"127.0.0.1:{self._port}")
        self._api.configure("imap.hostname", "imap.example.test")
        self.offer_clear(False)

    def maildir(self, mailbox: str) -> Path:
        """In the account's Maildir++ tree."""
        return next((self.directory / "data" / "mail").glob(f"*/*/.{mailbox}"))

    def adopt(self) -> None:
        """Rows are made by a sub-command, which ends by itself."""
        process = self._twistd("reindex")
        process.start()
        process.wait()

    def offer_clear(self, offered: bool) -> None:
        """STARTTLS instead of implicit TLS."""
        self._api.configure("imps.enabled", "false" if offered else "true")
        self._api.post("/action/world/restart_daptin", {"attributes": {}})

    def stop(self) -> None:
        """End in order."""
        self.process.stop()


def _revision() -> str:
    """Of the checkout, if git knows."""
    command = ["git", "-C", str(CHECKOUT), "describe", "--always", "--dirty"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return f" ({done.stdout.strip()})" if done.returncode == 0 else ""
