"""Submission to other domains against a DNS server and mail hosts of our own."""

import base64
from typing import Any
from urllib.parse import quote

import dkim
from twisted.trial.unittest import SynchronousTestCase

from tests.live.harness import free_port
from tests.live.peers import Peers
from tests.live.site import ALICE, PASSWORD, Site, message

THEM = "them@elsewhere.test"


class OutboundTests(SynchronousTestCase):
    """What an account sends arrives, signed; what cannot arrive comes back."""

    def start(self, tls: bool = False, replies: dict[str, dict[str, str]] | None = None) -> None:
        """An instance whose DNS and mail hosts are ours."""
        port = free_port()
        records = {
            "elsewhere.test": {"MX": [(20, "mx2.elsewhere.test"), (10, "mx1.elsewhere.test")]},
            "mx1.elsewhere.test": {"A": ["127.0.0.2"]},
            "mx2.elsewhere.test": {"A": ["127.0.0.3"]},
            "bare.test": {"A": ["127.0.0.3"]},
            "nomail.test": {"MX": [(0, "")]},
        }
        sinks: dict[str, dict[str, str]] = {"127.0.0.2": {}, "127.0.0.3": {}, **(replies or {})}
        self.peers = Peers(records, sinks, port, tls)
        self.addCleanup(self.peers.stop)
        self.site = Site("--resolver", self.peers.dns)
        self.addCleanup(self.site.server.stop)
        self.site.start()
        self.site.server.configure("mail.outbound.port", str(port))
        self.site.server.configure("mail.outbound.allow_loopback", "true")

    def send(self, subject: str, *recipients: str) -> None:
        """Submit one message."""
        with self.site.smtps() as session:
            session.sendmail(ALICE, recipients, message(subject, recipient=recipients[0]))

    def outbox(self) -> list[Any]:
        """The rows by recipient."""
        return sorted(self.site.server.list("outbox"), key=lambda row: str(row["to_address"]))

    def settle(self) -> list[Any]:
        """One pass over what is due, then the rows."""
        self.site.server.call("POST", "/action/outbox/process_outbox", {})
        return self.outbox()

    def test_signed_delivery(self) -> None:
        """The preferred host gets one message for both, over TLS, signed so that the published key verifies."""
        self.start(tls=True)
        self.send("outbound", THEM, "other@elsewhere.test")
        taken = self.peers.next_message()
        self.assertEqual(sorted(taken["recipients"]), ["other@elsewhere.test", THEM])
        self.assertEqual((taken["sender"], taken["tls"], taken["helo"]), (ALICE, True, "mail.example.test"))
        rows = self.settle()
        self.assertEqual(
            [(row["sent"], row["retry_count"], row["to_host"]) for row in rows], [(True, 0, "elsewhere.test")] * 2
        )
        content = taken["message"].encode("latin-1")
        self.assertTrue(dkim.verify(content, dnsfunc=self.published_key))
        self.assertEqual(content.count(b"\r\nDate: "), 1)

    def published_key(self, name: bytes, **_unused: object) -> bytes:
        """The DKIM record as the API tells the operator to publish it."""
        rows = self.site.server.call("GET", "/api/certificate?" + quote("page[size]", "") + "=100")[1]["data"]
        (row,) = (row for row in rows if row["attributes"]["hostname"] == "example.test")
        action = "/action/certificate/dkim_record"
        _, answer = self.site.server.call("POST", action, {"attributes": {"certificate_id": row["id"]}})
        record = answer[0]["Attributes"]
        self.assertEqual(record["name"].rstrip("."), name.decode().rstrip("."))
        return str(record["value"]).encode()

    def test_next_host(self) -> None:
        """When the first host defers after DATA the second one gets the message."""
        self.start(replies={"127.0.0.2": {".": "451 4.3.0 not now"}})
        self.send("second", THEM)
        self.assertIn("Subject: second", self.peers.next_message()["message"])
        (row,) = self.settle()
        self.assertEqual((row["sent"], row["retry_count"]), (True, 0))

    def test_retry_survives_a_kill(self) -> None:
        """A deferred recipient keeps its error and next try; after kill -9 it is still tried and arrives once."""
        busy = {".": "451 4.3.0 not now"}
        self.start(replies={"127.0.0.2": busy, "127.0.0.3": busy})
        self.send("later", THEM)
        (row,) = self.settle()
        self.assertEqual((row["sent"], row["retry_count"]), (False, 1))
        self.assertIn("451 4.3.0", row["last_error"])
        self.assertIsNotNone(row["next_retry_at"])
        self.site.server.kill()
        self.peers.set_replies("127.0.0.2", {})
        self.site.server.start()
        identifier = row["reference_id"]
        past = {"data": {"type": "outbox", "id": identifier, "attributes": {"next_retry_at": "2020-01-01T00:00:00Z"}}}
        self.assertEqual(self.site.server.call("PATCH", f"/api/outbox/{identifier}", past)[0], 200)
        self.site.server.call("POST", "/action/outbox/process_outbox", {})
        self.assertIn("Subject: later", self.peers.next_message()["message"])
        (row,) = self.settle()
        self.assertTrue(row["sent"])

    def test_bounce(self) -> None:
        """A permanent refusal, a domain without mail and one that does not exist come back to the sender."""
        self.start(replies={"127.0.0.2": {"RCPT": "550 5.1.1 nobody here"}})
        self.send("bounce", THEM, "x@nomail.test", "x@nowhere.test")
        rows = self.settle()
        self.assertEqual([row["state"] for row in rows], ["failed"] * 3, rows)
        session = self.site.login()
        self.addCleanup(session.logout)
        session.select("INBOX", readonly=True)
        numbers = session.search(None, "ALL")[1][0].split()
        answers = [answer for number in numbers for answer in session.fetch(number, "(BODY.PEEK[])")[1]]
        whole = b"".join(answer[1] for answer in answers if isinstance(answer, tuple))
        for address in (THEM, "x@nomail.test", "x@nowhere.test"):
            self.assertIn(f"Final-Recipient: rfc822; {address}".encode(), whole)
        self.assertIn(b"550 5.1.1 nobody here", whole)

    def test_no_mx(self) -> None:
        """A domain with an address and no MX record gets its mail at the address."""
        self.start()
        self.send("bare", "x@bare.test")
        self.assertEqual(self.peers.next_message()["recipients"], ["x@bare.test"])

    def test_loopback_is_refused(self) -> None:
        """MX records that point at this machine are not followed unless that is allowed."""
        self.start()
        self.site.server.configure("mail.outbound.allow_loopback", "false")
        self.send("loop", THEM)
        (row,) = self.settle()
        self.assertFalse(row["sent"])

    def test_hold_and_release(self) -> None:
        """Held mail waits and says why; released mail leaves, at once and without a restart."""
        self.start()
        self.site.server.configure("mail.outbound.hold", "true")
        self.send("held", THEM)
        (row,) = self.settle()
        self.assertEqual((row["sent"], row["state"]), (False, "held"))
        self.site.server.configure("mail.outbound.hold", "false")
        self.settle()
        self.assertIn("Subject: held", self.peers.next_message()["message"])

    def test_content_over_the_api(self) -> None:
        """The row's ``mail`` is the signed message in base64."""
        self.start()
        self.site.server.configure("mail.outbound.hold", "true")
        self.send("content", THEM)
        (row,) = self.outbox()
        _, answer = self.site.server.call("GET", f"/api/outbox/{row['reference_id']}")
        content = base64.b64decode(answer["data"]["attributes"]["mail"])
        self.assertIn(b"DKIM-Signature:", content)
        self.assertNotIn(PASSWORD.encode(), content)
