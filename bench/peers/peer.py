"""What the benchmark asks of each server."""

from pathlib import Path
from typing import Protocol

from bench.client import Address
from bench.processes import ServerProcess

USER = "bench@example.test"
PASSWORD = "correct horse battery"


class Peer(Protocol):
    """A server with one account, ``USER``, whose data lie in a directory of its own."""

    name: str
    login_in_clear: bool
    """False if the server takes no password without TLS."""
    keeps_crlf: bool
    """True if its message files have CRLF."""
    maximum: int
    """Mailboxes larger than this are not asked of it: it would take hours."""

    @property
    def address(self) -> Address:
        """Where clients go, under TLS."""

    @property
    def clear(self) -> Address:
        """Where clients go who do not want TLS, once ``offer_clear`` was called."""

    @property
    def process(self) -> ServerProcess:
        """The running server."""

    def version(self) -> str:
        """Of the software, with what matters of its build."""

    def start(self) -> None:
        """Make the account if it is not there, and serve."""

    def maildir(self, mailbox: str) -> Path | None:
        """Where files may be put while it does not run; ``None`` if it does not find them by itself."""

    def adopt(self) -> None:
        """Do what an operator does after files were put there."""

    def offer_clear(self, offered: bool) -> None:
        """Take connections without TLS, perhaps instead of those with."""

    def stop(self) -> None:
        """End in order."""
