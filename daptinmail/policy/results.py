"""Findings as Authentication-Results states them (RFC 8601 §2.7, RFC 7489 §11, RFC 8617 §10.1)."""

from collections.abc import Sequence

from daptinmail.interfaces.screening import Chain, Check, Signature
from daptinmail.policy.author import Author
from daptinmail.policy.dmarc import DmarcResult


def dkim_checks(signatures: Sequence[Signature]) -> tuple[Check, ...]:
    """One for each signature; ``none`` without."""
    return tuple(_dkim_check(one) for one in signatures) or (Check("dkim", "none", "not signed"),)


def _dkim_check(signature: Signature) -> Check:
    properties = (
        ("header.d", signature.domain),
        ("header.s", signature.selector),
        ("header.a", signature.algorithm),
        ("header.b", signature.start),
    )
    return Check("dkim", signature.result, signature.reason, tuple(one for one in properties if one[1]))


def dmarc_check(dmarc: DmarcResult | None, author: Author) -> Check:
    """That of the strictest author; an error if nobody can be told to be one."""
    if dmarc is None:
        return Check("dmarc", "permerror", author.fault)
    said = [author.fault or dmarc.reason, f"p={dmarc.policy}" if dmarc.policy else ""]
    properties: tuple[tuple[str, str], ...] = (("header.from", dmarc.domain),)
    if dmarc.policy:
        properties += (("policy.dmarc", dmarc.disposition),)  # what remains of it for this message
    return Check("dmarc", dmarc.result, ", ".join(filter(None, said)), properties)


def arc_check(chain: Chain) -> tuple[Check, ...]:
    """Nothing for a message without a chain."""
    if chain.result == "none":
        return ()
    reason = chain.reason or f"{chain.instances} sets, the last one sealed by {chain.sealer}"
    return (Check("arc", chain.result, reason),)
