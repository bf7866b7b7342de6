"""The Authenticated Received Chain of a message (RFC 8617 §4, §5.2)."""

import re
from collections.abc import Sequence

from attrs import frozen

from daptinmail.dkim.tags import BadSignature, HeaderField, MessageTags, Tags, read_message_tags, read_tags

MAX_SETS = 50  # RFC 8617 §4.2.1
RESULTS, MESSAGE, SEAL = b"arc-authentication-results", b"arc-message-signature", b"arc-seal"

_INSTANCE = re.compile(rb"[ \t\r\n]*i[ \t\r\n]*=[ \t\r\n]*([1-9]\d?)[ \t\r\n]*(?:;|\Z)")
_ANY_INSTANCE = re.compile(rb"(?:\A|;)[ \t\r\n]*i[ \t\r\n]*=[ \t\r\n]*([1-9]\d?)[ \t\r\n]*(?:;|\Z)")
_NEEDED_OF_MESSAGE = (b"i", b"a", b"b", b"bh", b"d", b"h", b"s")
_NEEDED_OF_SEAL = (b"i", b"cv", b"a", b"b", b"d", b"s")


class BrokenChain(Exception):
    """The chain fails; the message says why."""


@frozen
class ArcSet:
    """What one intermediary added."""

    results: HeaderField
    message: HeaderField
    seal: HeaderField

    @property
    def fields(self) -> tuple[HeaderField, ...]:
        """In the order in which they are sealed (§5.1.1)."""
        return self.results, self.message, self.seal


@frozen
class ArcChain:
    """The sets in order of their instances, with what has to be verified: the last message signature and all seals."""

    sets: tuple[ArcSet, ...]
    message: MessageTags
    seals: tuple[Tags, ...]

    def sealed_by(self, number: int) -> list[HeaderField]:
        """The fields that the seal of set ``number`` (from 0) covers beside itself."""
        covered = [field for one in self.sets[: number + 1] for field in one.fields]
        return covered[:-1]

    @property
    def claims(self) -> str:
        """What the last intermediary found, without the instance."""
        value = self.sets[-1].results.value
        text = value.partition(b";")[2].replace(b"\r\n", b"")
        return text.decode("utf-8", "replace").strip()


def read_chain(fields: Sequence[HeaderField]) -> ArcChain | None:
    """The chain, complete and well formed; ``None`` for a message without one.

    Raises:
        BrokenChain: sets are missing or doubled, a field cannot be read, or the last set says that the chain failed.
    """
    sets = _sets(fields)
    if not sets:
        return None
    try:
        seals = tuple(read_tags(one.seal, _NEEDED_OF_SEAL) for one in sets)
        message = read_message_tags(read_tags(sets[-1].message, _NEEDED_OF_MESSAGE))
    except BadSignature as error:
        raise BrokenChain(error.reason) from error
    if seals[-1].values[b"cv"].lower() == b"fail":
        raise BrokenChain(f"broken before set {len(sets)}")
    for number, seal in enumerate(seals, 1):
        if seal.values[b"cv"].lower() != (b"none" if number == 1 else b"pass"):
            raise BrokenChain(f"cv= of set {number} is wrong")
        if b"h" in seal.values:
            raise BrokenChain(f"seal of set {number} has h=")
    if SEAL in message.signed:
        raise BrokenChain("a message signature covers seals")
    return ArcChain(sets, message, seals)


def _sets(fields: Sequence[HeaderField]) -> tuple[ArcSet, ...]:
    """The sets, from instance 1 on without a gap."""
    found: dict[bytes, dict[int, HeaderField]] = {RESULTS: {}, MESSAGE: {}, SEAL: {}}
    for field in fields:
        kind = found.get(field.name)
        if kind is None:
            continue
        pattern = _INSTANCE.match if field.name == RESULTS else _ANY_INSTANCE.search
        matched = pattern(field.value)
        instance = int(matched[1]) if matched else 0
        if instance in kind or not 0 < instance <= MAX_SETS:
            raise BrokenChain("a field has no instance, or one that occurs twice")
        kind[instance] = field
    count = max(map(len, found.values()))
    wanted = set(range(1, count + 1))
    if any(set(kind) != wanted for kind in found.values()):
        raise BrokenChain("a set is not complete")
    return tuple(
        ArcSet(found[RESULTS][number], found[MESSAGE][number], found[SEAL][number]) for number in sorted(wanted)
    )
