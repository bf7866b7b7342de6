"""App passwords: made by the server for one device or program each, shown once, revoked one by one.

A secret has 130 random bits, so that nobody can try them out, whatever a digest costs: a fast keyed digest
(HMAC-SHA-256) is right here, and a slow hash would only slow down the server. The key keeps a stolen table from telling
which row belongs to a secret that was found elsewhere.
"""

import hmac
import re
from base64 import b32encode
from collections.abc import Callable
from datetime import timedelta

from attrs import define
from sqlalchemy import select, update
from twisted.internet.defer import Deferred
from twisted.logger import Logger
from twisted.python.failure import Failure

from daptinmail.accounts.secret import ServerSecret
from daptinmail.db.schema import mail_app_password
from daptinmail.interfaces.credentials import SERVICES
from daptinmail.interfaces.runtime import IClock
from daptinmail.interfaces.storage import IStorage, ITransaction

log = Logger()

LENGTH = 26
"""Characters of base32, 5 bits each."""
NOTED_EVERY = timedelta(minutes=10)
"""How exact ``last_used_at`` is: not every login writes."""

_SECRET = re.compile(f"[a-z2-7]{{{LENGTH}}}")
_SEPARATORS = str.maketrans("", "", " -")


def new_secret(random: Callable[[int], bytes]) -> str:
    """A secret that can be typed: groups of base32."""
    letters = b32encode(random(20)).decode().lower()[:LENGTH]
    return "-".join(letters[start : start + 5] for start in range(0, LENGTH, 5))


def canonical_secret(text: str) -> str | None:
    """A secret as it is digested, without case and separators; ``None`` if the text cannot be one."""
    if len(text) > 2 * LENGTH:
        return None
    plain = text.translate(_SEPARATORS).lower()
    return plain if _SECRET.fullmatch(plain) else None


@define(eq=False)
class AppPasswords:
    """Asked before the account's own password, for each login anew: what is revoked opens nothing from then on."""

    storage: IStorage
    clock: IClock
    secret: ServerSecret

    async def digest(self, canonical: str) -> str:
        """What is kept of a secret."""
        return hmac.digest(await self.secret.key("app password"), canonical.encode(), "sha256").hex()

    async def opens(self, account_id: int, password: str, service: str) -> bool:
        """True for an app password of the account that is not over and may be used for ``service`` ("imap", "smtp")."""
        canonical = canonical_secret(password)
        if canonical is None or service not in SERVICES:
            return False
        columns, digest = mail_app_password.c, await self.digest(canonical)
        query = select(columns.id, columns.protocols, columns.expires_at, columns.last_used_at)
        query = query.where(columns.mail_account_id == account_id, columns.digest == digest)
        row = await self.storage.read(lambda connection: connection.execute(query).one_or_none())
        now = self.clock.now()
        if row is None or service not in row.protocols.split(",") or (row.expires_at and row.expires_at <= now):
            return False
        if row.last_used_at is None or now - row.last_used_at >= NOTED_EVERY:
            _ = Deferred.fromCoroutine(self._note(row.id)).addErrback(_not_noted)
        return True

    async def _note(self, number: int) -> None:
        """Nobody waits for it."""
        statement = update(mail_app_password).where(mail_app_password.c.id == number)

        def write(transaction: ITransaction) -> None:
            transaction.connection.execute(statement.values(last_used_at=transaction.now))

        await self.storage.write(write)


def _not_noted(failure: Failure) -> None:
    log.warn("the use of an app password was not noted: {error}", error=failure.value)
