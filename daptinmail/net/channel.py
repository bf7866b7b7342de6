"""What SASL may know of a TLS connection: channel bindings, and the client's certificate."""

from collections.abc import Callable
from functools import partial
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives.hashes import MD5, SHA1, SHA256, Hash
from cryptography.hazmat.primitives.serialization import Encoding
from OpenSSL import SSL

from daptinmail.interfaces.credentials import Channel

EXPORTER = "tls-exporter"
END_POINT = "tls-server-end-point"

_LABEL = b"EXPORTER-Channel-Binding"


def channel_of(transport: Any, secure: bool) -> Channel:
    """The channel below SASL. ``transport`` is Twisted's; ``secure`` if TLS is known to be on.

    Channels are bound under TLS 1.3 only: before, ``tls-exporter`` is unique only with an extension that cannot be
    asked for here (RFC 9266 §4.2), and clients expect ``tls-unique``.
    """
    handle = transport.getHandle() if secure else None
    if not isinstance(handle, SSL.Connection):
        return Channel(secure)
    bindings: dict[str, Callable[[], bytes]] = {}
    if handle.get_protocol_version() == SSL.TLS1_3_VERSION:
        bindings = {EXPORTER: partial(_exported, handle), END_POINT: partial(_end_point, handle)}
    return Channel(True, bindings, partial(_presented, handle))


def _exported(handle: SSL.Connection) -> bytes:
    """RFC 9266 §2."""
    return handle.export_keying_material(_LABEL, 32, b"")


def _end_point(handle: SSL.Connection) -> bytes:
    """RFC 5929 §4.1: our certificate's digest, by the algorithm of its signature, SHA-256 for the weak ones."""
    certificate = handle.get_certificate()
    return end_point_binding(certificate.to_cryptography()) if certificate is not None else b""


def end_point_binding(certificate: x509.Certificate) -> bytes:
    """``tls-server-end-point`` for a server with this certificate."""
    signed_with = certificate.signature_hash_algorithm
    weak = signed_with is None or isinstance(signed_with, MD5 | SHA1)
    digest = Hash(SHA256() if weak or signed_with is None else signed_with)
    digest.update(certificate.public_bytes(Encoding.DER))
    return digest.finalize()


def _presented(handle: SSL.Connection) -> tuple[bytes, ...]:
    leaf = handle.get_peer_certificate()
    if leaf is None:
        return ()
    chain = [one.to_cryptography() for one in (leaf, *(handle.get_peer_cert_chain() or ()))]
    # The chain may begin with the client's own, depending on the version of OpenSSL.
    return tuple(dict.fromkeys(one.public_bytes(Encoding.DER) for one in chain))
