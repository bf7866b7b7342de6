"""Who exists: mail accounts, the users of the API, and how both prove it."""

from collections.abc import Awaitable
from uuid import UUID

from attrs import frozen
from zope.interface import Attribute, Interface

from daptinmail.interfaces.credentials import BearerToken, ClientCertificate, ScramKeys, ScramProof
from daptinmail.mail.address import Address


@frozen
class Account:
    """A mail account. ``username`` is the login name; ``address`` where it gets mail.

    A login name without ``@`` gets mail at the host name of its server. ``limited``: it may be full one day.
    """

    id: int
    reference: UUID
    username: str
    address: Address
    server_id: int
    server_hostname: str
    limited: bool = False


class IAuthenticated(Interface):
    """What a cred portal gives an edge after a successful login."""

    account: Account = Attribute("The mail account.")


class IDirectory(Interface):
    """Mail accounts and local domains."""

    def authenticate(username: str, password: str, peer: str, service: str = "") -> Awaitable[Account]:
        """Verify a password, or an app password that may be used for ``service``. Takes as long for an unknown name.

        Raises:
            Unauthenticated: wrong name or password.
            RateLimited: too many failures for this name or network; wait ``retry_after`` seconds.
        """

    def account_at(address: Address) -> Awaitable[Account | None]:
        """The account that gets mail for ``address``; ``None`` if there is none."""

    def is_local(domain: str) -> Awaitable[bool]:
        """True for host names of servers and domains of accounts and aliases."""

    def domains() -> Awaitable[list[str]]:
        """Domains of accounts and aliases, in order."""

    def may_send_as(account: Account, address: Address) -> bool:
        """True if the account may use ``address`` in MAIL FROM or From."""


class IProofs(Interface):
    """Ways to prove who one is beside the password. Each raises ``Unauthenticated`` for whatever is wrong."""

    def scram_keys(username: str, digest: str, peer: str) -> Awaitable[ScramKeys]:
        """What a SCRAM exchange begins with; see ``IScramKeys``."""

    def prove_scram(proof: ScramProof) -> Awaitable[Account]:
        """The account, if the proof was made with its password.

        Raises:
            RateLimited: too many failures for this name or network.
        """

    def prove_token(token: BearerToken) -> Awaitable[Account]:
        """The account, if the token's holder owns it."""

    def prove_certificate(certificate: ClientCertificate) -> Awaitable[Account]:
        """The account that the certificate stands for."""


class ISessions(Interface):
    """Whoever keeps connections that are logged in."""

    def end_sessions(account_id: int) -> None:
        """Say goodbye to every connection of this account: its password has changed, or it is gone."""


@frozen
class Viewer:
    """Who asks over HTTP. ``user_id`` ``None`` is a guest. ``groups`` are usergroup ids."""

    user_id: int | None = None
    reference: UUID | None = None
    email: str = ""
    groups: frozenset[int] = frozenset()
    is_administrator: bool = False
    peer: str = ""

    @property
    def is_guest(self) -> bool:
        """True without a valid token."""
        return self.user_id is None


class IUsers(Interface):
    """Users of the API (compat: Daptin's ``user_account``)."""

    def viewer(token: str | None, peer: str) -> Awaitable[Viewer]:
        """Who holds ``token``.

        Raises:
            Unauthenticated: the token is present and malformed, expired, forged, stale, or its user is gone.
        """

    def sign_up(name: str, email: str, password: str) -> Awaitable[UUID]:
        """Make a user; answers its reference. Passwords are 8 characters at least.

        Raises:
            Invalid, AlreadyExists, Forbidden (sign-up is closed once an administrator exists).
        """

    def sign_in(email: str, password: str, peer: str) -> Awaitable[str]:
        """A token (JWT, HS256).

        Raises:
            Unauthenticated, RateLimited.
        """

    def become_administrator(viewer: Viewer, setup_code: str | None, from_loopback: bool) -> Awaitable[None]:
        """Make the viewer the first administrator.

        Raises:
            Forbidden: a guest, an administrator exists, or neither loopback nor the set-up code.
        """

    def has_administrator() -> Awaitable[bool]:
        """False until the first administrator exists."""
