"""PyPI's pymap with its Maildir backend, in an environment of its own."""

import hashlib
import subprocess
import sys
from base64 import b64encode
from pathlib import Path

from attrs import define, field

from bench.certificate import write_certificate
from bench.client import Address, Security
from bench.peers.peer import PASSWORD, USER
from bench.processes import ServerProcess, free_port

ROUNDS = 500_000
"""What pymap itself takes."""
HOME = "bench"


@define(eq=False)
class Pymap:
    """STARTTLS on one port."""

    directory: Path
    name: str = "pymap"
    login_in_clear: bool = False
    keeps_crlf: bool = True
    maximum: int = 20_000
    process: ServerProcess = field(init=False)
    _port: int = field(factory=free_port)
    _python: Path = field(init=False)

    def __attrs_post_init__(self) -> None:
        environment = self.directory / "environment"
        self._python = environment / "bin" / "python"
        certificate, key = write_certificate(self.directory)
        subprocess.run([sys.executable, "-m", "venv", environment], check=True)
        subprocess.run([self._python, "-m", "pip", "install", "--quiet", "pymap"], check=True, capture_output=True)
        base = self.directory / "mail"
        base.mkdir()
        (base / "pymap-etc-passwd").write_text(f"{USER}:x:1000:1000::{HOME}:\n")
        (base / "pymap-etc-shadow").write_text(f"{USER}:{_hashed(PASSWORD)}:::::::\n")
        network = ["--host", "127.0.0.1", "--port", str(self._port), "--cert", str(certificate), "--key", str(key)]
        command = [str(environment / "bin" / "pymap"), *network, "maildir", str(base)]
        self.process = ServerProcess(command, self.directory / "log.txt")

    @property
    def address(self) -> Address:
        """STARTTLS."""
        return Address(self._port, Security.STARTTLS)

    @property
    def clear(self) -> Address:
        """No password is taken there."""
        return Address(self._port, Security.CLEAR)

    def version(self) -> str:
        """As pip says."""
        done = subprocess.run([self._python, "-m", "pip", "show", "pymap"], capture_output=True, text=True, check=True)
        lines = dict(line.split(": ", 1) for line in done.stdout.splitlines() if ": " in line)
        return f"pymap {lines['Version']} (Maildir, nothing synced)"

    def start(self) -> None:
        """Serve."""
        self.process.start()
        self.process.wait_for_port(self._port)

    def maildir(self, mailbox: str) -> None:
        """It looks at files of others only in its own time."""

    def adopt(self) -> None:
        """Nothing to adopt."""

    def offer_clear(self, offered: bool) -> None:
        """It always does."""

    def stop(self) -> None:
        """End in order."""
        self.process.stop()


def _hashed(password: str) -> str:
    salt = b"bench and nothing else"
    digest = hashlib.pbkdf2_hmac("sha256", password.encode(), salt, ROUNDS)
    return f"$pbkdf2-sha256${ROUNDS}${b64encode(salt).decode()}${b64encode(digest).decode()}"
