"""Every way to log in, by real clients against one running instance."""

import atexit
import smtplib
import ssl
import tempfile
from collections.abc import Callable, Iterator
from functools import partial
from imaplib import IMAP4, IMAP4_SSL
from pathlib import Path
from typing import Any, ClassVar, TypeVar

from imapclient import IMAPClient
from twisted.trial.unittest import SynchronousTestCase

from daptinmail.net.runtime import SystemClock
from tests.live.harness import PATIENCE, need, run
from tests.live.site import ALICE, BOB, PASSWORD, Site, unverified
from tests.support.client_certificates import Issued, authority, person

T = TypeVar("T")


def following(answers: Iterator[T], challenge: bytes | None = None) -> T:
    """The next answer, whatever was asked."""
    return next(answers)


class LoginTests(SynchronousTestCase):
    """Clients are asked for a certificate here; those without one are served as ever."""

    _shared: ClassVar[list[tuple[Site, Issued, Path]]] = []

    def setUp(self) -> None:
        """One instance for all; it ends with the process."""
        if not self._shared:
            self._shared.append(self.make_site())
        ((self.site, self.authority, self.directory),) = self._shared

    def make_site(self) -> tuple[Site, Issued, Path]:
        """An instance that trusts an authority."""
        directory, site = Path(tempfile.mkdtemp()), Site()
        atexit.register(site.server.stop)
        site.start()
        issuer = authority(SystemClock().now())
        site.server.configure("auth.external.enabled", "true")
        site.server.configure("auth.external.ca_file", issuer.write(directory / "authority.pem"))
        site.server.restart()
        return site, issuer, directory

    def change(self, kind: str, reference: str, **attributes: Any) -> None:
        """Change a row."""
        document = {"data": {"type": kind, "id": reference, "attributes": attributes}}
        status, answer = self.site.server.call("PATCH", f"/api/{kind}/{reference}", document)
        self.assertEqual(status, 200, answer)

    def imap(self, context: ssl.SSLContext | None = None) -> IMAP4:
        """A connection to IMAP."""
        session = IMAP4_SSL("127.0.0.1", self.site.imaps, ssl_context=context or unverified(), timeout=PATIENCE)
        self.addCleanup(session.shutdown)
        return session

    def smtp(self, context: ssl.SSLContext | None = None) -> smtplib.SMTP_SSL:
        """A connection to submission."""
        session = smtplib.SMTP_SSL(
            "127.0.0.1", self.site.submissions, context=context or unverified(), timeout=PATIENCE
        )
        self.addCleanup(session.close)
        session.ehlo()
        return session

    def holding(self, issued: Issued) -> ssl.SSLContext:
        """A client's context with a certificate."""
        context = unverified()
        context.load_cert_chain(issued.write(self.directory / f"{issued.certificate.serial_number}.pem"))
        return context

    def gsasl(self, mechanism: str, password: str, *options: str) -> str:
        """Log in by SMTP with STARTTLS."""
        need("gsasl")
        where = ("--smtp", "--connect", f"127.0.0.1:{self.site.submission}", "--starttls", "--x509-ca-file=")
        who = ("--mechanism", mechanism, "--authentication-id", ALICE, "--password", password)
        return run("gsasl", *where, *who, *options, check=False)

    def test_gsasl(self) -> None:
        """GNU SASL logs in with SCRAM, bound to the TLS channel and not; a wrong password is refused."""
        for mechanism in ("SCRAM-SHA-256-PLUS", "SCRAM-SHA-1-PLUS"):
            self.assertIn("server trusted", self.gsasl(mechanism, PASSWORD))
        for mechanism in ("SCRAM-SHA-256", "SCRAM-SHA-1", "PLAIN", "LOGIN"):
            self.assertIn("server trusted", self.gsasl(mechanism, PASSWORD, "--no-cb"))
        self.assertNotIn("server trusted", self.gsasl("SCRAM-SHA-256-PLUS", "wrong"))

    def test_token(self) -> None:
        """imaplib and smtplib log in with a token of the API; another's account and a forged token stay shut."""
        token = self.site.server.token
        messages: dict[str, Callable[[str, str], str]] = {
            "OAUTHBEARER": lambda user, key: f"n,a={user},\x01host=mail.example.test\x01auth=Bearer {key}\x01\x01",
            "XOAUTH2": lambda user, key: f"user={user}\x01auth=Bearer {key}\x01\x01",
        }
        for mechanism, message in messages.items():
            imap = self.imap()
            opening = iter([message(BOB, token).encode()])
            self.assertEqual(imap.authenticate(mechanism, partial(following, opening))[0], "OK")
            smtp, said = self.smtp(), iter([message(ALICE, token)])
            self.assertEqual(smtp.auth(mechanism, lambda challenge=None, s=said: next(s))[0], 235)
            for user, key in ((ALICE, token[:-2]), ("nobody@example.test", token)):
                answers = iter((message(user, key).encode(), b"\x01"))
                self.assertRaises(IMAP4.error, self.imap().authenticate, mechanism, partial(following, answers))
                replies = iter((message(user, key), "\x01"))
                auth = self.smtp().auth
                self.assertRaises(smtplib.SMTPAuthenticationError, auth, mechanism, partial(following, replies))

    def test_imapclient_token(self) -> None:
        """IMAPClient's own OAuth works."""
        client = IMAPClient("127.0.0.1", self.site.imaps, ssl_context=unverified(), timeout=PATIENCE)
        self.addCleanup(client.shutdown)
        client.oauthbearer_login(ALICE, self.site.server.token)
        self.assertIn(b"INBOX", repr(client.list_folders()).encode())

    def test_certificate_by_fingerprint(self) -> None:
        """A certificate that an account row names opens that account, over IMAP and SMTP, and no other."""
        mine = person("somebody@elsewhere.test", authority(SystemClock().now(), "Somebody else"), SystemClock().now())
        self.assertRaises(IMAP4.error, self.imap(self.holding(mine)).authenticate, "EXTERNAL", lambda _: b"")
        self.change("mail_account", self.site.ids[BOB], certificate_fingerprint=mine.fingerprint)
        session = self.imap(self.holding(mine))
        self.assertIn("AUTH=EXTERNAL", session.capabilities)
        self.assertEqual(session.authenticate("EXTERNAL", lambda _: b"")[0], "OK")
        self.assertEqual(self.smtp(self.holding(mine)).auth("EXTERNAL", lambda challenge=None: BOB)[0], 235)
        self.assertRaises(IMAP4.error, self.imap(self.holding(mine)).authenticate, "EXTERNAL", lambda _: ALICE.encode())
        starting = smtplib.SMTP("127.0.0.1", self.site.submission, timeout=PATIENCE)
        self.addCleanup(starting.close)
        starting.starttls(context=self.holding(mine))
        starting.ehlo()
        self.assertEqual(starting.auth("EXTERNAL", lambda challenge=None: BOB)[0], 235)

    def test_certificate_by_authority(self) -> None:
        """A certificate of the trusted authority opens the account of its e-mail address."""
        mine = person(ALICE, self.authority, SystemClock().now())
        self.assertEqual(self.imap(self.holding(mine)).authenticate("EXTERNAL", lambda _: b"")[0], "OK")
        forged = person(ALICE, authority(SystemClock().now()), SystemClock().now())
        self.assertRaises(IMAP4.error, self.imap(self.holding(forged)).authenticate, "EXTERNAL", lambda _: b"")

    def test_no_certificate(self) -> None:
        """Who has no certificate is not bothered, and is not offered EXTERNAL."""
        session = self.imap()
        self.assertNotIn("AUTH=EXTERNAL", session.capabilities)
        session.login(BOB, PASSWORD)
        self.assertNotIn("EXTERNAL", self.smtp().esmtp_features["auth"])

    def test_app_password(self) -> None:
        """An app password is shown once, opens what it is for, and is shut at once when revoked, with its sessions."""
        server = self.site.server
        links = {"mail_account_id": {"data": {"type": "mail_account", "id": self.site.ids[BOB]}}}
        attributes = {"name": "telephone", "protocols": "imap"}
        document = {"data": {"type": "mail_app_password", "attributes": attributes, "relationships": links}}
        status, made = server.call("POST", "/api/mail_app_password", document)
        self.assertEqual(status, 201, made)
        secret, reference = made["data"]["attributes"]["password"], made["data"]["id"]
        self.assertNotIn(secret, repr(server.call("GET", f"/api/mail_app_password/{reference}")))
        self.assertNotIn(secret, repr(server.list("mail_app_password")))
        session = self.imap()
        session.login(BOB, secret)
        self.assertRaises(smtplib.SMTPAuthenticationError, self.smtp().login, BOB, secret)
        self.assertEqual(server.call("DELETE", f"/api/mail_app_password/{reference}")[0], 200)
        self.assertRaises(IMAP4.error, session.noop)
        self.assertRaises(IMAP4.error, self.imap().login, BOB, secret)

    def test_password_change_ends_sessions(self) -> None:
        """Whoever is logged in with the old password, over IMAP or SMTP, is out; others stay."""
        username = "carol@example.test"
        self.site.add_account(username)
        imap, smtp, other = self.imap(), self.smtp(), self.imap()
        imap.login(username, PASSWORD)
        smtp.login(username, PASSWORD)
        other.login(ALICE, PASSWORD)
        self.change("mail_account", self.site.ids[username], password="something else")
        self.assertRaises(IMAP4.error, imap.noop)
        self.assertRaises(smtplib.SMTPServerDisconnected, lambda: [smtp.noop() for _ in range(2)])
        self.assertEqual(other.noop()[0], "OK")
        self.imap().login(username, "something else")
