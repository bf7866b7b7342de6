"""The whole server with its rows in PostgreSQL. Skipped where that is not installed."""

import smtplib
from typing import Any
from urllib.parse import quote

from twisted.trial.unittest import SynchronousTestCase

from daptinmail.db.engine import open_engine
from daptinmail.db.migrate import migrate
from tests.live.harness import PATIENCE, free_port
from tests.live.peers import Peers
from tests.live.site import ALICE, BOB, Site, message
from tests.live.test_commandline import CommandLineCase
from tests.support.postgresql import GUARDED, PASSWORD, postgresql_server

THEM = "them@elsewhere.test"


def with_password(url: str, password: str = PASSWORD) -> str:
    """The URL with a password in it."""
    return url.replace(f"{GUARDED}@", f"{GUARDED}:{quote(password)}@")


class PostgresqlTests(SynchronousTestCase):
    """Everything that works with SQLite."""

    def setUp(self) -> None:
        """A database server; its place for us wants a password."""
        self.database = postgresql_server()
        self.url = self.database.database(GUARDED)

    def start(self, *options: str) -> None:
        """A configured instance."""
        self.site = Site(*options)
        self.addCleanup(self.site.server.stop)
        self.site.start()

    def inbox(self, username: str = BOB) -> list[bytes]:
        """The subjects in an INBOX."""
        session = self.site.login(username)
        self.assertEqual(session.select("INBOX", readonly=True)[0], "OK")
        _, answers = session.fetch("1:*", "(BODY.PEEK[HEADER.FIELDS (SUBJECT)])")
        session.logout()
        return [answer[1].strip() for answer in answers if isinstance(answer, tuple)]

    def submit(self, subject: str, recipient: str = BOB) -> None:
        """Send one message as Alice."""
        with self.site.smtps() as session:
            session.sendmail(ALICE, [recipient], message(subject, recipient=recipient))

    def outbox(self) -> Any:
        """The only row."""
        (row,) = self.site.server.list("outbox", "sort=-next_retry_at,to_address&filter=ELSEWHERE")
        return row

    def test_journeys(self) -> None:
        """Mail is sent, read, kept for later and delivered; all of it survives a restart and kill -9."""
        port = free_port()
        records = {"elsewhere.test": {"MX": [(10, "mx.elsewhere.test")]}, "mx.elsewhere.test": {"A": ["127.0.0.2"]}}
        peers = Peers(records, {"127.0.0.2": {".": "451 4.3.0 not now"}}, port)
        self.addCleanup(peers.stop)
        self.start("--database", with_password(self.url), "--resolver", peers.dns)
        self.site.server.configure("mail.outbound.port", str(port))
        self.site.server.configure("mail.outbound.allow_loopback", "true")
        self.submit("local")
        self.submit("abroad", THEM)
        self.site.server.call("POST", "/action/outbox/process_outbox", {})
        row = self.outbox()
        self.assertEqual((row["sent"], row["retry_count"]), (False, 1))
        self.site.server.restart()
        self.site.server.kill()
        peers.set_replies("127.0.0.2", {})
        self.site.server.start()
        self.assertEqual(self.inbox(), [b"Subject: local"])
        path = f"/api/outbox/{row['reference_id']}"
        due = {"type": "outbox", "id": row["reference_id"], "attributes": {"next_retry_at": "2020-01-01T00:00:00Z"}}
        self.assertEqual(self.site.server.call("PATCH", path, {"data": due})[0], 200)
        self.site.server.call("POST", "/action/outbox/process_outbox", {})
        self.assertIn("Subject: abroad", peers.next_message()["message"])
        self.assertTrue(self.outbox()["sent"])
        self.site.server.stop()
        self.assert_no_password()

    def assert_no_password(self) -> None:
        """Neither in the log nor in any file."""
        assert self.site.server.process is not None
        written = "\n".join(self.site.server.process.lines)
        files = [path for path in self.site.server.data_dir.rglob("*") if path.is_file()]
        for text in (written.encode(), *(path.read_bytes() for path in files)):
            for secret in (PASSWORD, quote(PASSWORD)):
                self.assertNotIn(secret.encode(), text)

    def test_outage(self) -> None:
        """While the database is away clients are told to come again; when it is back, so is everything.

        The password is not on the command line.
        """
        self.site = Site("--database", self.url)
        self.site.server.command[:0] = ["env", f"PGPASSWORD={PASSWORD}"]
        self.addCleanup(self.site.server.stop)
        self.site.start()
        reading = self.site.login(BOB)
        reading.select("INBOX")
        with smtplib.SMTP("127.0.0.1", self.site.mx, timeout=PATIENCE) as sending, self.site.smtps() as submitting:
            sending.ehlo()
            self.database.stop()
            with self.assertRaises(smtplib.SMTPAuthenticationError) as refused:
                self.site.smtps()
            self.assertEqual(refused.exception.smtp_code, 454)
            sending.mail("x@outside.test")
            self.assertEqual(sending.rcpt(BOB)[0], 451)
            self.assertRaises(smtplib.SMTPRecipientsRefused, submitting.sendmail, ALICE, [BOB], message("lost"))
            status, answer = reading.append("INBOX", "", "", b"Subject: lost\r\n\r\n")
            self.assertEqual((status, answer[0][:13]), ("NO", b"[UNAVAILABLE]"))
            self.assertEqual(self.site.server.call("GET", "/api/mail")[0], 503)
            self.assertEqual(self.site.server.call("POST", "/_config/backend/hostname", raw=b"x.test")[0], 503)
            self.database.start()
            sending.rset()
            sending.sendmail("x@outside.test", [BOB], message("received", sender="x@outside.test"))
            submitting.sendmail(ALICE, [BOB], message("submitted"))
            self.assertEqual(reading.append("INBOX", "", "", b"Subject: appended\r\n\r\n")[0], "OK")
        reading.logout()
        self.assertEqual(self.inbox(), [b"Subject: received", b"Subject: submitted", b"Subject: appended"])
        self.assertEqual(len(self.site.server.restart()), 2)
        self.assertEqual(len(self.site.server.list("mail_account")), 2)


class PostgresqlCommandLineTests(CommandLineCase):
    """A database that cannot be used is told in one line, without a password."""

    def setUp(self) -> None:
        """A database server."""
        super().setUp()
        self.url = postgresql_server().database(GUARDED)

    def assert_refused(self, url: str, contains: str) -> None:
        """The start fails so."""
        http = f"tcp:{free_port()}:interface=127.0.0.1"
        said = self.assert_one_line("--http", http, "--database", url, contains=contains)
        for secret in ("wrong", PASSWORD, quote(PASSWORD)):
            self.assertNotIn(secret, said)

    def test_wrong_password(self) -> None:
        """As the database says."""
        self.assert_refused(with_password(self.url, "wrong"), "password authentication failed")

    def test_unreachable(self) -> None:
        """Nobody listens there."""
        self.assert_refused(f"postgresql://{GUARDED}@127.0.0.1:{free_port()}/x?password=wrong", "Connection refused")

    def test_newer(self) -> None:
        """A newer version's tables are left alone."""
        url = with_password(self.url)
        engine = open_engine(url)
        migrate(engine)
        with engine.begin() as connection:
            connection.exec_driver_sql("UPDATE alembic_version SET version_num = 'f00f'")
        engine.dispose()
        self.assert_refused(url, "newer")

    def test_no_driver(self) -> None:
        """Which package is missing."""
        (self.directory / "psycopg.py").write_text("raise ImportError")
        self.assert_refused(with_password(self.url), "pip install")
