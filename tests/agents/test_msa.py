"""Mail from accounts."""

from email import message_from_bytes

from daptinmail.mail.address import Address
from daptinmail.mail.envelope import Envelope, MailParameters
from daptinmail.policy.relaying import NO_LITERALS, NOT_YOURS
from tests.agents.case import ANN, BOB, MESSAGE, THEM, TRAIL, AgentCase


class SubmissionTests(AgentCase):
    """What a submission causes."""

    def test_one_transaction(self) -> None:
        """A local recipient, remote ones and the Sent copy are kept together."""
        other = Address("other", "third.example")
        self.result(self.receive(self.inside, BOB, THEM, other, THEM))
        (local,), (sent,) = self.mailbox(self.bob), self.mailbox(self.ann, "Sent")
        (queued,) = self.queue.messages
        self.assertEqual(queued.recipients, (THEM, other))
        self.assertEqual((queued.return_path, queued.account_id, queued.trail), (ANN, self.ann.id, TRAIL))
        self.assertTrue(
            local.startswith(b"Return-Path: <ann@example.com>\r\nDKIM-Signature: v=1; d=example.com; b=\r\n")
        )
        self.assertTrue(self.queue.contents[0].startswith(b"DKIM-Signature: v=1; d=example.com; b=\r\nReceived: "))
        self.assertTrue(sent.endswith(MESSAGE))
        self.assertEqual(self.events.kinds, ["message.submitted"])
        self.assertTrue(self.events.events[0].data["signed"])

    def test_sent_copy_is_seen(self) -> None:
        r"""The copy in Sent is not new mail: it carries \Seen."""
        self.result(self.receive(self.inside, THEM))
        box = self.successResultOf(self.store.mailbox(self.ann.id, "Sent"))
        self.assertEqual(self.successResultOf(self.store.snapshot(box.id)).flags, [frozenset((rb"\Seen",))])

    def test_local_only(self) -> None:
        """Nothing is queued for local recipients."""
        self.result(self.receive(self.inside, BOB))
        self.assertEqual(self.queue.messages, [])

    def test_nothing_is_kept_on_failure(self) -> None:
        """If one part fails nothing remains."""
        self.queue.error = OSError("disk full")
        reply = self.refusal(self.receive(self.inside, BOB, THEM))
        self.assertTrue(reply.temporary)
        self.assertEqual((self.queue.messages, self.events.kinds), ([], []))
        self.assertEqual((self.mailbox(self.bob), self.mailbox(self.ann, "Sent")), ([], []))

    def test_trace(self) -> None:
        """Received says that the sender was authenticated, over TLS."""
        self.result(self.receive(self.inside, THEM))
        self.assertIn(b"with ESMTPSA", self.queue.contents[0])


class FieldTests(AgentCase):
    """The header section of what leaves."""

    def outgoing(self, content: bytes, spooled: bool = False) -> bytes:
        """What leaves."""
        self.result(self.receive(self.inside, THEM, content=content, spooled=spooled))
        return self.queue.contents[-1]

    def test_missing_fields(self) -> None:
        """Date, Message-ID and From are added where they are missing (RFC 6409 §8)."""
        message = message_from_bytes(self.outgoing(b"Subject: x\r\n\r\nbody\r\n"))
        self.assertEqual(message["Date"], "Fri, 02 Jan 2026 03:04:05 +0000")
        self.assertEqual(message["Message-ID"], f"<{TRAIL.hex}@example.com>")
        self.assertEqual(message["From"], "<ann@example.com>")

    def test_present_fields(self) -> None:
        """What the client wrote stays."""
        content = b"Date: x\r\nMESSAGE-ID: <y@z>\r\n" + MESSAGE
        outgoing = self.outgoing(content)
        self.assertTrue(outgoing.endswith(b"\r\n" + content))
        self.assertEqual(outgoing.lower().count(b"\r\ndate:"), 1)
        self.assertEqual(outgoing.lower().count(b"\r\nmessage-id:"), 1)

    def test_bcc(self) -> None:
        """Bcc and a forged Return-Path do not leave; the sender's own copy keeps Bcc. Also for messages on disk."""
        for number, spooled in enumerate((False, True)):
            outgoing = self.outgoing(
                b"Bcc: secret@x.example,\r\n more@x.example\r\nReturn-Path: <a@b>\r\n" + MESSAGE, spooled
            )
            self.assertNotIn(b"secret", outgoing)
            self.assertNotIn(b"more@", outgoing)
            self.assertNotIn(b"<a@b>", outgoing)
            self.assertTrue(outgoing.endswith(b"\r\n" + MESSAGE))
            self.assertIn(b"Bcc: secret", self.mailbox(self.ann, "Sent")[number])

    def test_large_bcc(self) -> None:
        """A large message loses its Bcc without being read into memory, and its spool file is removed."""
        body = b"line\r\n" * 200_000
        outgoing = self.outgoing(b"Bcc: secret@x.example\r\n" + MESSAGE + body, spooled=True)
        self.assertTrue(outgoing.endswith(b"\r\n" + MESSAGE + body))
        self.assertEqual(list((self.storage.directory / "spool").iterdir()), [])

    def test_signed_last(self) -> None:
        """The signature covers everything that we add."""
        self.outgoing(b"Subject: x\r\n\r\n")
        ((domain, signed),) = self.signer.signed
        self.assertEqual(domain, "example.com")
        for field in (b"Date:", b"Message-ID:", b"From:", b"Received:"):
            self.assertIn(field, signed)

    def test_signing_fails(self) -> None:
        """A key that cannot be used never stops mail; the log and the event say that it went unsigned."""
        self.signer.error = ValueError("no good key")
        self.assertNotIn(b"DKIM", self.outgoing(MESSAGE))
        self.assertEqual(len(self.flushLoggedErrors(ValueError)), 1)
        self.assertFalse(self.events.events[0].data["signed"])

    def test_smtputf8(self) -> None:
        """SMTPUTF8 is asked of the next host only if the message needs it."""
        utf8 = MailParameters(smtputf8=True, body="8BITMIME")
        self.result(self.receive(self.inside, THEM, parameters=utf8))
        self.result(self.receive(self.inside, THEM, parameters=utf8, content="Subject: ä\r\n\r\n".encode()))
        self.result(self.receive(self.inside, Address("jörg", "x.example")))
        self.assertEqual([one.smtputf8 for one in self.queue.messages], [False, True, True])
        self.assertEqual([one.eight_bit for one in self.queue.messages], [True, True, False])


class SenderTests(AgentCase):
    """Accounts write under their own name."""

    def test_mail_from(self) -> None:
        """The return-path must be the account's; the null path is for notifications."""
        for path in (ANN, None):
            self.result(self.reception.mail(self.inside, path, MailParameters()))
        for path in (BOB, THEM):
            self.assertEqual(self.refusal(self.reception.mail(self.inside, path, MailParameters())), NOT_YOURS)

    def test_from(self) -> None:
        """So must every address in From and Sender, however it is hidden."""
        for header in (
            b"From: bob@example.com\r\n",
            b"from : bob@example.com\r\n",
            b'From: "ann@example.com" <bob@example.com>\r\n',
            b"From: ann@example.com, bob@example.com\r\n",
            b"From: ann@example.com\r\nFrom: bob@example.com\r\n",
            b"From: ann@example.com\r\nSender: bob@example.com\r\n",
            b"From:\r\n bob@example.com\r\n",
            b"From: us: ann@example.com, bob@example.com;\r\n",
            b"From: ann@example.com <bob@example.com>\r\n",
            b"From: nobody\r\n",
            b"From:\r\n",
            b"X: y\r\n" * 1001 + b"From: bob@example.com\r\n",
        ):
            reply = self.refusal(self.receive(self.inside, THEM, content=header + b"\r\nbody\r\n"))
            self.assertIn((reply.code, reply.status), {(550, "5.7.1"), (552, "5.3.4")}, header)
        self.assertEqual((self.queue.messages, self.mailbox(self.ann, "Sent")), ([], []))

    def test_own_from(self) -> None:
        """The own address is found in any common form."""
        for value in (
            b"ann@example.com",
            b"Ann <ANN@example.com>",
            b'"A, B" <ann+tag@example.com>',
            b"ann@example.com (Ann)",
        ):
            self.result(self.receive(self.inside, THEM, content=b"From: " + value + b"\r\n\r\n"))


class RecipientTests(AgentCase):
    """Whom an account may write to."""

    def test_any_domain(self) -> None:
        """Any domain elsewhere, any account here."""
        for recipient in (THEM, BOB, Address("jörg", "bücher.example"), Address("a%b", "elsewhere.example")):
            self.result(self.rcpt(self.inside, recipient))

    def test_unknown_account(self) -> None:
        """A local address that does not exist is refused at once."""
        for local in ("nobody", "them%elsewhere.example"):
            reply = self.refusal(self.rcpt(self.inside, Address(local, "example.com")))
            self.assertEqual(str(reply), "550 5.1.1 no such account")

    def test_unroutable(self) -> None:
        """Address literals and names without a dot lead nowhere."""
        self.assertEqual(self.refusal(self.rcpt(self.inside, Address("a", "[127.0.0.1]"))), NO_LITERALS)
        self.assertEqual(self.refusal(self.rcpt(self.inside, Address("a", "localhost"))).status, "5.1.2")
        self.assertEqual(self.refusal(self.rcpt(self.inside, Address("a", "ü" * 64 + ".example"))).status, "5.1.2")


class OutgoingTests(AgentCase):
    """What keeps an account from sending more, or to nobody."""

    def test_suppressed(self) -> None:
        """An address that its host does not know is refused at RCPT, with what the host said."""
        self.suppressions.reasons[THEM] = "since 2026-01-02: 550 5.1.1 nobody here"
        reply = self.refusal(self.rcpt(self.inside, THEM))
        self.assertEqual((reply.code, reply.status), (550, "5.1.1"))
        self.assertIn("suppression list since 2026-01-02: 550 5.1.1 nobody here", reply.text)

    def test_enough_for_today(self) -> None:
        """An account that has sent what it may is refused for now at RCPT; accounts here can still be written to."""
        self.caps.messages = 1
        self.result(self.receive(self.inside, THEM))
        self.assertTrue(self.refusal(self.rcpt(self.inside, THEM)).temporary)
        self.result(self.rcpt(self.inside, BOB))
        self.result(self.receive(self.inside, BOB))

    def test_new_recipients(self) -> None:
        """So is one that has written to as many new recipients as it may, those of this message counted."""
        self.caps.strangers = 1
        other = Address("other", "third.example")
        self.result(self.reception.recipient(self.inside, Envelope(ANN, (BOB,)), THEM))
        reply = self.refusal(self.reception.recipient(self.inside, Envelope(ANN, (BOB, THEM)), other))
        self.assertTrue(reply.temporary)

    def test_at_the_end(self) -> None:
        """Two submissions at the same moment do not get past the limit together: nothing of the second is kept."""
        self.caps.messages = 1
        self.result(self.receive(self.inside, THEM))
        self.assertTrue(self.refusal(self.receive(self.inside, BOB, THEM)).temporary)
        self.assertEqual((len(self.queue.messages), self.mailbox(self.bob)), (1, []))
