"""Verifies the signatures on a content (RFC 6376 §6) and its ARC chain (RFC 8617 §5.2).

dkimpy reads tags and canonicalizes the header. Keys are fetched without a thread; then one call in a pool thread reads
the body once and verifies by the ``cryptography`` library, which lets other threads run meanwhile. dkimpy's own
verification would hold a thread while DNS is silent, and the interpreter for as long as a large body takes.
"""

from collections.abc import Iterable, Sequence
from typing import Any

from attrs import define
from twisted.internet.defer import Deferred, gatherResults
from zope.interface import implementer

from daptinmail.dkim.arc import ArcChain, BrokenChain, read_chain
from daptinmail.dkim.checks import KeyName, Keys, Material, key_name
from daptinmail.dkim.public_key import fetch_key
from daptinmail.dkim.tags import (
    BadSignature,
    HeaderField,
    MessageTags,
    check_dkim,
    check_times,
    header_fields,
    read_message_tags,
    read_tags,
)
from daptinmail.interfaces.runtime import IBlocking, IClock
from daptinmail.interfaces.screening import NO_CHAIN, Chain, ISignatureVerifier, Signature, SignatureReport
from daptinmail.interfaces.storage import Content
from daptinmail.interfaces.transfer import IResolver

MAX_SIGNATURES = 8
"""Of one message; those further down are not looked at."""

_NEEDED = (b"v", b"a", b"b", b"bh", b"d", b"h", b"s")


@implementer(ISignatureVerifier)
@define(eq=False)
class Verifier:
    """``ISignatureVerifier``: rsa-sha256 with keys of 1024 bits or more (RFC 8301), ed25519-sha256 (RFC 8463)."""

    blocking: IBlocking
    clock: IClock

    async def verify(self, content: Content, header: bytes, resolver: IResolver) -> SignatureReport:
        """One result for each signature, those on top first, and the chain's."""
        fields = header_fields(header)
        now = int(self.clock.now().timestamp())
        signed = [one for one in fields if one.name == b"dkim-signature"]
        read = [_read(one, now) for one in signed[:MAX_SIGNATURES]]
        chain = _read_chain(fields, now)
        usable = [one for one in read if isinstance(one, MessageTags)]
        seals = chain.seals if isinstance(chain, ArcChain) else ()
        messages = [*usable, chain.message] if isinstance(chain, ArcChain) else usable
        keys: Keys = {}
        if messages:
            keys = await _fetch(resolver, [key_name(one) for one in (*(each.tags for each in messages), *seals)])
        material = Material(content, len(header), fields, keys)
        signatures = [one for one in read if isinstance(one, Signature)]
        if messages:
            signatures, chain = await self.blocking.run(_check, material, read, messages, chain)
        if len(signed) > MAX_SIGNATURES:
            signatures.append(Signature("policy", reason=f"more than {MAX_SIGNATURES} signatures"))
        return SignatureReport(tuple(signatures), chain if isinstance(chain, Chain) else NO_CHAIN)


def _read(field: HeaderField, now: int) -> MessageTags | Signature:
    """A signature ready to be verified, or why it will not be."""
    try:
        read = read_message_tags(read_tags(field, _NEEDED))
    except BadSignature as error:
        return Signature(error.result, reason=error.reason)
    try:
        check_dkim(read, now)
    except BadSignature as error:
        return _result(read, error.result, error.reason)
    return read


def _read_chain(fields: Sequence[HeaderField], now: int) -> ArcChain | Chain:
    """The chain ready to be verified, or its result."""
    try:
        chain = read_chain(fields)
        if chain is not None:
            check_times(chain.message.tags, now)
    except (BrokenChain, BadSignature) as error:
        return Chain("fail", reason=str(error))
    return chain or NO_CHAIN


async def _fetch(resolver: IResolver, names: Iterable[KeyName]) -> Keys:
    """All keys at the same time."""
    wanted = list(dict.fromkeys(names))
    found: list[Any] = await gatherResults(
        [Deferred.fromCoroutine(fetch_key(resolver, selector, domain)) for selector, domain in wanted],
        consumeErrors=True,
    )
    return dict(zip(wanted, found, strict=True))


def _check(
    material: Material,
    read: Sequence[MessageTags | Signature],
    messages: Sequence[MessageTags],
    chain: ArcChain | Chain,
) -> tuple[list[Signature], Chain]:
    """Everything that costs time. Runs in a thread."""
    material.hash_bodies(messages)
    signatures = [one if isinstance(one, Signature) else _checked(material, one) for one in read]
    return signatures, _checked_chain(material, chain) if isinstance(chain, ArcChain) else chain


def _checked(material: Material, read: MessageTags) -> Signature:
    try:
        key = material.check_message(read)
        if key.exact and not _is_exact(read):
            raise BadSignature("permerror", "i= is below d=, which the key forbids")
    except BadSignature as error:
        return _result(read, error.result, error.reason)
    return _result(read, "pass", "key in testing mode" if key.testing else "")


def _is_exact(read: MessageTags) -> bool:
    """Is the domain of ``i=`` that of ``d=`` (RFC 6376 §3.6.1, flag s)?"""
    domain = read.tags.values.get(b"i", b"").rpartition(b"@")[2].decode("utf-8", "replace")
    return not domain or domain.lower() == read.tags.domain


def _checked_chain(material: Material, chain: ArcChain) -> Chain:
    """The last message signature, then the seals from the last to the first (RFC 8617 §5.2)."""
    count = len(chain.sets)
    try:
        material.check_message(chain.message)
        for number in reversed(range(count)):
            material.check_seal(chain.seals[number], chain.sealed_by(number))
    except BadSignature as error:
        return Chain("temperror" if error.result == "temperror" else "fail", count, reason=error.reason)
    return Chain("pass", count, chain.seals[-1].domain, chain.claims)


def _result(read: MessageTags, result: str, reason: str) -> Signature:
    tags = read.tags
    identity = tags.values.get(b"i", b"").decode("utf-8", "replace")
    start = tags.values[b"b"].replace(b" ", b"")[:8].decode()
    return Signature(result, tags.domain, tags.selector, tags.algorithm, identity, reason, start)
