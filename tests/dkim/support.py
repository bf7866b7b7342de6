"""Keys for signing tests, made once; the published record for the verifier."""

from base64 import b64encode
from collections.abc import Callable, Sequence
from functools import cache

from attrs import define, field
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from zope.interface import implementer

from daptinmail.interfaces.tls import ISigningKeys, SigningKey


@cache
def rsa_key(bits: int = 2048) -> rsa.RSAPrivateKey:
    """One key for all tests."""
    return rsa.generate_private_key(65537, bits)


def pem_of(key: rsa.RSAPrivateKey) -> bytes:
    """PKCS#1, as dkimpy reads it too."""
    return key.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption())


def published(key: rsa.RSAPrivateKey, asked: list[bytes]) -> Callable[..., bytes]:
    """A DNS that knows this key only; notes the names it was asked for."""
    der = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    record = b"v=DKIM1; k=rsa; p=" + b64encode(der)

    def lookup(name: bytes, timeout: int = 5) -> bytes:
        asked.append(name)
        return record

    return lookup


@implementer(ISigningKeys)
@define
class Keys:
    """Signing keys by domain."""

    keys: dict[str, SigningKey] = field(factory=dict)
    others: dict[str, Sequence[SigningKey]] = field(factory=dict)

    async def signing_key(self, domain: str) -> SigningKey | None:
        """The key put there."""
        return self.keys.get(domain)

    async def signing_keys(self, domain: str) -> Sequence[SigningKey]:
        """The key put there, and what ``others`` has for the domain."""
        return [self.keys[domain], *self.others.get(domain, ())] if domain in self.keys else []

    async def public_record(self, domain: str) -> tuple[str, str] | None:
        """Not used by the signer."""

    async def ensure_domain(self, domain: str) -> None:
        """Not used by the signer."""
