"""Does the author's domain vouch for this message, and what does it ask for if not? (RFC 9989, RFC 7489)

No list of public suffixes: the boundary of an organization is found by the tree walk. The ``dmarc`` package, the one
maintained library for it, knows neither the walk nor ``np`` and ``psd``, and aligns a domain with its public suffix.
"""

from collections.abc import Callable, Sequence

from attrs import frozen

from daptinmail.errors import NotFound, Unavailable
from daptinmail.interfaces.transfer import IResolver
from daptinmail.policy.dmarc_record import POLICIES, DmarcRecord
from daptinmail.policy.dmarc_walk import walk


@frozen
class Identifier:
    """A domain that SPF or DKIM has proved, or not: ``method`` "spf" or "dkim", ``result`` as in RFC 8601."""

    method: str
    domain: str
    result: str


@frozen
class DmarcResult:
    """``result`` is "none", "pass", "fail", "temperror" or "permerror" for the author domain ``domain``.

    ``policy`` is what its owner published for it, "" for nothing. ``disposition`` is what follows: one of ``POLICIES``;
    with ``temperror`` what would follow if nothing else came to light.
    """

    result: str
    domain: str
    policy: str = ""
    disposition: str = "none"
    reason: str = ""


async def evaluate(
    resolver: IResolver, domain: str, identifiers: Sequence[Identifier], sample: Callable[[], float]
) -> DmarcResult:
    """Judge one author domain (A-labels, lower case). Never raises for DNS.

    ``sample`` answers a random number of 0 to 1; it is asked where a record wants its policy for some messages only.
    """
    try:
        organization = await walk(resolver, domain)
    except Unavailable:
        return DmarcResult("temperror", domain, reason="DNS does not answer for the policy")
    if organization.policy is None:
        return DmarcResult("none", domain, reason="no policy")
    owner, record = organization.policy
    policy = await _policy(resolver, domain, owner, record)
    disposition, reason = _disposition(record, policy, sample)
    undecided = ""
    for identifier in _promising(identifiers):
        try:
            aligned = await _is_aligned(resolver, identifier, domain, organization.domain, record)
        except Unavailable:
            undecided = undecided or f"DNS does not answer for {identifier.domain}"
            continue
        if aligned and identifier.result == "pass":
            return DmarcResult("pass", domain, policy, reason=f"aligned {identifier.method} of {identifier.domain}")
        if aligned:
            undecided = f"{identifier.method} of {identifier.domain} cannot be checked now"
    if undecided:
        return DmarcResult("temperror", domain, policy, disposition, undecided)
    return DmarcResult("fail", domain, policy, disposition, reason)


def strictest(results: Sequence[DmarcResult]) -> DmarcResult | None:
    """Of several author domains the one that asks for most (RFC 7489 §6.6.1)."""
    return max(results, key=lambda one: (POLICIES.index(one.disposition), one.result != "pass"), default=None)


def _promising(identifiers: Sequence[Identifier]) -> list[Identifier]:
    """Those that passed, then those of which it is not known."""
    return [one for wanted in ("pass", "temperror") for one in identifiers if one.result == wanted]


async def _is_aligned(
    resolver: IResolver, identifier: Identifier, domain: str, organization: str, record: DmarcRecord
) -> bool:
    """Identifier alignment (RFC 9989 §4.4): the same domain, or unless strict the same organization."""
    if identifier.domain == domain:
        return True
    if record.strict_dkim if identifier.method == "dkim" else record.strict_spf:
        return False
    if not f".{identifier.domain}".endswith(f".{organization}"):
        return False  # No walk could end there.
    return (await walk(resolver, identifier.domain)).domain == organization


async def _policy(resolver: IResolver, domain: str, owner: str, record: DmarcRecord) -> str:
    """Which of the record's policies is meant for the author domain (RFC 9989 §4.10.1)."""
    if domain == owner:
        return record.p
    if record.np and await _is_missing(resolver, domain):
        return record.np
    return record.sp or record.p


async def _is_missing(resolver: IResolver, domain: str) -> bool:
    """True if DNS says that there is no such name (RFC 9989 §3.2.13); while it is silent there is one."""
    try:
        await resolver.mail_exchangers(domain)
    except NotFound:
        return True
    except Unavailable:
        pass
    return False


def _disposition(record: DmarcRecord, policy: str, sample: Callable[[], float]) -> tuple[str, str]:
    """What the policy comes to: a step less in testing mode, and for messages left out of ``pct``, and why."""
    milder = POLICIES[max(0, POLICIES.index(policy) - 1)]
    if record.testing:
        return milder, "policy in testing mode"
    if record.percent < 100 and policy != "none" and sample() * 100 >= record.percent:
        return milder, f"left out by pct={record.percent}"
    return policy, ""
