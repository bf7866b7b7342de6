"""What a client presents to prove who it is, and what it is proved against.

Each kind of proof is a ``twisted.cred`` credentials interface: the portal's checkers say which of them can be verified,
and a mechanism is offered only if its kind can.
"""

from collections.abc import Awaitable, Callable, Mapping

from attrs import field, frozen
from twisted.cred.credentials import ICredentials, IUsernamePassword
from zope.interface import Interface, implementer

IMAP = "imap"
SMTP = "smtp"
SERVICES = (IMAP, SMTP)


def _no_certificates() -> tuple[bytes, ...]:
    return ()


@frozen
class Channel:
    """The connection below an exchange.

    ``bindings`` computes channel binding data by name (RFC 5056 §2.1); ``certificates`` answers what the client
    presented in the handshake as DER, its own first, and nothing if it presented none.
    """

    secure: bool = False
    bindings: Mapping[str, Callable[[], bytes]] = field(factory=dict)
    certificates: Callable[[], tuple[bytes, ...]] = _no_certificates


@implementer(IUsernamePassword)
@frozen
class AccountCredentials:
    """User name and password of a mail account, the IP address that presented them, and to which service."""

    username: bytes
    password: bytes = field(repr=False)
    peer: str = ""
    service: str = ""

    def checkPassword(self, password: bytes) -> bool:  # noqa: N802 - twisted.cred's name
        """Unused: passwords are verified by the account checker, in a thread."""
        return False


@frozen
class ScramKeys:
    """What is kept of a password for SCRAM (RFC 5802 §3). ``digest`` is hashlib's name: sha1, sha256."""

    digest: str
    salt: bytes
    iterations: int
    stored_key: bytes = field(repr=False)
    server_key: bytes = field(repr=False)


class IScramProof(ICredentials):
    """The end of a SCRAM exchange."""


@implementer(IScramProof)
@frozen
class ScramProof:
    """``proof`` over ``message`` (AuthMessage of RFC 5802 §3) with the password behind ``keys``, as they were shown."""

    username: str
    keys: ScramKeys
    message: bytes = field(repr=False)
    proof: bytes = field(repr=False)
    peer: str = ""


class IBearerToken(ICredentials):
    """A token of the API."""


@implementer(IBearerToken)
@frozen
class BearerToken:
    """A token, and the user name of the account to be used; "" for the only one that its holder owns."""

    token: str = field(repr=False)
    username: str
    peer: str = ""


class IClientCertificate(ICredentials):
    """A certificate whose key the client proved to have, in the TLS handshake."""


@implementer(IClientCertificate)
@frozen
class ClientCertificate:
    """DER, the client's own first, and the user name of the account to be used; "" for the one it stands for."""

    certificates: tuple[bytes, ...] = field(repr=False)
    username: str
    peer: str = ""


class IScramKeys(Interface):
    """Provided by a portal that can take a ``ScramProof``."""

    def scram_keys(username: str, digest: str, peer: str) -> Awaitable[ScramKeys]:
        """The keys of an account. A name without keys gets some that nothing can be proved against, always the same.

        Raises:
            RateLimited: too many failures for this name or network.
        """
