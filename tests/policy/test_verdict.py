"""From findings to a decision."""

from typing import Any

from attrs import evolve
from twisted.trial.unittest import SynchronousTestCase

from daptinmail.interfaces.screening import Action, Chain, Check, Signature, Verdict
from daptinmail.policy.author import Author
from daptinmail.policy.dmarc import DmarcResult
from daptinmail.policy.rules import ScreeningRules
from daptinmail.policy.verdict import Findings, decide

PASSED = DmarcResult("pass", "example.com", "reject")
REJECTED = DmarcResult("fail", "example.com", "reject", "reject")
GOOD = Findings(
    Author(("example.com",)),
    Check("spf", "pass"),
    Check("iprev", "pass"),
    (Signature("pass", "example.com"),),
    DmarcResult("none", "example.com"),
)
NO_RULES = ScreeningRules()


def spf(result: str) -> Check:
    """An SPF result."""
    return Check("spf", result, "why")


def dkim(*results: str) -> tuple[Signature, ...]:
    """Signatures."""
    return tuple(Signature(result) for result in results)


class VerdictCase(SynchronousTestCase):
    """Judging."""

    def judge(self, rules: ScreeningRules = NO_RULES, **found: Any) -> Verdict:
        """The verdict on a good message, but for what is given."""
        return decide(rules, evolve(GOOD, **found), ())

    def assert_refused(self, reply: str, rules: ScreeningRules = NO_RULES, **found: Any) -> None:
        """It is refused with a reply that begins so, and the log says why."""
        verdict = self.judge(rules, **found)
        self.assertEqual(verdict.action, Action.REFUSE)
        self.assertTrue(str(verdict.reply).startswith(reply), verdict.reply)
        self.assertTrue(verdict.reasons)

    def assert_placed(self, action: Action, rules: ScreeningRules = NO_RULES, **found: Any) -> Verdict:
        """It is taken, into INBOX or the Spam mailbox."""
        verdict = self.judge(rules, **found)
        self.assertEqual((verdict.action, verdict.reply), (action, None), verdict)
        return verdict


class ScoreTests(VerdictCase):
    """The scores of the documents are the default."""

    def test_daptins_scores(self) -> None:
        """Over 299 is spam, over 50 is marked; SPF error 50, invalid 200, each bad or missing signature 100."""
        for result, signatures, score, action, marked in (
            ("pass", dkim("pass"), 0, Action.ACCEPT, False),
            ("softfail", dkim("pass"), 50, Action.ACCEPT, False),
            ("temperror", dkim("pass"), 50, Action.ACCEPT, False),
            ("pass", (), 100, Action.ACCEPT, True),
            ("none", dkim("fail"), 100, Action.ACCEPT, True),
            ("fail", dkim("pass"), 200, Action.ACCEPT, True),
            ("fail", dkim("temperror"), 250, Action.ACCEPT, True),
            ("fail", (), 300, Action.SPAM, True),
            ("pass", dkim("fail", "pass", "permerror"), 200, Action.ACCEPT, True),
            ("pass", dkim("fail", "neutral", "policy"), 300, Action.SPAM, True),
        ):
            verdict = self.assert_placed(action, spf=spf(result), signatures=signatures)
            self.assertEqual((verdict.score, verdict.marked), (score, marked), (result, signatures))

    def test_reasons(self) -> None:
        """Every point is accounted for."""
        verdict = self.judge(spf=spf("fail"), signatures=())
        self.assertEqual(verdict.reasons, ("spf=fail: +200", "dkim=none: +100"))

    def test_thresholds(self) -> None:
        """Thresholds are reached at their value, and 0 means never."""
        rules = ScreeningRules(mark_score=100, spam_score=200, refuse_score=250)
        self.assertTrue(self.assert_placed(Action.ACCEPT, rules, signatures=()).marked)
        self.assert_placed(Action.SPAM, rules, spf=spf("fail"))
        self.assert_refused("550 5.7.26", rules, spf=spf("fail"), signatures=dkim("temperror"))
        never = ScreeningRules(mark_score=0, spam_score=0)
        self.assertFalse(self.assert_placed(Action.ACCEPT, never, spf=spf("fail"), signatures=()).marked)

    def test_own_scores(self) -> None:
        """Other results may count too, and count down."""
        rules = ScreeningRules(scores={("iprev", "fail"): 70.0, ("dmarc", "pass"): -30.0, ("arc", "fail"): 1.0})
        verdict = self.judge(rules, iprev=Check("iprev", "fail"), dmarc=PASSED, chain=Chain("fail"))
        self.assertEqual(verdict.score, 41)


class DmarcTests(VerdictCase):
    """What a policy brings about."""

    def test_reject(self) -> None:
        """A failure with p=reject is refused by 550 5.7.1, and with refusing switched off it is spam."""
        self.assert_refused("550 5.7.1 Rejected as example.com asks", dmarc=REJECTED)
        self.assert_placed(Action.SPAM, ScreeningRules(refuse=frozenset()), dmarc=REJECTED)

    def test_quarantine_and_none(self) -> None:
        """A failure with p=quarantine is spam whatever its score; with p=none nothing follows."""
        verdict = self.assert_placed(Action.SPAM, dmarc=evolve(REJECTED, disposition="quarantine"))
        self.assertTrue(verdict.marked)
        self.assertIn("example.com wants quarantine", verdict.reasons[0])
        self.assert_placed(Action.ACCEPT, dmarc=evolve(REJECTED, disposition="none"))
        self.assert_placed(Action.ACCEPT, dmarc=PASSED, spf=spf("fail"))

    def test_silent_dns(self) -> None:
        """While DNS is silent nothing is refused for good: under a policy the sender is asked to come again."""
        silent = evolve(REJECTED, result="temperror")
        for found in (silent, evolve(silent, disposition="quarantine")):
            self.assert_refused("451 4.7.1 ", dmarc=found)
            self.assert_placed(Action.SPAM, ScreeningRules(refuse=frozenset()), dmarc=found)
        self.assert_placed(Action.ACCEPT, dmarc=evolve(silent, disposition="none"))

    def test_forged_author(self) -> None:
        """More than one From field is refused as no policy could be trusted; with refusing off it is spam."""
        forged = Author(("example.com",), "more than one From field", forged=True)
        self.assert_refused("550 5.7.1 ", author=forged, dmarc=PASSED)
        self.assert_placed(Action.SPAM, ScreeningRules(refuse=frozenset()), author=forged)

    def test_no_author(self) -> None:
        """A message without From is nobody's forgery."""
        self.assert_placed(Action.ACCEPT, author=Author(fault="no From field"), dmarc=None)

    def test_trusted_chain(self) -> None:
        """A failure is excused if a sealer that the operator trusts saw the message pass for this author (RFC 8617)."""
        rules = ScreeningRules(arc_sealers=frozenset({"lists.example"}))
        results = (
            "mx.lists.example; spf=pass smtp.mailfrom=a@example.com; dmarc=pass (p=reject) header.from=example.com"
        )
        chain = Chain("pass", 1, "lists.example", results)
        for disposition in ("reject", "quarantine"):
            failed = evolve(REJECTED, disposition=disposition)
            verdict = self.assert_placed(Action.ACCEPT, rules, dmarc=failed, chain=chain)
            self.assertEqual(verdict.reasons[0], "dmarc=fail, but lists.example saw it pass")
        for other in (
            evolve(chain, result="fail"),
            evolve(chain, sealer="evil.example"),
            evolve(chain, results=results.replace("dmarc=pass", "dmarc=fail")),
            evolve(chain, results=results.replace("header.from=example.com", "header.from=evil.example")),
        ):
            self.assert_refused("550 5.7.1 ", rules, dmarc=REJECTED, chain=other)
        self.assert_refused("550 5.7.1 ", dmarc=REJECTED, chain=chain)


class ChoiceTests(VerdictCase):
    """What else an operator may choose to refuse."""

    def test_spf(self) -> None:
        """SPF fail, unless DMARC passes by DKIM; nothing softer."""
        rules = ScreeningRules(refuse=frozenset({"spf"}))
        self.assert_refused("550 5.7.23 ", rules, spf=spf("fail"))
        self.assert_placed(Action.ACCEPT, rules, spf=spf("fail"), dmarc=PASSED)
        for result in ("softfail", "temperror", "permerror", "none"):
            self.assert_placed(Action.ACCEPT, rules, spf=spf(result))

    def test_refusal_first(self) -> None:
        """What refuses a message goes before what would put it into Spam; both are told."""
        rules = ScreeningRules(refuse=frozenset({"spf"}))
        failed = evolve(REJECTED, disposition="quarantine")
        self.assert_refused("550 5.7.23 ", rules, spf=spf("fail"), dmarc=failed)
        reasons = self.judge(rules, spf=spf("fail"), dmarc=failed).reasons
        self.assertEqual(reasons[:2], ("dmarc=fail, and example.com wants quarantine", "spf=fail: why"))

    def test_dkim(self) -> None:
        """No passing signature; for now only, while a key cannot be looked up."""
        rules = ScreeningRules(refuse=frozenset({"dkim"}))
        self.assert_refused("550 5.7.20 ", rules, signatures=())
        self.assert_refused("550 5.7.20 ", rules, signatures=dkim("fail"))
        self.assert_refused("451 4.7.20 ", rules, signatures=dkim("fail", "temperror"))
        self.assert_placed(Action.ACCEPT, rules, signatures=dkim("fail", "pass"))

    def test_iprev(self) -> None:
        """No reverse name, or one that does not lead back; never while DNS is silent."""
        rules = ScreeningRules(refuse=frozenset({"iprev"}))
        for result in ("fail", "permerror"):
            self.assert_refused("550 5.7.25 ", rules, iprev=Check("iprev", result))
        self.assert_placed(Action.ACCEPT, rules, iprev=Check("iprev", "temperror"))
