"""Keys and certificates without a database; one RSA key serves all tests of a run, for they are slow to make."""

from collections.abc import Sequence
from functools import cache

from attrs import define, field
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from OpenSSL import SSL
from zope.interface import implementer

from daptinmail.certificates.generate import KeyMaterial, new_key, private_pem, public_pem, self_signed
from daptinmail.errors import Conflict, Unavailable
from daptinmail.interfaces.dkim_keys import ACTIVE, NEXT, RSA, DkimKey, IDkimKeys
from daptinmail.interfaces.tls import ISigningKeys, ITlsContexts, SigningKey
from daptinmail.mail.dkim_record import record_name, record_text
from daptinmail.net.tls import certificate_context, front_context
from tests.support.runtime import START


@cache
def shared_key() -> RSAPrivateKey:
    """The RSA key of this test run."""
    return new_key()


@cache
def material(hostname: str = "mail.example.com") -> KeyMaterial:
    """A self-signed certificate for ``hostname`` over the shared key."""
    return self_signed((hostname,), shared_key(), START)


@implementer(ITlsContexts)
@define(eq=False)
class MemoryTlsContexts:
    """Makes a certificate for any host name that a client asks for.

    ``ensured`` lists what was asked to exist; names in ``failing`` raise.
    """

    ensured: list[str] = field(factory=list)
    failing: set[str] = field(factory=set)
    reloads: int = 0

    def front(self, hostname: str, protocols: tuple[bytes, ...]) -> SSL.Context:
        """A context that presents a certificate for the name in SNI, or for ``hostname``."""

        def select(name: str | None) -> SSL.Context:
            made = material(name or hostname)
            return certificate_context(made.certificate_pem.encode(), made.private_key_pem, protocols)

        return front_context(select, protocols)

    async def ensure(self, hostname: str) -> None:
        """Noted."""
        self.ensured.append(hostname)
        if hostname in self.failing:
            raise Unavailable

    async def reload(self) -> None:
        """Counted."""
        self.reloads += 1


@implementer(ISigningKeys, IDkimKeys)
@define(eq=False)
class MemorySigningKeys:
    """The shared key for every domain that was ensured."""

    selector: str = "d1"
    domains: list[str] = field(factory=list)
    prepared: dict[str, list[DkimKey]] = field(factory=dict)
    advanced: int = 0

    async def signing_key(self, domain: str) -> SigningKey | None:
        """The shared key, if the domain was ensured."""
        if domain not in self.domains:
            return None
        return SigningKey(domain, self.selector, private_pem(shared_key()))

    async def signing_keys(self, domain: str) -> Sequence[SigningKey]:
        """That key."""
        key = await self.signing_key(domain)
        return [key] if key is not None else []

    async def keys(self, domain: str) -> Sequence[DkimKey]:
        """That key, and the next one if it was prepared."""
        record = await self.public_record(domain)
        first = [DkimKey(self.selector, RSA, ACTIVE, START, record)] if record is not None else []
        return first + self.prepared.get(domain, [])

    async def prepare(self, domain: str, algorithm: str) -> DkimKey:
        """One at a time; its record says nothing."""
        if domain in self.prepared:
            raise Conflict
        key = DkimKey("d2", algorithm, NEXT, START, (record_name("d2", domain), "v=DKIM1; p=AAAA"))
        self.prepared[domain] = [key]
        return key

    async def advance(self) -> None:
        """Counted."""
        self.advanced += 1

    async def public_record(self, domain: str) -> tuple[str, str] | None:
        """The record of the shared key, if the domain was ensured."""
        if domain not in self.domains:
            return None
        return record_name(self.selector, domain), record_text(public_pem(shared_key().public_key()))

    async def ensure_domain(self, domain: str) -> None:
        """From now on the domain has a key."""
        if domain not in self.domains:
            self.domains.append(domain)
