"""``IRepeats`` in memory."""

from uuid import UUID

from attrs import define, evolve, field
from zope.interface import implementer

from daptinmail.errors import Conflict
from daptinmail.interfaces.repeats import Claim, IRepeats
from daptinmail.interfaces.runtime import IIdentifiers
from tests.support.runtime import CountingIdentifiers


@implementer(IRepeats)
@define(eq=False)
class MemoryRepeats:
    """Keys for ever."""

    identifiers: IIdentifiers = field(factory=CountingIdentifiers)
    claims: dict[tuple[UUID, str], tuple[bytes, Claim]] = field(factory=dict)

    async def claim(self, owner: UUID, key: str, digest: bytes) -> Claim:
        """The claim of the first time."""
        fresh = (digest, Claim(owner, key, self.identifiers.uuid7()))
        used, claim = self.claims.setdefault((owner, key), fresh)
        if used != digest:
            raise Conflict("This Idempotency-Key was used with another request")
        return claim

    async def keep(self, claim: Claim, answer: bytes) -> None:
        """Remember it."""
        used, kept = self.claims[claim.owner, claim.key]
        self.claims[claim.owner, claim.key] = (used, evolve(kept, answer=answer))

    async def drop(self, claim: Claim) -> None:
        """Forget it."""
        self.claims.pop((claim.owner, claim.key), None)
