"""Passwords: argon2id (RFC 9106) and SCRAM's keys, made and verified in pool threads, a few at a time."""

import os
from collections.abc import Callable, Iterator
from typing import TypeVar
from unicodedata import normalize

from argon2 import Parameters, PasswordHasher, Type
from argon2.exceptions import InvalidHashError, VerificationError
from attrs import Factory, define, field
from twisted.internet.defer import Deferred, DeferredSemaphore

from daptinmail.errors import Invalid, Unavailable
from daptinmail.interfaces.credentials import ScramKeys
from daptinmail.interfaces.runtime import IBlocking
from daptinmail.sasl.keys import DIGESTS, SALT_LENGTH, make_keys

T = TypeVar("T")

SCRAM_ITERATIONS = 50_000
"""RFC 7677 §4 asks for 4096 at least. A client does this much at each login, we when the password is set."""

MAX_PASSWORD = 1024  # octets of UTF-8
MAX_WAITING = 500
"""Verifications that may wait for a turn; one more is refused."""

DEFAULT_PARAMETERS = Parameters(
    type=Type.ID, version=19, salt_len=16, hash_len=32, time_cost=2, memory_cost=19 * 1024, parallelism=1
)
"""19 MiB and two passes: mail clients log in often, and several verifications run at once."""

_DUMMY_PASSWORD = "nobody has this password"  # noqa: S105 - verified against on purpose, opens nothing


@define(eq=False)
class Passwords:
    """Hashes and verifies. ``concurrency`` bounds how many run at once, and with it the memory they take."""

    blocking: IBlocking
    parameters: Parameters = DEFAULT_PARAMETERS
    concurrency: int = 4
    scram_iterations: int = SCRAM_ITERATIONS
    random: Callable[[int], bytes] = os.urandom
    _hasher: PasswordHasher = field(
        init=False, default=Factory(lambda self: PasswordHasher.from_parameters(self.parameters), takes_self=True)
    )
    _turns: DeferredSemaphore = field(
        init=False, default=Factory(lambda self: DeferredSemaphore(self.concurrency), takes_self=True)
    )
    _dummy: str = field(init=False, default="")

    async def hash(self, password: str) -> str:
        """The argon2id hash of a new password, in PHC string format.

        Raises:
            Invalid: empty, longer than 1024 octets, or not text.
        """
        octets = _octets(password)
        if not octets:
            raise Invalid(fields={"password": f"must have 1 to {MAX_PASSWORD} octets"})
        return await self._in_turn(lambda: self._hasher.hash(octets))

    async def scram_keys(self, password: str) -> tuple[ScramKeys, ...]:
        """The keys for SCRAM, one for each digest; none for a password that SASLprep refuses (RFC 5802 §5.1)."""
        return await self._in_turn(lambda: tuple(self._scram_keys(password)))

    async def verify(self, stored: str, password: str) -> bool:
        """True if ``password`` is the one behind ``stored``. Always takes the time of one verification."""
        octets = _octets(password)
        if not octets:
            await self.verify_dummy(password)
            return False
        return await self._in_turn(lambda: self._matches(stored, octets))

    async def verify_dummy(self, password: str) -> None:
        """Take the time of a verification, for a name that does not exist."""
        octets = _octets(password) or b"-"
        await self._in_turn(lambda: self._matches(self._dummy_hash(), octets))

    def needs_rehash(self, stored: str) -> bool:
        """True if ``stored`` was made with other parameters than today's."""
        try:
            return self._hasher.check_needs_rehash(stored)
        except InvalidHashError:
            return False

    def _scram_keys(self, password: str) -> Iterator[ScramKeys]:
        if not _octets(password):
            return
        try:
            for digest in DIGESTS:
                yield make_keys(password, digest, self.random(SALT_LENGTH), self.scram_iterations)
        except ValueError:
            return

    def _dummy_hash(self) -> str:
        if not self._dummy:
            self._dummy = self._hasher.hash(_DUMMY_PASSWORD)
        return self._dummy

    def _matches(self, stored: str, octets: bytes) -> bool:
        try:
            return self._hasher.verify(stored, octets)
        except (VerificationError, InvalidHashError):
            return False

    async def _in_turn(self, function: Callable[[], T]) -> T:
        if len(self._turns.waiting) >= MAX_WAITING:
            raise Unavailable(cause="too many passwords wait to be verified")
        await self._turns.acquire()
        # A caller that goes away must not free the turn while its thread still holds the memory.
        result: Deferred[T] = Deferred()
        _ = Deferred.fromCoroutine(self._hold_turn(function)).chainDeferred(result)
        return await result

    async def _hold_turn(self, function: Callable[[], T]) -> T:
        try:
            return await self.blocking.run(function)
        finally:
            self._turns.release()


def _octets(password: str) -> bytes:
    """The password as it is hashed (NFC: RFC 8265 §4.2.2); empty if it cannot be anybody's."""
    try:
        octets = normalize("NFC", password).encode()
    except UnicodeEncodeError:
        return b""
    return octets if len(octets) <= MAX_PASSWORD else b""
