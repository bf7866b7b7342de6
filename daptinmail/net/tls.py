"""TLS contexts and how Twisted gets connections from them.

OpenSSL asks for the certificate and for the ALPN answer in callbacks. The ALPN callback that counts is the one of the
context swapped in for the host name, so every context gets it. A context is never changed once it has been used:
a new certificate means new contexts.
"""

from collections.abc import Callable
from typing import Any, cast

from attrs import define
from cryptography import x509
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from OpenSSL import SSL
from twisted.internet.interfaces import IOpenSSLServerConnectionCreator
from twisted.logger import Logger
from zope.interface import implementer

log = Logger()

CIPHERS = b"ECDHE+AESGCM:ECDHE+CHACHA20:DHE+AESGCM:DHE+CHACHA20:!aNULL:!MD5:!DSS"
"""For TLS 1.2: forward secrecy and authenticated encryption only (RFC 9325 §4.2). TLS 1.3 has its own set."""


class NoApplicationProtocol(SSL.Error):
    """The client offers only protocols that are not served here (RFC 7301 §3.2)."""

    def __init__(self) -> None:
        # Twisted reads the last entry of the error queue, in OpenSSL's (library, function, reason) form.
        super().__init__([("SSL routines", "", "no application protocol")])


def server_context(protocols: tuple[bytes, ...]) -> SSL.Context:
    """A context without a certificate: TLS 1.2 or later, ALPN limited to ``protocols`` (none: ALPN is ignored)."""
    context = SSL.Context(SSL.TLS_SERVER_METHOD)
    context.set_min_proto_version(SSL.TLS1_2_VERSION)
    context.set_options(SSL.OP_NO_COMPRESSION | SSL.OP_CIPHER_SERVER_PREFERENCE | _no_renegotiation())
    context.set_mode(SSL.MODE_RELEASE_BUFFERS)
    context.set_cipher_list(CIPHERS)
    if protocols:
        context.set_alpn_select_callback(lambda connection, offered: _choose(protocols, offered))
    return context


def certificate_context(certificates_pem: bytes, private_key_pem: bytes, protocols: tuple[bytes, ...]) -> SSL.Context:
    """A context that presents a certificate; ``certificates_pem`` is the leaf followed by its issuers.

    Raises:
        ValueError: not PEM.
        SSL.Error: key and certificate do not match.
    """
    context = server_context(protocols)
    leaf, *chain = x509.load_pem_x509_certificates(certificates_pem)
    context.use_certificate(leaf)
    for issuer in chain:
        context.add_extra_chain_cert(issuer)
    context.use_privatekey(cast(Any, load_pem_private_key(private_key_pem, password=None)))
    context.check_privatekey()
    return context


def front_context(select: Callable[[str | None], SSL.Context | None], protocols: tuple[bytes, ...]) -> SSL.Context:
    """A context that lives as long as its listener and takes the certificate of each handshake from ``select``.

    ``select`` gets the host name of SNI (RFC 6066 §3) in lower case, ``None`` without SNI; answering ``None`` lets
    the handshake fail.
    """

    def choose_certificate(connection: SSL.Connection) -> None:
        # What is raised here would reach sys.excepthook and not the log.
        try:
            name = connection.get_servername()
            context = select(_hostname(name))
            if context is not None:
                connection.set_context(context)
        except Exception:  # noqa: BLE001 - called by OpenSSL, nobody above could take it
            log.failure("No certificate could be chosen")

    context = server_context(protocols)
    context.set_tlsext_servername_callback(choose_certificate)
    return context


def ask_for_certificate(context: SSL.Context) -> None:
    """Have clients asked for a certificate; they need not have one.

    Whatever they present is taken: who it stands for, and whether its issuer is to be believed, is decided when they
    log in with it (RFC 4422 appendix A).

    Call it on a front: OpenSSL takes this from the context with which a connection begins. Sessions are not resumed, as
    a resumed one does not know the certificates that came with the client's own.
    """
    context.set_verify(SSL.VERIFY_PEER, lambda *what: True)
    context.set_session_id(b"daptinmail")
    context.set_session_cache_mode(SSL.SESS_CACHE_OFF)
    context.set_options(SSL.OP_NO_TICKET)


@implementer(IOpenSSLServerConnectionCreator)
@define(eq=False)
class ServerConnections:
    """Makes the TLS connections of a listener, for ``TLSMemoryBIOFactory`` and for ``startTLS`` alike."""

    context: SSL.Context

    def serverConnectionForTLS(self, tlsProtocol: object) -> SSL.Connection:  # noqa: N802, N803 - Twisted's names
        """A new connection."""
        return SSL.Connection(self.context, None)


def _hostname(name: bytes | None) -> str | None:
    return name.decode("ascii", "replace").lower().removesuffix(".") if name else None


def _choose(protocols: tuple[bytes, ...], offered: list[bytes]) -> bytes:
    for protocol in offered:
        if protocol in protocols:
            return protocol
    # An exception is how pyOpenSSL sends the fatal alert; the connection then raises it where Twisted expects it.
    raise NoApplicationProtocol


def _no_renegotiation() -> int:
    return int(getattr(SSL, "OP_NO_RENEGOTIATION", 0))
