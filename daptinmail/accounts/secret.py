"""The key of this server for what only it may compute: salts of names that do not exist, digests of app passwords."""

import hmac
import os
from collections.abc import Callable

from attrs import define, field

from daptinmail.db.configuration import Configuration

KEY = "auth.secret"


@define(eq=False)
class ServerSecret:
    """Kept in ``_config`` and made at the first use; a key for one purpose tells nothing of the others."""

    _configuration: Configuration
    _random: Callable[[int], bytes] = os.urandom
    _secret: bytes = field(init=False, repr=False, default=b"")

    async def key(self, purpose: str) -> bytes:
        """32 octets, the same for the same purpose."""
        if not self._secret:
            self._secret = bytes.fromhex(await self._configuration.secret(KEY, lambda: self._random(32).hex()))
        return hmac.digest(self._secret, purpose.encode(), "sha256")
