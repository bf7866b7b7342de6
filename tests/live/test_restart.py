"""Restart is a reconcile: what did not change goes on, what changed is applied, what fails hurts nothing else."""

import smtplib
import socket

from imapclient import IMAPClient
from twisted.trial.unittest import SynchronousTestCase

from tests.live.harness import PATIENCE, free_port
from tests.live.site import ALICE, BOB, PASSWORD, Site, message, unverified


class RestartTests(SynchronousTestCase):
    """``restart_daptin`` on a running instance."""

    def setUp(self) -> None:
        """A running instance."""
        self.site = Site()
        self.addCleanup(self.site.server.stop)
        self.site.start()

    def change(self, hostname: str, **attributes: object) -> None:
        """Change a server row."""
        identifier = self.site.ids[hostname]
        document = {"data": {"type": "mail_server", "id": identifier, "attributes": attributes}}
        status, answer = self.site.server.call("PATCH", f"/api/mail_server/{identifier}", document)
        assert status == 200, answer

    def row(self, hostname: str) -> dict[str, object]:
        """A server row."""
        status, answer = self.site.server.call("GET", f"/api/mail_server/{self.site.ids[hostname]}")
        assert status == 200, answer
        found: dict[str, object] = answer["data"]["attributes"]
        return found

    def test_idle_survives(self) -> None:
        """A session in IDLE on an unchanged listener survives a restart and still gets its next EXISTS."""
        with IMAPClient("127.0.0.1", self.site.imaps, ssl_context=unverified(), timeout=PATIENCE) as client:
            client.login(BOB, PASSWORD)
            client.select_folder("INBOX")
            client.idle()
            self.change("sub.example.test", max_size=1000)
            self.site.server.restart()
            with self.site.smtps() as session:
                session.sendmail(ALICE, [BOB], message("after restart"))
            pushed = client.idle_check(timeout=PATIENCE)
            client.idle_done()
            self.assertIn((1, b"EXISTS"), pushed)

    def test_taken_address(self) -> None:
        """A listener whose address is taken is reported in the answer and in the row; the others serve."""
        with socket.create_server(("127.0.0.1", free_port())) as taken:
            port = taken.getsockname()[1]
            self.site.add_server("late.example.test", port)
            answer = self.site.server.restart()
        self.assertEqual([item["ResponseType"] for item in answer[:2]], ["client.notify", "client.redirect"])
        self.assertIn("late.example.test", str(answer[2:]))
        row = self.row("late.example.test")
        self.assertEqual(row["status"], "failed")
        self.assertIn("in use", str(row["status_message"]))
        self.assertEqual(self.row("mail.example.test")["status"], "listening")
        with self.site.smtps() as session:
            session.noop()
        self.assertEqual(len(self.site.server.restart()), 2)
        self.assertEqual(self.row("late.example.test")["status"], "listening")

    def test_settings_apply_at_restart(self) -> None:
        """``max_size``, ``is_enabled`` and ``authentication_required`` do what they say from the restart on."""
        self.change("mail.example.test", max_size=2000)
        self.change("mx.example.test", authentication_required=True)
        self.change("sub.example.test", is_enabled=False)
        self.site.server.restart()
        with self.site.smtps() as session, self.assertRaises(smtplib.SMTPResponseException) as refused:
            session.sendmail(ALICE, [BOB], message("big", body="x" * 70 + "\r\n" + "y" * 2000))
        self.assertEqual(refused.exception.smtp_code, 552)
        self.assertTrue(refused.exception.smtp_error.startswith(b"5.3.4"))
        with smtplib.SMTP("127.0.0.1", self.site.mx, timeout=PATIENCE) as session:
            session.ehlo()
            session.mail("x@outside.test")
            self.assertEqual(session.rcpt(BOB), (554, b"5.7.1 Client host rejected: Access denied"))
        with self.assertRaises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", self.site.submission), timeout=PATIENCE)
        self.assertEqual(self.row("sub.example.test")["status"], "disabled")

    def test_max_clients(self) -> None:
        """One connection more than ``max_clients`` is told to come back."""
        self.change("mx.example.test", max_clients=1)
        self.site.server.restart()
        with smtplib.SMTP("127.0.0.1", self.site.mx, timeout=PATIENCE) as first:
            first.noop()
            with self.assertRaises(smtplib.SMTPConnectError) as refused:
                smtplib.SMTP("127.0.0.1", self.site.mx, timeout=PATIENCE)
            self.assertEqual(refused.exception.smtp_code, 421)

    def test_imap_moves(self) -> None:
        """Quoted and unquoted values, STARTTLS on 1143-like ports, implicit TLS with imps.enabled."""
        self.site.server.configure("imps.enabled", "false")
        self.site.server.configure("imap.enabled", "true")
        self.site.server.configure("imap.listen_interface", f'"127.0.0.1:{self.site.imap}"')
        self.site.server.restart()
        with IMAPClient("127.0.0.1", self.site.imap, ssl=False, timeout=PATIENCE) as client:
            self.assertIn(b"LOGINDISABLED", client.capabilities())
            client.starttls(unverified())
            client.login(BOB, PASSWORD)
            self.assertIn(b"IDLE", client.capabilities())
        with self.assertRaises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", self.site.imaps), timeout=PATIENCE)

    def test_new_account_at_once(self) -> None:
        """Accounts and passwords need no restart."""
        self.site.add_account("carol@example.test")
        with self.site.smtps() as session:
            session.sendmail(ALICE, ["carol@example.test"], message("welcome"))
        reader = self.site.login("carol@example.test")
        self.assertEqual(reader.select("INBOX")[1], [b"1"])
        reader.logout()
