"""``IProofs`` in memory, over the accounts of a ``MemoryDirectory``."""

from attrs import define, field
from zope.interface import implementer

from daptinmail.errors import RateLimited, Unauthenticated
from daptinmail.interfaces.credentials import BearerToken, ClientCertificate, ScramKeys, ScramProof
from daptinmail.interfaces.directory import Account, IProofs
from daptinmail.sasl.keys import MIN_ITERATIONS, is_proved, make_keys, nobodys_keys
from tests.support.directory import MemoryDirectory


@implementer(IProofs)
@define(eq=False)
class MemoryProofs:
    """``tokens`` and ``certificates`` (the client's own, as DER) map to the user names that they open."""

    directory: MemoryDirectory
    tokens: dict[str, list[str]] = field(factory=dict)
    certificates: dict[bytes, list[str]] = field(factory=dict)
    _made: dict[tuple[str, str, str], ScramKeys] = field(factory=dict)

    async def scram_keys(self, username: str, digest: str, peer: str) -> ScramKeys:
        """Made of the password when first asked for."""
        if username in self.directory.limited:
            raise RateLimited(retry_after=5.0)
        password = self.directory.password_of(username)
        if password is None:
            return nobodys_keys(b"key", username, digest, MIN_ITERATIONS)
        wanted = (username, password, digest)
        if wanted not in self._made:
            self._made[wanted] = make_keys(password, digest, b"0123456789abcdef", MIN_ITERATIONS)
        return self._made[wanted]

    async def prove_scram(self, proof: ScramProof) -> Account:
        """By the keys."""
        keys = await self.scram_keys(proof.username, proof.keys.digest, proof.peer)
        proved = is_proved(proof, keys)
        if not proved or self.directory.password_of(proof.username) is None:
            raise Unauthenticated
        return self.directory.account_of(proof.username)

    async def prove_token(self, token: BearerToken) -> Account:
        """One of the token's accounts."""
        return self._only(self.tokens.get(token.token, []), token.username)

    async def prove_certificate(self, certificate: ClientCertificate) -> Account:
        """One of the certificate's accounts."""
        return self._only(self.certificates.get(certificate.certificates[0], []), certificate.username)

    def _only(self, names: list[str], username: str) -> Account:
        fitting = [name for name in names if username in {"", name}]
        if len(fitting) != 1:
            raise Unauthenticated
        return self.directory.account_of(fitting[0])
