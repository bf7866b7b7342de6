"""What DNS answered lately, that there is nothing too (RFC 1035 §7.4, RFC 2308)."""

from collections.abc import Sequence
from typing import Any

from attrs import define, field
from twisted.internet.interfaces import IReactorTime
from twisted.names import dns

MAX_ANSWERS = 10_000
MAX_OCTETS = 8 << 20  # of all answers together, roughly
MAX_TTL = 300  # seconds; a longer one of a record is cut
OVERHEAD = 300  # octets of an answer beside its text

Key = tuple[str, int]
"""Name and type."""
Answer = Sequence[Any] | None
"""Payloads; ``None`` for a name that does not exist."""


@define(eq=False)
class AnswerCache:
    """Keeps answers as long as their records allow; the oldest go when there are too many."""

    clock: IReactorTime
    _answers: dict[Key, tuple[float, int, Answer]] = field(factory=dict)
    _octets: int = 0

    def find(self, key: Key) -> tuple[Answer] | None:
        """The answer in a tuple, or ``None`` if there is none that still counts."""
        found = self._answers.get(key)
        if found is None:
            return None
        if found[0] > self.clock.seconds():
            return (found[2],)
        self._drop(key)
        return None

    def keep(self, key: Key, answer: Answer, ttl: int) -> None:
        """Remember an answer for ``ttl`` seconds."""
        if ttl <= 0:
            return
        if key in self._answers:
            self._drop(key)
        size = OVERHEAD + sum(map(_text_size, answer or ()))
        if size > MAX_OCTETS // 100:
            return
        while len(self._answers) >= MAX_ANSWERS or self._octets + size > MAX_OCTETS:
            self._drop(next(iter(self._answers)))
        self._answers[key] = (self.clock.seconds() + min(ttl, MAX_TTL), size, answer)
        self._octets += size

    def _drop(self, key: Key) -> None:
        self._octets -= self._answers.pop(key)[1]


def negative_ttl(authority: Sequence[Any]) -> int:
    """How long it may be remembered that there is nothing: the SOA record says so; 0 without one (RFC 2308 §5)."""
    for record in authority:
        if record.type == dns.SOA:
            return int(min(record.ttl, record.payload.minimum))
    return 0


def _text_size(payload: Any) -> int:
    """Octets of a TXT record, or of one that is not taken apart."""
    data = getattr(payload, "data", b"")
    return len(data) if isinstance(data, bytes) else sum(map(len, data))
