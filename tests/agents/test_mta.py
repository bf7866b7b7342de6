"""Mail from other hosts."""

import json

from attrs import evolve
from twisted.internet.defer import Deferred
from zope.interface.verify import verifyObject

from daptinmail.agents.content import HEADER_TOO_LARGE, TOO_MANY_FIELDS
from daptinmail.errors import Unavailable
from daptinmail.events.log import MAX_DATA
from daptinmail.interfaces.quota import Quota
from daptinmail.interfaces.reception import IReception
from daptinmail.interfaces.screening import Action, Check, Verdict
from daptinmail.mail.address import Address
from daptinmail.mail.envelope import MailParameters
from daptinmail.mail.reply import Reply
from tests.agents.case import ANN, BOB, MESSAGE, OUTSIDE, THEM, TRAIL, AgentCase


class DeliveryTests(AgentCase):
    """What is taken is in the mailbox."""

    def test_interface(self) -> None:
        """The edge gets what it expects."""
        for agent in (self.reception, self.reception.mta, self.reception.msa):
            self.assertTrue(verifyObject(IReception, agent))

    def test_delivered(self) -> None:
        """The message is in INBOX, byte for byte, behind Return-Path and Received."""
        self.result(self.receive(OUTSIDE, BOB, return_path=THEM))
        (content,) = self.mailbox(self.bob)
        self.assertTrue(content.endswith(b"\r\n" + MESSAGE))
        self.assertTrue(
            content.startswith(b"Return-Path: <them@elsewhere.example>\r\nReceived: from mx.elsewhere.example")
        )
        self.assertIn(b" with ESMTPS ", content)
        self.assertIn(TRAIL.hex.encode(), content)
        self.assertIn(b"for <bob@example.com>", content)
        self.assertEqual(self.events.kinds, ["message.received"])

    def test_several_recipients(self) -> None:
        """Each account gets one copy, however often it is named, and learns of no other recipient."""
        self.result(self.receive(OUTSIDE, ANN, BOB, Address("Bob", "example.com"), return_path=THEM))
        self.assertEqual([len(self.mailbox(one)) for one in (self.ann, self.bob)], [1, 1])
        self.assertNotIn(b"for <", self.mailbox(self.bob)[0])

    def test_null_path(self) -> None:
        """Notifications are taken."""
        self.result(self.receive(OUTSIDE, BOB, return_path=None))
        self.assertTrue(self.mailbox(self.bob)[0].startswith(b"Return-Path: <>\r\n"))

    def test_a_full_account_is_refused_alone(self) -> None:
        """A recipient whose account is full is refused for good, as by Dovecot; the others get their mail."""
        self.directory._accounts["bob@example.com"] = evolve(self.bob, limited=True)
        self.store.quotas.limits[self.bob.id] = Quota(0, 0, messages_limit=1)
        self.result(self.rcpt(OUTSIDE, BOB))
        self.result(self.receive(OUTSIDE, BOB))
        self.assertEqual(str(self.refusal(self.rcpt(OUTSIDE, BOB))), "552 5.2.2 Mailbox full")
        self.result(self.rcpt(OUTSIDE, ANN))

    def test_an_account_that_became_full_meanwhile(self) -> None:
        """What no longer fits at the end of DATA is refused for now, and nobody gets it."""
        self.store.quotas.limits[self.bob.id] = Quota(0, 0, octets_limit=100)
        self.assertEqual(str(self.refusal(self.receive(OUTSIDE, ANN, BOB))), "452 4.2.2 Mailbox full")
        self.assertEqual(self.mailbox(self.ann), [])

    def test_large_message(self) -> None:
        """A message on disk is delivered as it is."""
        content = MESSAGE + b"x" * 100 + b"\r\n"
        self.result(self.receive(OUTSIDE, BOB, content=content, spooled=True))
        self.assertTrue(self.mailbox(self.bob)[0].endswith(content))

    def test_without_header(self) -> None:
        """A text without any field becomes the body behind our fields."""
        self.result(self.receive(OUTSIDE, BOB, content=b"just text\r\n"))
        self.assertTrue(self.mailbox(self.bob)[0].endswith(b"\r\n\r\njust text\r\n"))
        self.result(self.receive(OUTSIDE, BOB, content=b"\r\nbody\r\n"))
        self.assertTrue(self.mailbox(self.bob)[1].endswith(b"\r\n\r\nbody\r\n"))

    def test_stray_fold(self) -> None:
        """A first line that would continue our Received field is refused; before a mere body it is text."""
        for fold in (b" by mx.example.com with ESMTPS\r\n", b"\tfrom bank.example\r\n"):
            reply = self.refusal(self.receive(OUTSIDE, BOB, content=fold + MESSAGE))
            self.assertEqual((reply.code, reply.status), (554, "5.6.0"))
        self.assertEqual(self.mailbox(self.bob), [])
        self.result(self.receive(OUTSIDE, BOB, content=b" indented\r\ntext\r\n"))
        self.assertTrue(self.mailbox(self.bob)[0].endswith(b"\r\n\r\n indented\r\ntext\r\n"))

    def test_account_just_removed(self) -> None:
        """An account that went away after RCPT means: try again, and nobody gets anything."""
        self.failureResultOf(
            Deferred.fromCoroutine(self.receive(OUTSIDE, BOB, Address("gone", "example.com"))), Unavailable
        )
        self.assertEqual(self.mailbox(self.bob), [])
        self.assertEqual(self.events.kinds, [])


class LimitTests(AgentCase):
    """Hostile messages."""

    def test_mail_loop(self) -> None:
        """More than fifty Received fields are a loop (RFC 5321 §6.3); fifty are not."""
        self.result(self.receive(OUTSIDE, BOB, content=b"Received: x\r\n" * 50 + MESSAGE))
        reply = self.refusal(self.receive(OUTSIDE, BOB, content=b"received: x\r\n" * 51 + MESSAGE))
        self.assertEqual((reply.code, reply.status), (554, "5.4.6"))

    def test_endless_header(self) -> None:
        """A header section over a megabyte, or with too many fields, is refused and not searched."""
        for spooled in (False, True):
            endless = b"X: y\r\n" + b"a" * 2_000_000
            self.assertEqual(
                self.refusal(self.receive(OUTSIDE, BOB, content=endless, spooled=spooled)), HEADER_TOO_LARGE
            )
        many = b"X: y\r\n" * 1001 + b"\r\n"
        self.assertEqual(self.refusal(self.receive(OUTSIDE, BOB, content=many)), TOO_MANY_FIELDS)
        self.assertEqual(self.mailbox(self.bob), [])


class RelayTests(AgentCase):
    """Nobody relays through us without an account (peers: open relay)."""

    SPELLINGS = (
        Address("them", "elsewhere.example"),
        Address("them%elsewhere.example", "example.com"),
        Address("elsewhere.example!them", "example.com"),
        Address("them@elsewhere.example", "example.com"),
        Address("@elsewhere.example:them", "example.com"),
        Address("them%elsewhere.example", "mail.example.com"),
        Address("ann", "[192.0.2.1]"),
        Address("ann", "[IPv6:2001:db8::1]"),
        Address("ann", "example.com.elsewhere.example"),
        Address("ann%example.com", "elsewhere.example"),
    )

    def test_relaying_is_denied(self) -> None:
        """Whatever the spelling, mail for elsewhere is refused for good at RCPT."""
        for recipient in self.SPELLINGS:
            self.assertEqual(
                str(self.refusal(self.rcpt(OUTSIDE, recipient))), "554 5.7.1 Relay access denied", recipient
            )
        self.assertEqual(self.queue.messages, [])

    def test_unknown_account(self) -> None:
        """A local part that nobody has is refused at RCPT, not after DATA."""
        for domain in ("example.com", "mail.example.com"):
            self.assertEqual(
                str(self.refusal(self.rcpt(OUTSIDE, Address("nobody", domain)))), "550 5.1.1 no such account"
            )

    def test_known_account(self) -> None:
        """Accounts get mail from anywhere, with any sender, in any case."""
        for recipient in (ANN, Address("ANN", "example.com")):
            self.result(self.reception.mail(OUTSIDE, THEM, MailParameters()))
            self.result(self.rcpt(OUTSIDE, recipient))

    def test_authentication_required(self) -> None:
        """A listener for submission takes nothing without log-in, whoever the recipient is."""
        closed = evolve(OUTSIDE, server=evolve(OUTSIDE.server, authentication_required=True))
        for recipient in (ANN, THEM, Address("nobody", "example.com")):
            self.assertEqual(
                str(self.refusal(self.rcpt(closed, recipient))), "554 5.7.1 Client host rejected: Access denied"
            )


class ScreeningTests(AgentCase):
    """What the verdict about a message does."""

    CHECKS = (Check("spf", "fail", "-all of elsewhere.example", (("smtp.mailfrom", "them@elsewhere.example"),)),)
    STAMP = (
        b"Authentication-Results: mx.example.com;\r\n"
        b' spf=fail reason="-all of elsewhere.example"\r\n  smtp.mailfrom=them@elsewhere.example\r\n'
    )

    def judge(self, verdict: Verdict) -> None:
        """From now on this is the verdict."""
        self.screening.verdict = evolve(verdict, checks=self.CHECKS)
        self.screening.ids = ("mx.example.com", "mail.example.com")

    def flags(self, name: str) -> list[frozenset[bytes]]:
        """Flags of Bob's messages in a mailbox."""
        box = self.successResultOf(self.store.mailbox(self.bob.id, name))
        return list(self.successResultOf(self.store.snapshot(box.id)).flags)

    def test_accepted(self) -> None:
        """An accepted message has our results on top; the event log has each result and reason, with the delivery."""
        self.judge(Verdict(Action.ACCEPT, score=20, reasons=("spf=fail: +20",)))
        self.result(self.receive(OUTSIDE, BOB, return_path=THEM))
        (content,) = self.mailbox(self.bob)
        self.assertTrue(
            content.startswith(b"Return-Path: <them@elsewhere.example>\r\n" + self.STAMP + b"Received: from"), content
        )
        self.assertTrue(content.endswith(MESSAGE))
        self.assertEqual(self.flags("INBOX"), [frozenset()])
        (event,) = self.events.events
        self.assertEqual(
            event.data["screening"],
            {
                "action": "accept",
                "score": 20,
                "reasons": ["spf=fail: +20"],
                "results": ["spf=fail them@elsewhere.example -all of elsewhere.example"],
            },
        )

    def test_marked(self) -> None:
        """A doubtful message is in INBOX with the keyword Spam."""
        self.judge(Verdict(Action.ACCEPT, marked=True))
        self.result(self.receive(OUTSIDE, BOB, return_path=THEM))
        self.assertEqual(self.flags("INBOX"), [frozenset({b"Spam"})])

    def test_spam(self) -> None:
        """Spam goes to the Spam mailbox with the keyword $Junk; INBOX stays as it is."""
        self.judge(Verdict(Action.SPAM, marked=True))
        self.result(self.receive(OUTSIDE, BOB, return_path=THEM))
        self.assertEqual(self.mailbox(self.bob), [])
        self.assertEqual(self.flags("Spam"), [frozenset({b"Spam", b"$Junk"})])
        self.assertEqual(self.events.events[0].data["screening"]["action"], "spam")

    def test_refused(self) -> None:
        """A refusal is told with its code and kept in the event log with its reasons; nobody gets anything."""
        self.judge(Verdict(Action.REFUSE, reasons=("dmarc=fail",), reply=Reply(550, "5.7.1", "Rejected")))
        self.assertEqual(str(self.refusal(self.receive(OUTSIDE, BOB, return_path=THEM))), "550 5.7.1 Rejected")
        self.assertEqual(self.mailbox(self.bob), [])
        (event,) = self.events.events
        self.assertEqual((event.kind, event.trail), ("message.refused", TRAIL))
        self.assertEqual((event.data["reply"], event.data["from"]), ("550 5.7.1 Rejected", "them@elsewhere.example"))
        self.assertEqual(event.data["screening"]["reasons"], ["dmarc=fail"])

    def test_forged_results(self) -> None:
        """Results in our name that came with the message are taken away, from memory and from disk; others stay."""
        self.judge(Verdict(Action.ACCEPT))
        forged = b"Authentication-Results: Mail.Example.com; spf=pass\r\n"
        other = b"Authentication-Results: mx.elsewhere.example; spf=pass\r\n"
        large = MESSAGE + b"x" * 5000 + b"\r\n"
        for content, spooled in ((MESSAGE, False), (large, True)):
            self.result(self.receive(OUTSIDE, BOB, content=forged + other + content, spooled=spooled))
            found = self.mailbox(self.bob)[-1]
            self.assertNotIn(forged, found)
            self.assertTrue(found.endswith(other + content))
            self.assertEqual(found.count(b"Authentication-Results:"), 2)
        self.assertTrue(self.screening.screened[0].startswith(forged), "what is judged is the message as it came")

    def test_the_event_keeps_the_verdict_whatever_strangers_wrote(self) -> None:
        """With very many recipients and very long names the event still says what was decided, and why."""
        long = tuple((f"smtp.mailfrom{number}", "x" * 3000) for number in range(2))
        checks = tuple(Check("dkim", "fail", "y" * 3000, long) for _ in range(12))
        self.screening.verdict = Verdict(Action.ACCEPT, checks, reasons=("z" * 3000,) * 12)
        self.screening.ids = ("mx.example.com",)
        many = [Address("ann", "example.com") for _ in range(1000)]
        self.result(self.receive(OUTSIDE, *many, return_path=Address("w" * 60, "elsewhere.example")))
        (event,) = self.events.events
        self.assertLess(len(json.dumps(dict(event.data))), MAX_DATA)
        self.assertEqual(event.data["recipient_count"], 1000)

    def test_unscreened(self) -> None:
        """A message of a client that is not screened is left as it is."""
        theirs = b"Authentication-Results: mail.example.com; spf=pass\r\n" + MESSAGE
        self.result(self.receive(OUTSIDE, BOB, content=theirs))
        found = self.mailbox(self.bob)[0]
        self.assertTrue(found.endswith(theirs))
        self.assertEqual(found.count(b"Authentication-Results:"), 1)
        self.assertNotIn("screening", self.events.events[0].data)

    def test_submissions_are_not_screened(self) -> None:
        """What an account submits is not judged."""
        self.judge(Verdict(Action.REFUSE, reply=Reply(550, "5.7.1", "Rejected")))
        self.result(self.receive(self.inside, BOB, return_path=ANN))
        self.assertEqual(self.screening.screened, [])
        self.assertEqual(len(self.mailbox(self.bob)), 1)
