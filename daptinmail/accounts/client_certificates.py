"""Certificates that clients present in the TLS handshake: what they say, and whom we believe it of."""

from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from attrs import frozen
from cryptography import x509
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.x509.verification import PolicyBuilder, Store, VerificationError
from twisted.logger import Logger

from daptinmail.accounts.addresses import canonical
from daptinmail.errors import Unauthenticated
from daptinmail.mail.address import Address, BadAddress

log = Logger()

MAX_CHAIN = 10
MAX_ADDRESSES = 10
MAX_BUNDLE = 1024 * 1024
"""Octets."""


@frozen
class Presented:
    """A certificate within its dates, and those that came with it."""

    leaf: x509.Certificate
    issuers: tuple[x509.Certificate, ...]

    @property
    def fingerprint(self) -> str:
        """SHA-256 of its DER, in hexadecimal."""
        return self.leaf.fingerprint(SHA256()).hex()


def read_certificates(ders: Sequence[bytes], now: datetime) -> Presented:
    """What the client presented.

    Raises:
        Unauthenticated: nothing, nothing that can be read, or not valid now.
    """
    if not 0 < len(ders) <= MAX_CHAIN:
        raise Unauthenticated(cause="no certificate, or too many")
    try:
        leaf, *issuers = (x509.load_der_x509_certificate(der) for der in ders)
    except ValueError as error:
        raise Unauthenticated(cause=f"a certificate that cannot be read: {error}") from None
    if not leaf.not_valid_before_utc <= now <= leaf.not_valid_after_utc:
        raise Unauthenticated(cause="the certificate is not valid now")
    return Presented(leaf, tuple(issuers))


def vouched_addresses(presented: Presented, bundle: Path, now: datetime) -> list[Address]:
    """The e-mail addresses in the certificate (RFC 5280 §4.2.1.6), if an authority of ``bundle`` issued it. Blocking.

    Raises:
        Unauthenticated: issued by somebody else, or the bundle cannot be used; the log says so.
    """
    try:
        with bundle.open("rb") as file:
            authorities = x509.load_pem_x509_certificates(file.read(MAX_BUNDLE))
    except (OSError, ValueError) as error:
        log.error("the authorities in {bundle} cannot be used: {error}", bundle=str(bundle), error=error)
        raise Unauthenticated(cause="authorities cannot be read") from None
    verifier = PolicyBuilder().store(Store(authorities)).time(now).build_client_verifier()
    try:
        subjects = verifier.verify(presented.leaf, list(presented.issuers)).subjects or []
    except VerificationError as error:
        raise Unauthenticated(cause=f"certificate: {error}") from None
    names = [subject.value for subject in subjects if isinstance(subject, x509.RFC822Name)]
    return [address for name in names[:MAX_ADDRESSES] if (address := _address(name)) is not None]


def _address(text: str) -> Address | None:
    try:
        return canonical(Address.parse(text))
    except BadAddress:
        return None
