"""Certificates for listeners, keys for signing."""

from collections.abc import Awaitable, Sequence
from uuid import UUID

from attrs import field, frozen
from OpenSSL import SSL
from zope.interface import Interface

from daptinmail.interfaces.storage import Content


@frozen
class SigningKey:
    """A DKIM key: ``d=``, ``s=``, the private key as PKCS#1/PKCS#8 PEM, and ``a=``."""

    domain: str
    selector: str
    private_key_pem: bytes = field(repr=False)
    algorithm: str = "rsa-sha256"


class ITlsContexts(Interface):
    """TLS contexts by host name. A new certificate serves the next handshake."""

    def front(hostname: str, protocols: tuple[bytes, ...]) -> SSL.Context:
        """The context of one listener: picks the certificate by SNI, ``hostname`` without SNI.

        ``protocols`` are the ALPN names served (b"smtp", b"imap"); a client that offers only others is refused.
        """

    def ensure(hostname: str) -> Awaitable[None]:
        """See that ``hostname`` has a usable certificate: make a self-signed one if not, and load it."""

    def reload() -> Awaitable[None]:
        """Read all certificates from the database again."""


class ICertificates(Interface):
    """The ``certificate`` rows behind the actions of compat 5.3. ``NotFound`` for an unknown reference."""

    def generate_self_signed(reference: UUID) -> Awaitable[str]:
        """Make key and certificate for the row; answers its host name."""

    def certificate_pem(reference: UUID) -> Awaitable[tuple[str, str]]:
        """Host name and PEM of leaf plus chain."""

    def public_key_pem(reference: UUID) -> Awaitable[tuple[str, str]]:
        """Host name and PEM of the public key."""

    def dkim_record(reference: UUID) -> Awaitable[tuple[str, str]]:
        """Owner name and text of the DKIM TXT record (RFC 6376 §3.6.1)."""


class ISigningKeys(Interface):
    """DKIM keys by domain."""

    def signing_key(domain: str) -> Awaitable[SigningKey | None]:
        """The RSA key of the domain; ``None`` if it has none that can be used."""

    def signing_keys(domain: str) -> Awaitable[Sequence[SigningKey]]:
        """All keys that sign for the domain, the RSA key first."""

    def public_record(domain: str) -> Awaitable[tuple[str, str] | None]:
        """Owner name and text of the TXT record for the RSA key; ``None`` without a key."""

    def ensure_domain(domain: str) -> Awaitable[None]:
        """Make a certificate row with a key for the domain unless there is one."""


class ISigner(Interface):
    """DKIM signing."""

    def sign(domain: str, content: Content) -> Awaitable[bytes]:
        """The DKIM-Signature fields (with CRLF) for a content, or ``b""`` if the domain has no usable key."""


class ISealer(Interface):
    """ARC sets for mail that is passed on (RFC 8617 §5.1)."""

    def seal(domain: str, content: Content, results: str) -> Awaitable[bytes]:
        """The three fields (with CRLF) to put on top of a content whose own chain, if it has one, was found good.

        ``results`` is our authserv-id and what we found, as in Authentication-Results. ``b""`` if the domain has no
        usable key, or the chain can take no more.
        """
