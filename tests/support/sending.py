"""``ISending`` and ``IStandings`` in memory."""

from collections.abc import Sequence
from uuid import UUID

from attrs import define, field
from twisted.internet.defer import Deferred
from zope.interface import implementer

from daptinmail.interfaces.sending import QUEUED, ISending, IStandings, SendOutcome, SendRequest, Standing


@implementer(ISending)
@define(eq=False)
class MemorySending:
    """Keeps requests; ``failures`` are raised one after the other, ``waiting`` keeps the next one back."""

    requests: list[SendRequest] = field(factory=list)
    failures: list[Exception] = field(factory=list)
    waiting: "Deferred[None] | None" = None

    async def send(self, request: SendRequest) -> SendOutcome:
        """Everybody's copy is queued."""
        if self.waiting is not None:
            await self.waiting
        if self.failures:
            raise self.failures.pop(0)
        self.requests.append(request)
        standings = [Standing(one, QUEUED) for one in request.composition.recipients]
        return SendOutcome(request.trail, f"{request.trail.hex}@example.com", standings)


@implementer(IStandings)
@define(eq=False)
class MemoryStandings:
    """What was put there; ``attempts`` lists the trails that were to be tried."""

    known: dict[UUID, list[Standing]] = field(factory=dict)
    attempts: list[UUID] = field(factory=list)

    async def standings(self, trail: UUID) -> Sequence[Standing]:
        """Of this message."""
        return self.known.get(trail, [])

    async def attempt(self, trail: UUID) -> None:
        """Noted."""
        self.attempts.append(trail)
