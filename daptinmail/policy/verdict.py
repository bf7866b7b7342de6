"""From what was found to what is done about it; no input and no output."""

from collections.abc import Callable, Sequence

from attrs import frozen

from daptinmail.interfaces.screening import NO_CHAIN, Action, Chain, Check, Signature, Verdict
from daptinmail.mail.reply import Reply
from daptinmail.policy.author import Author
from daptinmail.policy.dmarc import DmarcResult
from daptinmail.policy.rules import ScreeningRules

FORGED_FROM = Reply(550, "5.7.1", "Messages with more than one author field are not accepted")
NO_SIGNATURE = Reply(550, "5.7.20", "No passing DKIM signature found")  # RFC 7372 §3.1
SIGNATURE_UNKNOWN = Reply(451, "4.7.20", "A DKIM key cannot be looked up now, please try again later")
SPF_FAILED = Reply(550, "5.7.23", "SPF: this host may not send mail for that domain")  # RFC 7372 §3.2
NO_REVERSE = Reply(550, "5.7.25", "The name of your address does not lead back to it")  # RFC 7372 §3.3
FAILED_TOGETHER = Reply(550, "5.7.26", "Too many checks of this message failed")  # RFC 7372 §3.4


@frozen
class Findings:
    """What is known about a message. ``spf`` is the check of the sender, ``dmarc`` that of the strictest author."""

    author: Author
    spf: Check
    iprev: Check
    signatures: tuple[Signature, ...] = ()
    dmarc: DmarcResult | None = None
    chain: Chain = NO_CHAIN


def decide(rules: ScreeningRules, found: Findings, checks: tuple[Check, ...]) -> Verdict:
    """The verdict. A refusal goes before the Spam mailbox, and a reason of its own before the score."""
    score, counted = score_of(rules, found)
    decided = [one for judge in _JUDGES if (one := judge(rules, found)) is not None]
    excuse = _excuse(rules, found)
    reasons = (*(reason for _, reason, _ in decided), *((excuse,) if excuse else ()), *counted)
    reply = next((reply for _, _, reply in decided if reply is not None), None)
    if reply is None and 0 < rules.refuse_score <= score:
        reply = FAILED_TOGETHER
    if reply is not None:
        return Verdict(Action.REFUSE, checks, score, reasons, reply=reply, chain=found.chain)
    is_spam = bool(decided) or 0 < rules.spam_score <= score
    is_marked = is_spam or 0 < rules.mark_score <= score
    action = Action.SPAM if is_spam else Action.ACCEPT
    return Verdict(action, checks, score, reasons, is_marked, chain=found.chain)


def score_of(rules: ScreeningRules, found: Findings) -> tuple[float, tuple[str, ...]]:
    """All points, and what they are for."""
    results = [("spf", found.spf.result), ("iprev", found.iprev.result), ("arc", found.chain.result)]
    results += [("dkim", one.result) for one in found.signatures] or [("dkim", "none")]
    results.append(("dmarc", found.dmarc.result if found.dmarc else "permerror"))
    points = [(f"{method}={result}", rules.points(method, result)) for method, result in results]
    counted = tuple(f"{name}: {value:+g}" for name, value in points if value)
    return sum(value for _, value in points), counted


def dmarc_reply(dmarc: DmarcResult) -> Reply:
    """The refusal that a policy asks for; for now only, while it is not known whether the message would pass."""
    if dmarc.result == "temperror":
        return Reply(451, "4.7.1", f"DNS is silent, and {dmarc.domain} has a DMARC policy; please try again later")
    return Reply(550, "5.7.1", f"Rejected as {dmarc.domain} asks by its DMARC policy")


_Decided = tuple[Action, str, Reply | None]
"""What one rule says, and why; with a reply if it refuses."""


def _judge_author(rules: ScreeningRules, found: Findings) -> _Decided | None:
    if not found.author.forged:
        return None
    return _refuse_or_spam(rules, "dmarc", found.author.fault, FORGED_FROM)


def _judge_dmarc(rules: ScreeningRules, found: Findings) -> _Decided | None:
    dmarc = found.dmarc
    if dmarc is None or dmarc.disposition == "none" or dmarc.result not in {"fail", "temperror"}:
        return None
    if _excuse(rules, found):
        return None
    reason = f"dmarc={dmarc.result}, and {dmarc.domain} wants {dmarc.disposition}"
    if dmarc.disposition == "quarantine" and dmarc.result == "fail":
        return Action.SPAM, reason, None
    return _refuse_or_spam(rules, "dmarc", reason, dmarc_reply(dmarc))


def _judge_spf(rules: ScreeningRules, found: Findings) -> _Decided | None:
    """By choice only: a forwarder breaks SPF, and DMARC knows whether DKIM makes up for it."""
    if "spf" not in rules.refuse or found.spf.result != "fail" or _passes(found):
        return None
    return Action.REFUSE, f"spf=fail: {found.spf.reason}", SPF_FAILED


def _judge_signatures(rules: ScreeningRules, found: Findings) -> _Decided | None:
    results = {one.result for one in found.signatures}
    if "dkim" not in rules.refuse or "pass" in results:
        return None
    if "temperror" in results:
        return Action.REFUSE, "dkim=temperror", SIGNATURE_UNKNOWN
    return Action.REFUSE, "no signature passes", NO_SIGNATURE


def _judge_reverse(rules: ScreeningRules, found: Findings) -> _Decided | None:
    if "iprev" not in rules.refuse or found.iprev.result not in {"fail", "permerror"}:
        return None
    return Action.REFUSE, f"iprev={found.iprev.result}: {found.iprev.reason}", NO_REVERSE


_JUDGES: Sequence[Callable[[ScreeningRules, Findings], _Decided | None]] = (
    _judge_author,
    _judge_dmarc,
    _judge_spf,
    _judge_signatures,
    _judge_reverse,
)


def _refuse_or_spam(rules: ScreeningRules, kind: str, reason: str, reply: Reply) -> _Decided:
    return (Action.REFUSE, reason, reply) if kind in rules.refuse else (Action.SPAM, reason, None)


def _passes(found: Findings) -> bool:
    return found.dmarc is not None and found.dmarc.result == "pass"


def _excuse(rules: ScreeningRules, found: Findings) -> str:
    """Why a DMARC failure counts for nothing: a forwarder that we believe saw the message pass (RFC 8617 §7.2.1)."""
    chain, dmarc = found.chain, found.dmarc
    if dmarc is None or dmarc.result == "pass" or dmarc.disposition == "none" or chain.result != "pass":
        return ""
    if chain.sealer not in rules.arc_sealers or not _says_dmarc_passed(chain.results, dmarc.domain):
        return ""
    return f"dmarc={dmarc.result}, but {chain.sealer} saw it pass"


def _says_dmarc_passed(results: str, domain: str) -> bool:
    """Do these authentication results state it for this author?"""
    for statement in results.lower().split(";"):
        words = statement.split()
        if words[:1] == ["dmarc=pass"] and f"header.from={domain}" in words:
            return True
    return False
