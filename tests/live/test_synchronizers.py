"""Programs that keep two mail stores alike, and ones that fetch: each does what its user would do."""

import os
import pwd
import shutil
import tempfile
from pathlib import Path

from tests.live.harness import need, run
from tests.live.site import ALICE, BOB, PASSWORD, SharedSite, message


class SynchronizerTests(SharedSite):
    """One instance for all; each test has mailboxes of its own."""

    def place(self, name: str) -> Path:
        """A directory of its own, for its owner only."""
        path = self.site.directory / name
        path.mkdir(mode=0o700)
        return path

    def fill(self, mailbox: str, count: int, username: str = ALICE) -> None:
        """A mailbox with messages ``<mailbox>-0`` and on; every third is flagged."""
        session = self.site.login(username)
        session.create(mailbox)
        for number in range(count):
            session.append(mailbox, "" if number % 3 else r"(\Flagged)", "", message(f"{mailbox}-{number}").encode())
        session.logout()

    def subjects(self, mailbox: str, *criteria: str) -> list[str]:
        """The subjects of the messages that meet the criteria."""
        session = self.site.login()
        session.select(mailbox, readonly=True)
        numbers = session.search(None, *(criteria or ("ALL",)))[1][0].decode().replace(" ", ",")
        answers = session.fetch(numbers, "(BODY[HEADER.FIELDS (SUBJECT)])")[1] if numbers else []
        session.logout()
        return sorted(answer[1].decode().split()[1] for answer in answers if isinstance(answer, tuple))

    def test_offlineimap(self) -> None:
        """offlineimap copies a mailbox, then takes changes of both sides over, deletions and flags too."""
        need("offlineimap")
        self.fill("Offline", 4)
        place = self.place("offlineimap")
        (place / "rc").write_text(
            f"""[general]
accounts = site
metadata = {place}/state
ui = basic
[Account site]
localrepository = near
remoterepository = far
[Repository near]
type = Maildir
localfolders = {place}/mail
[Repository far]
type = IMAP
remotehost = 127.0.0.1
remoteport = {self.site.imaps}
remoteuser = {ALICE}
remotepass = {PASSWORD}
ssl = yes
cert_fingerprint = {self.fingerprint()}
folderfilter = lambda name: name == "Offline"
"""
        )
        sync = ("env", "-u", "PYTHONPATH", "offlineimap", "-c", str(place / "rc"), "-o")
        run(*sync)
        near = place / "mail" / "Offline"
        self.assertEqual(len(list(near.glob("[cn]*/*"))), 4)
        self.assertEqual(sum("F" in path.name.rpartition(",")[2] for path in near.glob("[cn]*/*")), 2)
        (near / "new" / "1700000000.1.here").write_text(message("near").replace("\r\n", "\n"))
        session = self.site.login()
        session.select("Offline")
        session.store("1", "+FLAGS", r"(\Deleted)")
        session.expunge()
        session.store("1", "+FLAGS", r"(\Answered)")
        session.logout()
        run(*sync)
        self.assertEqual(self.subjects("Offline"), ["Offline-1", "Offline-2", "Offline-3", "near"])
        self.assertEqual(len(list(near.glob("[cn]*/*"))), 4)
        self.assertEqual(sum("R" in path.name.rpartition(",")[2] for path in near.glob("[cn]*/*")), 1)

    def fingerprint(self) -> str:
        """SHA-1 of the certificate, as offlineimap wants it."""
        output = run("openssl", "x509", "-in", str(self.site.certificate()), "-noout", "-fingerprint", "-sha1")
        return output.rpartition("=")[2].strip().replace(":", "").lower()

    def test_fetchmail(self) -> None:
        """fetchmail takes the unseen messages of a mailbox and marks them seen, once."""
        need("fetchmail")
        self.fill("Fetch", 3)
        place = self.place("fetchmail")
        (place / "rc").write_text(
            f"""poll 127.0.0.1 protocol IMAP port {self.site.imaps}
username "{ALICE}" password "{PASSWORD}" ssl sslproto 'auto' no sslcertck folder Fetch keep
mda "cat >> {place}/taken"
"""
        )
        (place / "rc").chmod(0o600)
        fetch = ("env", f"HOME={place}", "fetchmail", "-f", str(place / "rc"), "--pidfile", str(place / "pid"))
        run(*fetch, check=False)
        self.assertEqual((place / "taken").read_text().count("Subject: Fetch-"), 3)
        self.assertEqual(self.subjects("Fetch", "UNSEEN"), [])
        run(*fetch, check=False)
        self.assertEqual((place / "taken").read_text().count("Subject: Fetch-"), 3)

    def test_neomutt_changes(self) -> None:
        """neomutt keeps its cache over sessions, with CONDSTORE and QRESYNC: it sees flags and deletions of others."""
        need("neomutt")
        for extension in ("", "imap_condstore=yes", "imap_condstore=yes imap_qresync=yes"):
            mailbox = f"Mutt{len(extension)}"
            self.fill(mailbox, 6)
            place = self.place(mailbox)
            self.assertIn(f"{mailbox}-5", self.mutt(place, mailbox, extension, "last"))
            session = self.site.login()
            session.select(mailbox)
            session.store("6", "+FLAGS", r"(\Deleted)")
            session.expunge()
            session.store("1:5", "+FLAGS", r"(\Answered)")
            session.logout()
            saved = self.mutt(place, mailbox, extension, "again")
            self.assertIn(f"{mailbox}-4", saved)
            self.assertNotIn(f"{mailbox}-5", saved)

    def mutt(self, place: Path, mailbox: str, extension: str, name: str) -> str:
        """Open a mailbox, save a copy of its last answered or last message; what was saved."""
        saved = place / name
        (place / "cache").mkdir(exist_ok=True)
        settings = (
            f'set folder={place} record="" postponed={place}/postponed header_cache={place}/cache/',
            "set ssl_verify_host=no ssl_force_tls=yes",
            f"set certificate_file={self.site.certificate()}",
            f'set imap_user="{ALICE}" imap_pass="{PASSWORD}"',
            "set sort=date-received delete=no confirmappend=no confirmcreate=no copy=no mbox_type=mbox",
            f"set {extension}" if extension else "",
            f'folder-hook . "push <last-entry><copy-message><kill-line>{saved}<enter><exit>"',
        )
        (place / "rc").write_text("\n".join(settings) + "\n")
        url = f"imaps://127.0.0.1:{self.site.imaps}/{mailbox}"
        command = f"env TERM=xterm HOME={place} neomutt -n -F {place}/rc -f {url}"
        run("script", "-qec", command, "/dev/null", check=False)
        return saved.read_text()

    def test_dovecot_migrates(self) -> None:
        """Dovecot's own migration (doveadm backup over imapc) takes everything: mailboxes, UIDs, flags, keywords."""
        need("doveadm")
        self.fill("Move/Deep", 5, BOB)
        session = self.site.login(BOB)
        session.select("Move/Deep")
        session.store("2", "+FLAGS", r"(\Answered work)")
        session.store("3", "+FLAGS", r"(\Deleted)")
        session.expunge()
        session.logout()
        place = Path(tempfile.mkdtemp(prefix="daptinmail-live-"))
        shutil.copy(self.site.certificate(), place / "pinned.pem")
        owner = pwd.getpwuid(os.getuid()) if os.getuid() else pwd.getpwnam("nobody")  # Dovecot reads no mail as root
        (place / "dovecot.conf").write_text(
            f"""base_dir = {place}/run
log_path = {place}/log
mail_home = {place}/home
mail_location = maildir:{place}/near:LAYOUT=fs
mail_uid = {owner.pw_uid}
mail_gid = {owner.pw_gid}
first_valid_uid = 0
first_valid_gid = 0
namespace inbox {{
  inbox = yes
  separator = /
}}
imapc_host = 127.0.0.1
imapc_port = {self.site.imaps}
imapc_ssl = imaps
imapc_user = {BOB}
imapc_password = {PASSWORD}
imapc_features = rfc822.size fetch-headers
ssl_client_ca_file = {place}/pinned.pem
imapc_ssl_verify = no
"""
        )
        (place / "home").mkdir()
        if not os.getuid():
            for path in (place, *place.iterdir()):
                os.chown(path, owner.pw_uid, owner.pw_gid)
        doveadm = (
            "env",
            f"USER={owner.pw_name}",
            "doveadm",
            "-c",
            str(place / "dovecot.conf"),
            "-o",
            f"mail_home={place}/home",
        )
        run(*doveadm, "backup", "-R", "imapc:")
        found = run(*doveadm, "fetch", "uid flags", "mailbox", "Move/Deep")
        self.assertEqual([line.split()[1] for line in found.splitlines() if line.startswith("uid:")], list("1245"))
        self.assertRegex(found, r"uid: 2\nflags: .*\\Answered.* work")
        self.assertRegex(found, r"uid: 4\nflags: .*\\Flagged")
