"""The ``Idempotency-Key`` header: a request that is sent again does not act again."""

from collections.abc import Awaitable, Callable
from hashlib import sha256
from uuid import UUID

from attrs import define, field

from daptinmail.api.call import Call
from daptinmail.errors import Conflict, Malformed, PermanentError
from daptinmail.interfaces.repeats import Claim, IRepeats
from daptinmail.interfaces.runtime import IIdentifiers

MAX_KEY = 255


@define(eq=False)
class Repeating:
    """Runs work under the key of its request."""

    repeats: IRepeats
    identifiers: IIdentifiers
    _running: set[tuple[UUID, str]] = field(factory=set, init=False)

    async def run(self, call: Call, owner: UUID | None, work: Callable[[UUID], Awaitable[bytes]]) -> bytes:
        """The answer of ``work``, which gets the same identifier for each try of the same request.

        A permanent error frees the key, as nothing was done. After any other the next try goes on where this one
        ended.

        Raises:
            Malformed: a key of no use.
            Conflict: the key was used with another request, or its first request still runs.
        """
        if call.idempotency_key is None or owner is None:
            return await work(self.identifiers.uuid7())
        key = (owner, _checked(call.idempotency_key))
        if key in self._running:
            raise Conflict("A request with this Idempotency-Key is being served")
        self._running.add(key)
        try:
            return await self._run_once(await self.repeats.claim(*key, digest_of(call)), work)
        finally:
            self._running.discard(key)

    async def _run_once(self, claim: Claim, work: Callable[[UUID], Awaitable[bytes]]) -> bytes:
        if claim.answer is not None:
            return claim.answer
        try:
            answer = await work(claim.token)
        except PermanentError as error:
            if not error.temporary:
                await self.repeats.drop(claim)
            raise
        await self.repeats.keep(claim, answer)
        return answer


def digest_of(call: Call) -> bytes:
    """Stands for method, path, parameters and body."""
    head = repr((call.method, call.path, [one for one in call.parameters if one[0] != "token"]))
    return sha256(head.encode("utf-8", "backslashreplace") + b"\0" + call.body).digest()


def _checked(key: str) -> str:
    if not (0 < len(key) <= MAX_KEY and key.isascii() and key.isprintable()):
        raise Malformed(f"An Idempotency-Key is 1 to {MAX_KEY} printable US-ASCII characters")
    return key
