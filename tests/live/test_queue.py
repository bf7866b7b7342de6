"""The queue between a real server and hosts that answer as they like."""

import contextlib
import re
import smtplib
import sqlite3
import threading
from collections import Counter
from typing import Any

from twisted.trial.unittest import SynchronousTestCase

from tests.live.harness import free_port
from tests.live.peers import Peers
from tests.live.site import ALICE, Site, message

HOSTS = {"good.test": "127.0.0.2", "odd.test": "127.0.0.3"}
ROUNDS = 3
CLIENTS = 3
ACKNOWLEDGED = 25  # messages a round before the plug is pulled


class QueueCase(SynchronousTestCase):
    """An instance whose DNS and mail hosts are ours; dead.test has an address where nobody listens."""

    def start(self, replies: dict[str, str] | None = None) -> None:
        """Run it; ``replies`` are those of odd.test."""
        port = free_port()
        records: dict[str, Any] = {"dead.test": {"A": ["127.0.0.9"]}}
        for domain, address in HOSTS.items():
            records |= {domain: {"MX": [(10, f"mx.{domain}")]}, f"mx.{domain}": {"A": [address]}}
        self.peers = Peers(records, {"127.0.0.2": {}, "127.0.0.3": replies or {}}, port)
        self.addCleanup(self.peers.stop)
        self.site = Site("--resolver", self.peers.dns)
        self.addCleanup(self.site.server.stop)
        self.site.start()
        self.site.server.configure("mail.outbound.port", str(port))
        self.site.server.configure("mail.outbound.allow_loopback", "true")

    def send(self, subject: str, *recipients: str, **options: Any) -> None:
        """Submit one message."""
        with self.site.smtps() as session:
            session.sendmail(ALICE, recipients, message(subject, recipient=recipients[0]), **options)

    def act(self, name: str, **attributes: Any) -> tuple[int, Any]:
        """One action on the queue."""
        return self.site.server.call("POST", f"/action/outbox/{name}", {"attributes": attributes})

    def rows(self) -> dict[str, Any]:
        """By recipient, after a pass over what is due."""
        self.act("process_outbox")
        return {str(row["to_address"]): row for row in self.site.server.list("outbox")}

    def inbox(self) -> list[str]:
        """What the sender got."""
        with self.site.login() as session:
            session.select("INBOX", readonly=True)
            numbers = session.search(None, "ALL")[1][0].split()
            answers = [answer for number in numbers for answer in session.fetch(number, "(BODY.PEEK[])")[1]]
        return [answer[1].decode() for answer in answers if isinstance(answer, tuple)]


class AnswerTests(QueueCase):
    """Hosts that say later, never, or nothing."""

    def test_each_recipient_its_own_way(self) -> None:
        """Later, never, a connection that breaks and one that nobody takes: each recipient has its own outcome."""
        self.start(
            {
                "rcpt to:<later@odd.test>": "451 4.2.1 not now",
                "rcpt to:<gone@odd.test>": "550 5.1.1 nobody here",
                "rcpt to:<spam@odd.test>": "550 5.7.1 not from you",
            }
        )
        self.send(
            "all", "ok@odd.test", "later@odd.test", "gone@odd.test", "spam@odd.test", "x@dead.test", "y@good.test"
        )
        taken = sorted(str(self.peers.next_message()["recipients"]) for _ in range(2))
        self.assertEqual(taken, ["['ok@odd.test']", "['y@good.test']"])
        rows = self.rows()
        states = {name: row["state"] for name, row in rows.items()}
        self.assertEqual(
            states,
            {
                "ok@odd.test": "sent",
                "y@good.test": "sent",
                "later@odd.test": "queued",
                "x@dead.test": "queued",
                "gone@odd.test": "failed",
                "spam@odd.test": "failed",
            },
        )
        self.assertIn("4.4.1", rows["x@dead.test"]["last_error"])
        (report,) = self.inbox()
        self.assertEqual(re.findall("Final-Recipient: rfc822; (.*)\r", report), ["gone@odd.test", "spam@odd.test"])
        listed = [row["address"] for row in self.site.server.list("suppression")]
        self.assertEqual(listed, ["gone@odd.test"])

    def test_suppression(self) -> None:
        """An address that does not exist is refused at the next submission, until its row is removed."""
        self.start({"rcpt to:<gone@odd.test>": "550 5.1.1 nobody here"})
        self.send("first", "gone@odd.test")
        self.assertEqual(self.rows()["gone@odd.test"]["state"], "failed")
        error = self.assertRaises(smtplib.SMTPRecipientsRefused, self.send, "second", "Gone@odd.test")
        code, text = error.recipients["Gone@odd.test"]
        self.assertEqual(code, 550)
        self.assertIn(b"suppression list", text)
        (row,) = self.site.server.list("suppression")
        self.assertEqual(self.site.server.call("DELETE", f"/api/suppression/{row['reference_id']}")[0], 200)
        self.send("third", "gone@odd.test")
        self.site.server.configure("mail.outbound.suppression", "false")
        self.send("fourth", "gone@odd.test")

    def test_hang_up(self) -> None:
        """A host that closes in the middle, before or after the content, is tried again; nothing comes back."""
        for verb in ("220", "MAIL", "DATA", "."):
            if verb == "220":
                self.start({verb: "hang up"})
            else:
                self.peers.set_replies("127.0.0.3", {verb: "hang up"})
            self.send(verb, f"{verb.lower().replace('.', 'dot')}@odd.test")
            self.act("process_outbox")
        self.assertEqual({row["state"] for row in self.rows().values()}, {"queued"})
        self.assertEqual(self.inbox(), [])
        self.peers.set_replies("127.0.0.3", {})
        self.assertEqual(self.act("retry", to_host="odd.test")[0], 200)
        self.assertEqual({row["state"] for row in self.rows().values()}, {"sent"})

    def test_actions(self) -> None:
        """Held mail waits for its release, dropped mail is gone, and its sender hears of it if that is wanted."""
        self.start({"RCPT": "451 4.2.1 not now"})
        for name in ("held", "dropped", "told"):
            self.send(name, f"{name}@odd.test")
        ids = {name: row["reference_id"] for name, row in self.rows().items()}
        self.assertEqual(self.act("hold", outbox_id=ids["held@odd.test"])[0], 200)
        self.assertEqual(self.act("drop", outbox_id=ids["dropped@odd.test"])[0], 200)
        self.assertEqual(self.act("drop", outbox_id=ids["told@odd.test"], notify=True)[0], 200)
        self.peers.set_replies("127.0.0.3", {})
        states = {name: row["state"] for name, row in self.rows().items()}
        self.assertEqual(states, {"held@odd.test": "held", "dropped@odd.test": "dropped", "told@odd.test": "failed"})
        (report,) = self.inbox()
        self.assertIn("Final-Recipient: rfc822; told@odd.test", report)
        self.assertEqual(self.act("retry", outbox_id=ids["held@odd.test"])[0], 409)
        self.assertEqual(self.act("release", outbox_id=ids["held@odd.test"])[0], 200)
        self.assertIn("Subject: held", self.peers.next_message()["message"])

    def test_delay(self) -> None:
        """Who waits for longer than configured hears of it once, from a restarted server too."""
        self.start({"RCPT": "451 4.2.1 not now"})
        self.site.server.configure("mail.outbound.delay_notice.hours", "0.0001")
        self.send("late", "x@odd.test")
        while not (found := self.inbox()):
            self.rows()
        (report,) = found
        self.assertIn("Subject: Your message is delayed", report)
        self.assertIn("Diagnostic-Code: smtp; 451 4.2.1 not now", report)
        self.site.server.kill()
        self.site.server.start()
        self.rows()
        self.assertEqual(len(self.inbox()), 1)

    def test_caps(self) -> None:
        """An account that has sent what it may is refused for now, also after a restart; accounts here still answer."""
        self.start()
        self.site.server.configure("mail.outbound.messages_per_day", "2")
        for number in range(2):
            self.send(f"cap {number}", "x@good.test")
        self.site.server.kill()
        self.site.server.start()
        error = self.assertRaises(smtplib.SMTPRecipientsRefused, self.send, "cap", "x@good.test")
        code, text = error.recipients["x@good.test"]
        self.assertEqual((code, b"2 messages in 24 hours" in text), (451, True))
        self.send("local", "bob@example.test")


class KillTests(QueueCase):
    """Pulling the plug, again and again, while mail is accepted and leaves."""

    def test_kill(self) -> None:
        """Each acknowledged message is queued, delivered or returned, and its outcome is recorded once."""
        self.start({"RCPT": "550 5.1.1 nobody here"})
        self.site.server.configure("mail.outbound.suppression", "false")
        self.site.server.configure("mail.outbound.new_recipients_per_day", "0")
        self.site.server.configure("mail.outbound.messages_per_day", "0")
        acknowledged: set[str] = set()
        for number in range(ROUNDS):
            self.load(f"round{number}", acknowledged)
            self.site.server.start()
        while any(row["state"] == "queued" for row in self.rows().values()):
            self.act("retry", to_host="good.test")
            self.act("retry", to_host="odd.test")
        self.site.server.stop()
        outcomes, arrived = self.outcomes(), self.arrived()
        for subject in acknowledged:
            self.assertEqual(outcomes[f"{subject}@good.test"], Counter({"sent": 1}), subject)
            self.assertEqual(outcomes[f"{subject}@odd.test"], Counter({"failed": 1}), subject)
            self.assertGreaterEqual(arrived[f"{subject}@good.test"], 1, subject)
        self.assertLessEqual(sum(arrived.values()) - len(arrived), ROUNDS * 10)  # what was under way at a kill

    def load(self, name: str, acknowledged: set[str]) -> None:
        """Submit on several connections until enough is acknowledged, then kill."""
        enough = threading.Event()
        mine: list[str] = []

        def submit(client: int) -> None:
            with contextlib.suppress(OSError, smtplib.SMTPException):
                session = self.site.smtps()
                for number in range(10_000):
                    subject = f"{name}-{client}-{number}"
                    recipients = [f"{subject}@good.test", f"{subject}@odd.test"]
                    session.sendmail(ALICE, recipients, message(subject, recipient=recipients[0]))
                    mine.append(subject)
                    if len(mine) >= ACKNOWLEDGED:
                        enough.set()

        threads = [threading.Thread(target=submit, args=(client,)) for client in range(CLIENTS)]
        for thread in threads:
            thread.start()
        self.assertTrue(enough.wait(90))
        self.site.server.kill()
        for thread in threads:
            thread.join(90)
        acknowledged.update(mine)

    def outcomes(self) -> dict[str, Counter[str]]:
        """How often the event log has each outcome of each recipient."""
        found: dict[str, Counter[str]] = {}
        path = self.site.server.data_dir / "daptinmail.sqlite"
        with contextlib.closing(sqlite3.connect(path)) as database:
            rows = database.execute(
                "SELECT json_extract(data, '$.recipient'), kind FROM event WHERE kind IN ('queue.sent', 'queue.failed')"
            )
            for recipient, kind in rows:
                found.setdefault(recipient, Counter())[kind.removeprefix("queue.")] += 1
        return found

    def arrived(self) -> Counter[str]:
        """How often each recipient's message arrived."""
        self.peers.set_replies("127.0.0.2", {})  # everything before this is in its output
        lines = [line for line in self.peers.process.lines if '"recipients"' in line]
        return Counter(
            re.findall(r"[a-z0-9-]+@good\.test", "".join(line.partition('"recipients"')[2] for line in lines))
        )
