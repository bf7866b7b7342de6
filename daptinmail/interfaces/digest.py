"""What SELECT tells of a mailbox's flags."""

from collections.abc import Sequence
from itertools import compress, count

from attrs import frozen


@frozen
class Digest:
    """What the flags of all messages come to: keywords in use, and the index of the first message without \\Seen."""

    keywords: frozenset[bytes]
    first_unseen: int | None

    @classmethod
    def of(cls, flags: Sequence[frozenset[bytes]]) -> "Digest":
        """Of messages in UID order."""
        kinds = set(flags)
        unseen = {kind for kind in kinds if rb"\Seen" not in kind}
        first = next(compress(count(), map(unseen.__contains__, flags)), None) if unseen else None
        return cls(frozenset(flag for kind in kinds for flag in kind if not flag.startswith(b"\\")), first)
