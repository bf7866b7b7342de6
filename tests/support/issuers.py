"""Certificates that were issued by somebody else, as an operator imports them."""

from datetime import datetime, timedelta
from functools import cache

from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePrivateKey, generate_private_key
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from tests.support.runtime import START


@cache
def ec_key(name: str) -> EllipticCurvePrivateKey:
    """A quickly made key, by name."""
    return generate_private_key(SECP256R1())


def key_pem(name: str) -> str:
    """Its PEM."""
    return ec_key(name).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


def issue(subject: str, issuer: str, start: datetime = START, days: int = 90) -> str:
    """PEM of a certificate for ``subject``'s key by ``issuer``."""
    built = (
        x509.CertificateBuilder()
        .subject_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, subject)]))
        .issuer_name(x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, issuer)]))
        .public_key(ec_key(subject).public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(start - timedelta(days=1))
        .not_valid_after(start + timedelta(days=days))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(subject)]), critical=False)
        .sign(ec_key(issuer), SHA256())
    )
    return built.public_bytes(Encoding.PEM).decode()
