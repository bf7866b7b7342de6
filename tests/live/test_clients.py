"""Real clients against one running instance."""

import imaplib
import smtplib

from imapclient import IMAPClient

from tests.live.harness import PATIENCE, need, run
from tests.live.site import ALICE, BOB, PASSWORD, SharedSite, message, unverified


class ClientTests(SharedSite):
    """Each client does what its user would do."""

    def inbox(self, username: str = BOB) -> list[bytes]:
        """All messages in the INBOX."""
        session = self.site.login(username)
        self.addCleanup(session.logout)
        session.select("INBOX", readonly=True)
        _, answers = session.fetch("1:*", "(BODY.PEEK[])")
        return [answer[1] for answer in answers if isinstance(answer, tuple)]

    def assert_arrived(self, subject: str, username: str = BOB) -> bytes:
        """The one message with this subject."""
        found = [content for content in self.inbox(username) if f"Subject: {subject}".encode() in content]
        self.assertEqual(len(found), 1, subject)
        return found[0]

    def test_swaks_implicit_tls(self) -> None:
        """swaks submits over implicit TLS with AUTH LOGIN; a wrong password is refused."""
        need("swaks")
        common = ("swaks", "--server", f"127.0.0.1:{self.site.submissions}", "--tls-on-connect", "--from", ALICE)
        login = (*common, "--to", BOB, "--auth", "LOGIN", "--auth-user", ALICE, "--auth-password")
        output = run(*login, PASSWORD, "--header", "Subject: swaks-login")
        self.assertIn("Authentication succeeded", output)
        self.assert_arrived("swaks-login")
        self.assertIn("535 5.7.0 Invalid login or password", run(*login, "wrong", check=False))

    def test_swaks_starttls(self) -> None:
        """swaks submits after STARTTLS with AUTH PLAIN."""
        need("swaks")
        output = run(
            *(
                "swaks",
                "--server",
                f"127.0.0.1:{self.site.submission}",
                "--tls",
                "--auth",
                "PLAIN",
                "--auth-user",
                ALICE,
            ),
            *("--auth-password", PASSWORD, "--from", ALICE, "--to", BOB, "--header", "Subject: swaks-starttls"),
            *("--pipeline",),
        )
        self.assertRegex(output, r"250 2\.0\.0 OK: queued as [0-9a-f]{32}")
        self.assertIn(b"ESMTPSA", self.assert_arrived("swaks-starttls"))

    def test_swaks_reception(self) -> None:
        """An outside host delivers to a local recipient, and nothing else."""
        need("swaks")
        common = ("swaks", "--server", f"127.0.0.1:{self.site.mx}", "--from", "stranger@outside.test", "--to")
        run(*common, BOB, "--header", "Subject: swaks-mx")
        content = self.assert_arrived("swaks-mx")
        self.assertTrue(content.startswith(b"Return-Path: <stranger@outside.test>"), content[:200])
        self.assertIn("550 5.1.1", run(*common, "nobody@example.test", check=False))
        for other in ("them@elsewhere.test", '"them@elsewhere.test"@example.test', "them%elsewhere.test@example.test"):
            self.assertRegex(run(*common, other, check=False), r"<\*\* 55\d 5\.\d\.\d")

    def test_auth_needs_tls(self) -> None:
        """AUTH is neither offered nor taken in clear."""
        with smtplib.SMTP("127.0.0.1", self.site.submission, timeout=PATIENCE) as session:
            session.ehlo()
            self.assertNotIn("auth", session.esmtp_features)
            code, _ = session.docmd("AUTH PLAIN AGFsaWNlAHg=")
            self.assertEqual(code, 538)

    def test_curl(self) -> None:
        """curl sends by SMTPS, then lists and reads by IMAPS."""
        need("curl")
        user = ("curl", "-sSk", "--user", f"{ALICE}:{PASSWORD}")
        run(
            *user,
            *(f"smtps://127.0.0.1:{self.site.submissions}", "--mail-from", ALICE, "--mail-rcpt", ALICE, "-T", "-"),
            text=message("curl", recipient=ALICE),
        )
        imap = f"imaps://127.0.0.1:{self.site.imaps}"
        self.assertIn("INBOX", run(*user, f"{imap}/"))
        found = run(*user, f"{imap}/INBOX?SUBJECT%20curl").split()
        self.assertEqual(len(found), 3, found)
        self.assertIn("Subject: curl", run(*user, f"{imap}/INBOX;MAILINDEX={found[-1]}"))

    def test_openssl(self) -> None:
        """openssl s_client sees the certificate of the name it asked for, on all three kinds of port."""
        need("openssl")
        for port, name, options in (
            (self.site.submissions, "mail.example.test", ()),
            (self.site.submission, "sub.example.test", ("-starttls", "smtp")),
            (self.site.imaps, "imap.example.test", ()),
        ):
            output = run(
                *("openssl", "s_client", "-connect", f"127.0.0.1:{port}", "-servername", name, *options),
                text="QUIT\r\n",
                check=False,
            )
            self.assertRegex(output, rf"subject=.*CN ?= ?{name}")
            self.assertRegex(output, r"TLSv1\.3")

    def test_smtplib(self) -> None:
        """smtplib sends to several recipients with non-ASCII content; each gets one copy, the sender one in Sent."""
        with self.site.smtps() as session:
            text = message("smtplib", body="Grüße\r\n.\r\n..dots").encode()
            self.assertEqual(session.sendmail(ALICE, [ALICE, BOB], text, mail_options=["BODY=8BITMIME"]), {})
        content = self.assert_arrived("smtplib")
        self.assertTrue(content.endswith("Grüße\r\n.\r\n..dots\r\n".encode()), content[-60:])
        self.assertIn(b"\r\nMessage-ID: <", content)
        self.assertIn(b"\r\nDate: ", content)
        self.assertIn(b"DKIM-Signature:", content)
        self.assert_arrived("smtplib", ALICE)
        reader = self.site.login()
        self.addCleanup(reader.logout)
        reader.select("Sent", readonly=True)
        self.assertEqual(len(reader.search(None, "SUBJECT", "smtplib")[1][0].split()), 1)

    def test_sender_must_be_own(self) -> None:
        """An account cannot send as another, neither in MAIL FROM nor in From."""
        with self.site.smtps() as session:
            with self.assertRaises(smtplib.SMTPSenderRefused):
                session.sendmail(BOB, [BOB], message("forged"))
            with self.assertRaises(smtplib.SMTPDataError):
                session.sendmail(ALICE, [BOB], message("forged", sender=BOB))

    def test_imaplib(self) -> None:
        """imaplib: append, search, flags, copy, expunge."""
        session = self.site.login()
        self.addCleanup(session.logout)
        self.assertEqual(session.create("Projects/2026")[0], "OK")
        date = imaplib.Time2Internaldate(1_700_000_000)
        status, answer = session.append("Projects/2026", r"(\Seen)", date, message("imaplib").encode())
        self.assertEqual(status, "OK")
        self.assertIn(b"APPENDUID", answer[0])
        self.assertEqual(session.select("Projects/2026"), ("OK", [b"1"]))
        self.assertEqual(session.search(None, "SEEN", "SUBJECT", "imaplib"), ("OK", [b"1"]))
        self.assertIn(b'"14-Nov-2023 22:13:20 +0000"', session.fetch("1", "(INTERNALDATE)")[1][0])
        self.assertEqual(session.copy("1", "Archive")[0], "OK")
        session.store("1", "+FLAGS", r"(\Deleted)")
        self.assertEqual(session.expunge(), ("OK", [b"1"]))
        self.assertEqual(session.select("Archive", readonly=True), ("OK", [b"1"]))

    def test_imapclient(self) -> None:
        """IMAPClient: special-use folders, move, idle."""
        with IMAPClient("127.0.0.1", self.site.imaps, ssl_context=unverified(), timeout=PATIENCE) as client:
            client.login(BOB, PASSWORD)
            for flag, name in (
                (b"\\Sent", "Sent"),
                (b"\\Drafts", "Drafts"),
                (b"\\Trash", "Trash"),
                (b"\\Archive", "Archive"),
                (b"\\Junk", "Spam"),
            ):
                self.assertEqual(client.find_special_folder(flag), name)
            client.append("Drafts", message("imapclient").encode(), [b"\\Draft"])
            client.select_folder("Drafts")
            client.move(client.search(["SUBJECT", "imapclient"]), "Trash")
            self.assertEqual(client.search(), [])
            client.select_folder("INBOX")
            client.idle()
            with self.site.smtps() as session:
                session.sendmail(ALICE, [BOB], message("idle-push"))
            pushed = client.idle_check(timeout=PATIENCE)
            client.idle_done()
            self.assertIn(b"EXISTS", [item[1] for item in pushed if len(item) > 1])

    def test_mbsync(self) -> None:
        """mbsync pulls a mailbox into a Maildir, pushes a new message, and converges."""
        need("mbsync")
        directory = self.site.directory / "mbsync"
        (directory / "mail").mkdir(parents=True)
        configuration = directory / "mbsyncrc"
        configuration.write_text(
            f"""IMAPAccount site
Host 127.0.0.1
Port {self.site.imaps}
User {ALICE}
Pass "{PASSWORD}"
SSLType IMAPS
CertificateFile {self.site.certificate()}

IMAPStore far
Account site

MaildirStore near
Path {directory}/mail/
Inbox {directory}/mail/INBOX
SubFolders Verbatim

Channel all
Far :far:
Near :near:
Patterns Sync*
Create Both
Expunge Both
SyncState *
"""
        )
        session = self.site.login()
        session.create("Sync")
        for number in range(5):
            session.append("Sync", "", "", message(f"far-{number}").encode())
        sync = ("mbsync", "-c", str(configuration), "-a")
        run(*sync)
        near = directory / "mail" / "Sync"
        self.assertEqual(len(list(near.glob("[cn]*/*"))), 5)
        (near / "new" / "1700000000.1.here").write_text(message("near").replace("\r\n", "\n"))
        session.select("Sync")
        session.store("1", "+FLAGS", r"(\Flagged \Deleted)")
        session.expunge()
        run(*sync)
        session.select("Sync")
        self.assertEqual(session.search(None, "SUBJECT", "near")[1][0].split(), [b"5"])
        self.assertEqual(len(list(near.glob("[cn]*/*"))), 5)
        session.logout()

    def test_neomutt(self) -> None:
        """neomutt opens the INBOX over IMAPS and saves a copy of a message."""
        need("neomutt")
        with self.site.smtps() as session:
            session.sendmail(ALICE, [BOB], message("neomutt"))
        directory = self.site.directory / "neomutt"
        directory.mkdir()
        saved = directory / "saved"
        settings = (
            f'set folder={directory} record="" postponed={directory}/postponed',
            "set ssl_verify_host=no ssl_force_tls=yes",
            f"set certificate_file={self.site.certificate()}",
            f'set imap_user="{BOB}" imap_pass="{PASSWORD}"',
            "set sort=date-received delete=no confirmappend=no confirmcreate=no copy=no mbox_type=mbox",
            f'folder-hook . "push <last-entry><copy-message><kill-line>{saved}<enter><exit>"',
        )
        (directory / "rc").write_text("\n".join(settings) + "\n")
        run(
            *(
                "script",
                "-qec",
                f"env TERM=xterm HOME={directory} neomutt -n -F {directory}/rc -f imaps://127.0.0.1:{self.site.imaps}/INBOX",
                "/dev/null",
            ),
            check=False,
        )
        self.assertIn("Subject: neomutt", saved.read_text())
