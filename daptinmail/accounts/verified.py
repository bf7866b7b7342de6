"""Passwords that were right a moment ago, so that a mail client's many connections cost one verification."""

import hmac
import os
from collections import OrderedDict
from collections.abc import Callable
from datetime import datetime, timedelta

from attrs import define, field

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

    def __attrs_post_init__(self) -> None:
        self._secret = self.random(32)

    def known(self, account_id: int, version: int, stored: str, password: str) -> bool:
        """True if this password was verified for exactly this row within the last minute."""
        until = self._until.get(self._digest(account_id, version, stored, password))
        return until is not None and self.clock.now() < until

    def remember(self, account_id: int, version: int, stored: str, password: str) -> None:
        """It was verified now."""
        digest = self._digest(account_id, version, stored, password)
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
