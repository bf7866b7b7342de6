"""Pulling the plug: what was acknowledged is there afterwards."""

import contextlib
import smtplib
import threading

from twisted.trial.unittest import SynchronousTestCase

from tests.live.site import BOB, Site, message

ROUNDS = 3
CLIENTS = 4
ACKNOWLEDGED = 40  # messages a round before the plug is pulled


class DurabilityTests(SynchronousTestCase):
    """``250`` and ``OK`` mean on disk."""

    def test_kill(self) -> None:
        """kill -9 under load, again and again: each acknowledged message is there once, whole; UIDVALIDITY stands."""
        site = Site()
        self.addCleanup(site.server.stop)
        site.start()
        validity = self.uidvalidity(site)
        acknowledged: set[str] = set()
        attempted: set[str] = set()
        for number in range(ROUNDS):
            self.load(site, f"round{number}", acknowledged, attempted)
            site.server.start()
        found = self.subjects(site)
        self.assertEqual(acknowledged - set(found), set())
        self.assertEqual(set(found) - attempted, set())
        self.assertEqual(len(found), len(set(found)))
        self.assertEqual(self.uidvalidity(site), validity)

    def load(self, site: Site, name: str, acknowledged: set[str], attempted: set[str]) -> None:
        """Deliver on several connections until enough is acknowledged, then kill."""
        enough = threading.Event()
        mine: list[str] = []

        def deliver(client: int) -> None:
            with contextlib.suppress(OSError, smtplib.SMTPException):
                session = smtplib.SMTP("127.0.0.1", site.mx, timeout=30)
                for number in range(10_000):
                    subject = f"{name}-{client}-{number}"
                    attempted.add(subject)
                    session.sendmail(
                        "x@outside.test", [BOB], message(subject, sender="x@outside.test", body=subject * 50)
                    )
                    mine.append(subject)
                    if len(mine) >= ACKNOWLEDGED:
                        enough.set()

        threads = [threading.Thread(target=deliver, args=(client,)) for client in range(CLIENTS)]
        for thread in threads:
            thread.start()
        self.assertTrue(enough.wait(60))
        site.server.kill()
        for thread in threads:
            thread.join(60)
        acknowledged.update(mine)

    def subjects(self, site: Site) -> list[str]:
        """The subject of every message in the INBOX, each checked to be whole."""
        session = site.login(BOB)
        session.select("INBOX", readonly=True)
        _, answers = session.fetch("1:*", "(BODY.PEEK[])")
        session.logout()
        found = []
        for answer in answers:
            if isinstance(answer, tuple):
                head, _, body = answer[1].decode().partition("\r\n\r\n")
                subject = head.partition("Subject: ")[2].partition("\r\n")[0]
                self.assertEqual(body, subject * 50 + "\r\n")
                found.append(subject)
        return found

    def uidvalidity(self, site: Site) -> bytes:
        """UIDVALIDITY of the INBOX."""
        session = site.login(BOB)
        _, answer = session.status("INBOX", "(UIDVALIDITY)")
        session.logout()
        return bytes(answer[0])

    def test_flags(self) -> None:
        """Flags and moves that were acknowledged survive a kill."""
        site = Site()
        self.addCleanup(site.server.stop)
        site.start()
        session = site.login()
        for number in range(10):
            session.append("INBOX", "", "", message(f"flags-{number}").encode())
        session.select("INBOX")
        session.store("1:5", "+FLAGS", r"(\Flagged Work)")
        session.uid("MOVE", "6:8", "Archive")
        session.store("7", "+FLAGS", r"(\Deleted)")
        site.server.kill()
        site.server.start()
        session = site.login()
        self.assertEqual(session.select("INBOX")[1], [b"7"])
        self.assertEqual(session.search(None, "FLAGGED", "KEYWORD", "Work")[1], [b"1 2 3 4 5"])
        self.assertEqual(session.select("Archive")[1], [b"3"])
        session.logout()
