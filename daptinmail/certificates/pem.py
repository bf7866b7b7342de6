"""Reads what an operator imports: certificate, chain and private key in PEM.

Slow and pure: call through ``IBlocking``.
"""

from datetime import datetime

from cryptography import x509
from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import Encoding, load_pem_private_key

from daptinmail.certificates.generate import KeyMaterial, PrivateKey, private_pem, public_pem
from daptinmail.errors import Invalid

MAX_PEM = 64 * 1024  # octets
MAX_CERTIFICATES = 10
MIN_RSA_BITS = 2048


def read_import(certificate_pem: str, chain_pem: str, private_key_pem: str, now: datetime) -> KeyMaterial:
    """Check an imported certificate, put its chain in order, and answer it ready to serve.

    ``certificate_pem`` may hold the chain too; ``chain_pem`` may be empty.

    Raises:
        Invalid: names the attribute at fault: not PEM, too large, out of date, key and certificate do not
            match, or a chain certificate that issued nothing here.
    """
    key = _private_key(private_key_pem)
    leaf, *rest = _certificates("certificate_pem", certificate_pem)
    extra = _certificates("root_certificate", chain_pem) if chain_pem.strip() else []
    if public_pem(leaf.public_key()) != public_pem(key.public_key()):
        raise Invalid(fields={"private_key_pem": "does not belong to the certificate"})
    if not leaf.not_valid_before_utc <= now < leaf.not_valid_after_utc:
        raise Invalid(fields={"certificate_pem": "is not valid now (check its dates)"})
    chain = _ordered(leaf, rest, extra)
    return KeyMaterial(
        certificate_pem=_pem([leaf]),
        chain_pem=_pem(chain),
        private_key_pem=private_pem(key),
        public_key_pem=public_pem(key.public_key()),
        expires_at=min(certificate.not_valid_after_utc for certificate in [leaf, *chain]),
    )


def _private_key(text: str) -> PrivateKey:
    octets = _limited("private_key_pem", text)
    try:
        key = load_pem_private_key(octets, password=None)
    except TypeError:
        raise Invalid(fields={"private_key_pem": "is encrypted with a pass phrase; import it without"}) from None
    except (ValueError, UnsupportedAlgorithm):
        raise Invalid(fields={"private_key_pem": "is not a private key in PEM"}) from None
    if not isinstance(key, PrivateKey):
        raise Invalid(fields={"private_key_pem": "must be an RSA, EC or Ed25519 key"})
    if isinstance(key, RSAPrivateKey) and key.key_size < MIN_RSA_BITS:
        raise Invalid(fields={"private_key_pem": f"an RSA key needs {MIN_RSA_BITS} bits at least"})
    return key


def _certificates(attribute: str, text: str) -> list[x509.Certificate]:
    octets = _limited(attribute, text)
    try:
        certificates = x509.load_pem_x509_certificates(octets)
    except (ValueError, UnsupportedAlgorithm):
        raise Invalid(fields={attribute: "is not a certificate in PEM"}) from None
    if len(certificates) > MAX_CERTIFICATES:
        raise Invalid(fields={attribute: f"holds more than {MAX_CERTIFICATES} certificates"})
    return certificates


def _limited(attribute: str, text: str) -> bytes:
    octets = text.encode("utf-8", "replace")
    if len(octets) > MAX_PEM:
        raise Invalid(fields={attribute: f"is larger than {MAX_PEM} octets"})
    return octets


def _ordered(
    leaf: x509.Certificate, rest: list[x509.Certificate], extra: list[x509.Certificate]
) -> list[x509.Certificate]:
    """Each certificate issued the one before it (RFC 8446 §4.4.2)."""
    waiting = [certificate for certificate in rest + extra if certificate != leaf]
    chain: list[x509.Certificate] = []
    subject = leaf
    while waiting:
        issuer = next((candidate for candidate in waiting if _issued(candidate, subject)), None)
        if issuer is None:
            attribute = "root_certificate" if waiting[-1] in extra else "certificate_pem"
            raise Invalid(fields={attribute: "the chain is not complete, or has certificates that do not belong to it"})
        chain.append(issuer)
        waiting = [candidate for candidate in waiting if candidate != issuer]
        subject = issuer
    return chain


def _issued(issuer: x509.Certificate, subject: x509.Certificate) -> bool:
    try:
        subject.verify_directly_issued_by(issuer)
    except (ValueError, TypeError, InvalidSignature, UnsupportedAlgorithm):
        return False
    return True


def _pem(certificates: list[x509.Certificate]) -> str:
    return "".join(certificate.public_bytes(Encoding.PEM).decode("ascii") for certificate in certificates)
