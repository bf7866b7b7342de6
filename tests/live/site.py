"""A configured instance for the live tests: submission, reception and IMAP on free ports, two accounts."""

import atexit
import smtplib
import ssl
import tempfile
from imaplib import IMAP4, IMAP4_SSL
from pathlib import Path
from typing import ClassVar

from twisted.trial.unittest import SynchronousTestCase

from tests.live.harness import PATIENCE, Server, free_port

PASSWORD = "correct horse battery"
ALICE = "alice@example.test"
BOB = "bob@example.test"


def unverified() -> ssl.SSLContext:
    """A client context that takes the self-signed certificate."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


class Site:
    """Servers ``mail`` (implicit TLS), ``sub`` (STARTTLS), both authenticated, and ``mx`` (open); IMAPS."""

    def __init__(self, *options: str) -> None:
        self.directory = Path(tempfile.mkdtemp(prefix="daptinmail-live-"))
        self.server = Server(self.directory / "data", *options)
        self.submissions, self.submission, self.mx, self.imaps, self.imap = (free_port() for _ in range(5))
        self.ids: dict[str, str] = {}

    def start(self) -> None:
        """Run and configure it over HTTP."""
        self.server.start()
        self.server.become_administrator()
        self.add_server("mail.example.test", self.submissions, always_on_tls=True, authentication_required=True)
        self.add_server("sub.example.test", self.submission, always_on_tls=False, authentication_required=True)
        self.add_server("mx.example.test", self.mx, always_on_tls=False, authentication_required=False)
        for username in (ALICE, BOB):
            self.add_account(username)
        self.server.configure("imps.enabled", "true")
        self.server.configure("imap.listen_interface", f"127.0.0.1:{self.imaps}")
        self.server.configure("imap.hostname", "imap.example.test")
        self.server.restart()

    def add_server(self, hostname: str, port: int, **attributes: object) -> None:
        """One ``mail_server`` row on loopback."""
        self.ids[hostname] = self.server.create(
            "mail_server",
            {
                "hostname": hostname,
                "is_enabled": True,
                "listen_interface": f"127.0.0.1:{port}",
                "max_size": 60_000_000,
                "max_clients": 100,
                **attributes,
            },
        )

    def add_account(self, username: str) -> None:
        """One account."""
        self.ids[username] = self.server.create(
            "mail_account", {"username": username, "password": PASSWORD}, mail_server_id=self.ids["mail.example.test"]
        )

    def smtps(self, username: str | None = ALICE) -> smtplib.SMTP_SSL:
        """A submission session, logged in."""
        session = smtplib.SMTP_SSL("127.0.0.1", self.submissions, context=unverified(), timeout=PATIENCE)
        if username:
            session.login(username, PASSWORD)
        return session

    def login(self, username: str = ALICE, password: str = PASSWORD) -> IMAP4:
        """An IMAP session, logged in."""
        session = IMAP4_SSL("127.0.0.1", self.imaps, ssl_context=unverified(), timeout=PATIENCE)
        session.login(username, password)
        return session

    def certificate(self) -> Path:
        """A file with the IMAP certificate, for clients that pin it."""
        path = self.directory / "imap.pem"
        if not path.exists():
            path.write_text(ssl.get_server_certificate(("127.0.0.1", self.imaps)))
        return path


class SharedSite(SynchronousTestCase):
    """A case whose tests, like those of all such cases in a process, use one instance; it ends with the process."""

    _shared: ClassVar[list[Site]] = []

    def setUp(self) -> None:
        """The first test starts it."""
        if not self._shared:
            site = Site()
            atexit.register(site.server.stop)
            site.start()
            self._shared.append(site)
        (self.site,) = self._shared


def message(subject: str, sender: str = ALICE, recipient: str = BOB, body: str = "Hello.") -> str:
    """A small message."""
    return f"From: {sender}\r\nTo: {recipient}\r\nSubject: {subject}\r\n\r\n{body}\r\n"
