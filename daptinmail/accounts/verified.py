"""Passwords that were right a moment ago, so that a mail client's many connections cost one verification."""

import hmac
import os
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta

from attrs import define, field
from twisted.internet.defer import DeferredLock

from daptinmail.interfaces.runtime import IClock

LIFETIME = timedelta(seconds=60)
CAPACITY = 10_000


@define(eq=False)
class VerifiedPasswords:
    """Remembers a keyed digest for a minute, never a password.

    The digest covers account, version of the row and stored hash, so that a change of password, or another account
    with the same password, can never match.
    """

    clock: IClock
    random: Callable[[int], bytes] = os.urandom
    _secret: bytes = field(init=False, repr=False)
    _until: OrderedDict[bytes, datetime] = field(init=False, repr=False, factory=OrderedDict)

    _turns: dict[bytes, DeferredLock] = field(init=False, repr=False, factory=dict)

    def __attrs_post_init__(self) -> None:
        self._secret = self.random(32)

    async def proven(
        self, account_id: int, version: int, stored: str, password: str, verify: Callable[[], Awaitable[bool]]
    ) -> bool:
        """True if ``verify`` says so, or said so for exactly this row and password within the last minute.

        Equal questions at the same moment wait for the first: a client that opens twenty connections at once costs
        one verification.
        """
        digest = self._digest(account_id, version, stored, password)
        turn = self._turns.setdefault(digest, DeferredLock())
        await turn.acquire()
        try:
            right = self._known(digest) or await verify()
            if right:
                self._remember(digest)
        finally:
            turn.release()
            if not turn.locked:
                self._turns.pop(digest, None)
        return right

    def _known(self, digest: bytes) -> bool:
        until = self._until.get(digest)
        return until is not None and self.clock.now() < until

    def _remember(self, digest: bytes) -> None:
        # The minute counts from the verification, however often it is used.
        if not self._known(digest):
            self._until[digest] = self.clock.now() + LIFETIME
            self._until.move_to_end(digest)
            self._forget_old()

    def _forget_old(self) -> None:
        now = self.clock.now()
        while self._until and (len(self._until) > CAPACITY or next(iter(self._until.values())) <= now):
            self._until.popitem(last=False)

    def _digest(self, account_id: int, version: int, stored: str, password: str) -> bytes:
        # Each part carries its length: no two different rows can give the same octets.
        parts = (str(account_id).encode(), str(version).encode(), stored.encode(), password.encode("utf-8", "replace"))
        message = b"".join(len(part).to_bytes(8) + part for part in parts)
        return hmac.digest(self._secret, message, "sha256")
