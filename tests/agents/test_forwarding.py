"""Mail that an alias sends on, and notifications on their way back."""

from attrs import evolve
from twisted.internet.defer import Deferred

from daptinmail.agents.forwarding import NOT_FORWARDED
from daptinmail.interfaces.quota import Quota
from daptinmail.interfaces.screening import Action, Chain, Check, Verdict
from daptinmail.mail.address import Address
from daptinmail.mail.envelope import Envelope
from daptinmail.policy.relaying import NO_ACCOUNT
from tests.agents.case import ANN, BOB, MESSAGE, OUTSIDE, THEM, TRAIL, AgentCase

SALES = Address("sales", "example.com")
CYD = Address("cyd", "third.example")
GOOD = Verdict(Action.ACCEPT, (Check("spf", "pass"),))


class AliasTests(AgentCase):
    """Mail of others for an alias."""

    def setUp(self) -> None:
        super().setUp()
        self.routing.aliases[SALES] = (ANN, BOB, CYD)
        self.screening.verdict, self.screening.ids = GOOD, ("mail.example.com",)

    def test_here_and_elsewhere(self) -> None:
        """Accounts here get it, and the queue what is for elsewhere, sealed, with a return-path that leads back."""
        self.result(self.rcpt(OUTSIDE, SALES))
        self.result(self.receive(OUTSIDE, SALES, return_path=THEM))
        self.assertEqual([len(self.mailbox(one)) for one in (self.ann, self.bob)], [1, 1])
        (queued,) = self.queue.messages
        self.assertEqual((queued.recipients, queued.trail, queued.account_id), ((CYD,), TRAIL, None))
        self.assertEqual(queued.return_path, Address("SRS0=elsewhere.example=them", "example.com"))
        sealed = self.queue.contents[0]
        self.assertTrue(sealed.startswith(b"ARC-Seal: d=example.com; mail.example.com;\r\n spf=pass\r\n"))
        self.assertTrue(sealed.endswith(b"\r\n" + MESSAGE))
        self.assertEqual(self.events.events[0].data["forwarded"], [str(CYD)])

    def test_once_for_each(self) -> None:
        """Who is reached twice gets one copy."""
        self.result(self.receive(OUTSIDE, SALES, ANN, return_path=THEM))
        self.assertEqual(len(self.mailbox(self.ann)), 1)

    def test_elsewhere_only(self) -> None:
        """Nothing is kept here."""
        self.routing.aliases[SALES] = (CYD,)
        self.result(self.receive(OUTSIDE, SALES, return_path=THEM))
        self.assertEqual((self.mailbox(self.ann), len(self.queue.messages)), ([], 1))

    def test_nobody_is_told_of_what_a_forger_sent(self) -> None:
        """Without SPF's pass a failure further on is reported to nobody: no backscatter."""
        for check in (Check("spf", "softfail"), Check("spf", "none")):
            self.screening.verdict = Verdict(Action.ACCEPT, (check,))
            self.result(self.receive(OUTSIDE, SALES, return_path=THEM))
            self.assertIsNone(self.queue.messages[-1].return_path)

    def test_spam(self) -> None:
        """It stays here, in Spam; where nobody here gets it, it is refused."""
        self.screening.verdict = evolve(GOOD, action=Action.SPAM)
        self.result(self.receive(OUTSIDE, SALES, return_path=THEM))
        self.assertEqual((len(self.mailbox(self.ann, "Spam")), self.queue.messages), (1, []))
        self.routing.aliases[SALES] = (CYD,)
        self.assertEqual(self.refusal(self.receive(OUTSIDE, SALES, return_path=THEM)), NOT_FORWARDED)

    def test_broken_chain(self) -> None:
        """A chain that failed is not sealed over."""
        self.screening.verdict = evolve(GOOD, chain=Chain("fail", 1))
        self.result(self.receive(OUTSIDE, SALES, return_path=THEM))
        self.assertTrue(self.queue.contents[0].startswith(b"Authentication-Results: "))

    def test_one_full_account(self) -> None:
        """It does not keep the mail from the others; all full is a refusal."""
        self.routing.aliases[SALES] = (ANN, BOB)
        self.directory._accounts["bob@example.com"] = evolve(self.bob, limited=True)
        self.store.quotas.limits[self.bob.id] = Quota(0, 0, messages_limit=0)
        self.result(self.rcpt(OUTSIDE, SALES))
        self.result(self.receive(OUTSIDE, SALES, return_path=THEM))
        self.assertEqual([len(self.mailbox(one)) for one in (self.ann, self.bob)], [1, 0])
        self.routing.aliases[SALES] = (BOB, BOB)
        self.assertEqual(self.refusal(self.rcpt(OUTSIDE, SALES)).code, 552)

    def test_nothing_is_kept_on_failure(self) -> None:
        """If the queue fails nobody has it."""
        self.queue.error = OSError("disk full")
        self.assertTrue(self.refusal(self.receive(OUTSIDE, SALES, return_path=THEM)).temporary)
        self.assertEqual((self.mailbox(self.ann), self.events.kinds), ([], []))

    def test_submission_to_an_alias(self) -> None:
        """An account writes to it as to anybody; what leaves is signed and comes from the account."""
        self.result(self.rcpt(self.inside, SALES))
        self.result(self.receive(self.inside, SALES, return_path=ANN))
        (queued,) = self.queue.messages
        self.assertEqual((queued.recipients, queued.return_path), ((CYD,), ANN))
        self.assertTrue(self.queue.contents[0].startswith(b"DKIM-Signature: "))
        self.assertEqual(len(self.mailbox(self.bob)), 1)


class ReturningTests(AgentCase):
    """Notifications about forwarded mail."""

    def setUp(self) -> None:
        super().setUp()
        path = self.result(self.routing.rewritten(THEM, "example.com"))
        assert path is not None
        self.path = path

    def test_back_to_the_sender(self) -> None:
        """A notification for a return-path of ours goes on to who is behind it, with the null path."""
        self.result(self.reception.recipient(OUTSIDE, Envelope(None), self.path))
        self.result(self.receive(OUTSIDE, self.path, return_path=None))
        (queued,) = self.queue.messages
        self.assertEqual((queued.recipients, queued.return_path), ((THEM,), None))

    def test_only_notifications(self) -> None:
        """Ordinary mail for it is refused: it is no way to relay."""
        self.assertEqual(self.refusal(self.rcpt(OUTSIDE, self.path)), NO_ACCOUNT)
        self.routing.senders.clear()
        work = Deferred.fromCoroutine(self.reception.recipient(OUTSIDE, Envelope(None), self.path))
        self.failureResultOf(work)

    def test_our_own_notifications(self) -> None:
        """When our queue gives forwarded mail up, the sender elsewhere is told."""
        self.assertEqual(self.result(self.returns.locate(self.path)), THEM)
