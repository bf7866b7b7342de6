"""Requests that may be sent twice and act once (the ``Idempotency-Key`` header)."""

from collections.abc import Awaitable
from uuid import UUID

from attrs import field, frozen
from zope.interface import Interface


@frozen
class Claim:
    """A key of ``owner``, a user. ``token`` is the same for every try, also after a crash.

    ``answer`` is what the first try that came to its end was answered, ``None`` if none has.
    """

    owner: UUID
    key: str
    token: UUID
    answer: bytes | None = field(default=None, repr=False)


class IRepeats(Interface):
    """Keeps keys for 24 hours."""

    def claim(owner: UUID, key: str, digest: bytes) -> Awaitable[Claim]:
        """The claim of this key, made at its first use; ``digest`` stands for the request (32 octets).

        Raises:
            Conflict: the key was used with another request.
        """

    def keep(claim: Claim, answer: bytes) -> Awaitable[None]:
        """From now on this is the answer."""

    def drop(claim: Claim) -> Awaitable[None]:
        """Nothing was done: the key is free again."""
