"""Mail from other hosts, over sockets, with a DNS server of our own: who is believed, and who is not."""

import smtplib
from collections.abc import Callable
from email import message_from_bytes
from email.message import Message

from twisted.trial.unittest import SynchronousTestCase

from tests.dkim.signing import by_dkimpy, key_record, sealed
from tests.live.harness import PATIENCE
from tests.live.peers import Peers
from tests.live.site import BOB, Site, message

HONEST, FORGER = "127.0.0.2", "127.0.0.3"
ZONE = {
    "2.0.0.127.in-addr.arpa": {"PTR": ["mx.bank.test"]},
    "mx.bank.test": {"A": [HONEST], "TXT": ["v=spf1 a -all"]},
    "bank.test": {"TXT": [f"v=spf1 ip4:{HONEST} -all"]},
    "_dmarc.bank.test": {"TXT": ["v=DMARC1; p=reject"]},
    "soft.test": {"TXT": [f"v=spf1 ip4:{HONEST} -all"]},
    "_dmarc.soft.test": {"TXT": ["v=DMARC1; p=quarantine"]},
    "d1._domainkey.example.test": {"TXT": [key_record().decode()]},
    "_dmarc.example.test": {"TXT": ["v=DMARC1; p=reject"]},
    "arc._domainkey.mx1.test": {"TXT": [key_record().decode()]},
}


class ScreeningTests(SynchronousTestCase):
    """Forged mail is refused or put aside, good mail is in INBOX with its results."""

    def setUp(self) -> None:
        """An instance that trusts nobody's network."""
        self.peers = Peers(ZONE, {}, 0)
        self.addCleanup(self.peers.stop)
        self.site = Site("--resolver", self.peers.dns)
        self.addCleanup(self.site.server.stop)
        self.site.start()
        self.site.server.configure("mail.screening.trusted_networks", "none")

    def send(self, content: str | bytes, sender: str, host: str = HONEST) -> None:
        """Deliver to Bob from a host."""
        session = smtplib.SMTP("127.0.0.1", self.site.mx, "mx.bank.test", PATIENCE, (host, 0))
        with session:
            session.sendmail(sender, [BOB], content)

    def refusal(self, send: Callable[[], None]) -> str:
        """The reply that refuses the content."""
        error = self.assertRaises(smtplib.SMTPDataError, send)
        return f"{error.smtp_code} {error.smtp_error.decode()}"

    def mailbox(self, name: str) -> list[Message]:
        """What Bob finds."""
        session = self.site.login(BOB)
        self.addCleanup(session.logout)
        session.select(name, readonly=True)
        numbers = session.search(None, "ALL")[1][0].split()
        answers = [answer for number in numbers for answer in session.fetch(number, "(BODY.PEEK[])")[1]]
        return [message_from_bytes(answer[1]) for answer in answers if isinstance(answer, tuple)]

    def test_journeys(self) -> None:
        """Good mail is taken; forged mail is refused, or lands in Spam, as the forged domain asks."""
        self.send(message("honest", "ceo@bank.test"), "ceo@bank.test")
        refusal = self.refusal(lambda: self.send(message("forged", "ceo@bank.test"), "x@evil.test", FORGER))
        self.assertTrue(refusal.startswith("550 5.7.1 Rejected as bank.test asks"), refusal)
        self.send(message("put aside", "ceo@soft.test"), "ceo@soft.test", FORGER)
        claim = "Authentication-Results: mx.example.test; dmarc=pass header.from=bank.test\r\n"
        self.send(claim + message("claimed", "eve@evil.test"), "eve@evil.test", FORGER)
        self.send(by_dkimpy(), "bounce@list.test", FORGER)
        self.send(sealed(by_dkimpy()), "bounce@list.test", FORGER)
        refusal = self.refusal(
            lambda: self.send(by_dkimpy().replace(b"five", b"four"), "bounce@list.test", FORGER),
        )
        self.assertTrue(refusal.startswith("550 5.7.1 Rejected as example.test asks"), refusal)

        spam = self.mailbox("Spam")
        self.assertEqual([one["Subject"] for one in spam], ["put aside"])
        honest, claimed, signed, chained = self.mailbox("INBOX")
        self.assertEqual(honest["Subject"], "honest")
        for part in ("mx.example.test;", "iprev=pass", "spf=pass", "dkim=none", "dmarc=pass", "header.from=bank.test"):
            self.assertIn(part, honest["Authentication-Results"])
        self.assertEqual(honest.keys()[:3], ["Return-Path", "Authentication-Results", "Received"])
        (ours,) = claimed.get_all("Authentication-Results", [])
        self.assertIn("dmarc=none", ours)
        for part in ("dkim=pass header.d=example.test header.s=d1", "spf=none", "dmarc=pass"):
            self.assertIn(part, signed["Authentication-Results"])
        self.assertIn("arc=pass", chained["Authentication-Results"])

    def test_choices(self) -> None:
        """What the operator changes counts for the next message: what may refuse, and the scores."""
        self.send(message("marked", "a@b.test"), "a@b.test", FORGER)
        self.site.server.configure("mail.screening.score.dkim.none", "300")
        self.send(message("counted", "a@b.test"), "a@b.test", FORGER)
        self.site.server.configure("mail.screening.refuse", "spf iprev")
        soft = self.refusal(lambda: self.send(message("spf", "a@soft.test"), "a@soft.test", FORGER))
        self.assertTrue(soft.startswith("550 5.7.23 "), soft)
        nameless = self.refusal(lambda: self.send(message("iprev", "a@b.test"), "a@b.test", FORGER))
        self.assertTrue(nameless.startswith("550 5.7.25 "), nameless)
        self.site.server.configure("mail.screening.enabled", "false")
        self.send(message("off", "ceo@bank.test"), "x@evil.test", FORGER)
        self.assertEqual([one["Subject"] for one in self.mailbox("INBOX")], ["marked", "off"])
        self.assertEqual([one["Subject"] for one in self.mailbox("Spam")], ["counted"])
        session = self.site.login(BOB)
        session.select("INBOX", readonly=True)
        self.assertEqual(session.search(None, "KEYWORD", "Spam")[1], [b"1"])
        session.logout()
