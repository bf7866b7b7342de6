"""RSA keys and self-signed certificates. Slow and pure: call through ``IBlocking``."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from ipaddress import ip_address

from attrs import field, frozen
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.asymmetric.types import CertificatePublicKeyTypes
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from daptinmail.mail.hostname import parse_hostname

KEY_BITS = 2048
LIFETIME = timedelta(days=397)
"""The longest that common clients accept."""

MAX_COMMON_NAME = 64  # characters, RFC 5280 appendix A.1
MAX_HOSTNAMES = 20
_CLOCK_SKEW = timedelta(hours=1)

PrivateKey = RSAPrivateKey | EllipticCurvePrivateKey | Ed25519PrivateKey
"""Of certificates that listeners can present; ours are RSA."""


@frozen
class KeyMaterial:
    """A certificate with its keys; all PEM. ``chain_pem`` holds the issuers, leaf's issuer first, or is empty."""

    certificate_pem: str
    private_key_pem: bytes = field(repr=False)
    public_key_pem: str
    expires_at: datetime
    chain_pem: str = ""


def new_key() -> RSAPrivateKey:
    """A fresh RSA key."""
    return generate_private_key(public_exponent=65537, key_size=KEY_BITS)


def parse_hostnames(text: str) -> tuple[str, ...]:
    """The comma-separated host names of a certificate, each once.

    Raises:
        ValueError: empty, too many, or one is not a host name; the message is fit for a client.
    """
    names = tuple(dict.fromkeys(parse_hostname(part, wildcard=True) for part in text.split(",")))
    if len(names) > MAX_HOSTNAMES:
        raise ValueError(f"at most {MAX_HOSTNAMES} host names")
    return names


def self_signed(hostnames: Sequence[str], key: RSAPrivateKey, now: datetime) -> KeyMaterial:
    """A self-signed server certificate for ``hostnames``; not a CA (RFC 5280 §4.2.1.9)."""
    subject = _subject(hostnames[0])
    expires_at = (now + LIFETIME).replace(microsecond=0)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - _CLOCK_SKEW)
        .not_valid_after(expires_at)
        .add_extension(
            x509.SubjectAlternativeName([_general_name(name) for name in hostnames]), critical=not list(subject)
        )
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
        .add_extension(_key_usage(), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, SHA256())
    )
    return KeyMaterial(
        certificate_pem=certificate.public_bytes(Encoding.PEM).decode("ascii"),
        private_key_pem=private_pem(key),
        public_key_pem=public_pem(key.public_key()),
        expires_at=expires_at,
    )


def private_pem(key: PrivateKey) -> bytes:
    """PKCS#8 PEM (RFC 5958)."""
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


def public_pem(key: CertificatePublicKeyTypes) -> str:
    """SubjectPublicKeyInfo PEM (RFC 5280 §4.1.2.7)."""
    return key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode("ascii")


def _subject(hostname: str) -> x509.Name:
    if len(hostname) > MAX_COMMON_NAME:
        return x509.Name([])
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, hostname)])


def _general_name(hostname: str) -> x509.GeneralName:
    try:
        return x509.IPAddress(ip_address(hostname))
    except ValueError:
        return x509.DNSName(hostname)


def _key_usage() -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=True,
        key_encipherment=True,
        content_commitment=False,
        data_encipherment=False,
        key_agreement=False,
        key_cert_sign=False,
        crl_sign=False,
        encipher_only=False,
        decipher_only=False,
    )
