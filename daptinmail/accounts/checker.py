"""The twisted.cred portal of the edges: credentials in, mail account out.

Which kinds of credentials it takes (``listCredentialsInterfaces``) tells the edges which mechanisms they can offer.
"""

from collections.abc import Awaitable, Callable
from typing import Any

from attrs import define, frozen
from twisted.cred.checkers import ICredentialsChecker
from twisted.cred.credentials import IUsernamePassword
from twisted.cred.error import UnhandledCredentials
from twisted.cred.portal import IRealm, Portal
from zope.interface import implementer
from zope.interface.interface import InterfaceClass

from daptinmail.errors import Unauthenticated
from daptinmail.interfaces.credentials import (
    AccountCredentials,
    IBearerToken,
    IClientCertificate,
    IScramKeys,
    IScramProof,
    ScramKeys,
)
from daptinmail.interfaces.directory import Account, IAuthenticated, IDirectory, IProofs
from daptinmail.net.blocking import deferred


@implementer(IAuthenticated)
@frozen
class Authenticated:
    """Who logged in."""

    account: Account


@implementer(ICredentialsChecker)
@define(eq=False)
class AccountChecker:
    """Asks the directory. The errors of ``IDirectory.authenticate`` pass through to the edge."""

    directory: IDirectory
    credentialInterfaces = (IUsernamePassword,)  # noqa: N815 - twisted.cred's name

    @deferred
    async def requestAvatarId(self, credentials: object) -> Any:
        """The ``Account`` behind the credentials; it goes to the realm as it is."""
        if not isinstance(credentials, AccountCredentials):
            raise UnhandledCredentials
        try:
            username, password = credentials.username.decode(), credentials.password.decode()
        except UnicodeDecodeError:
            raise Unauthenticated from None
        return await self.directory.authenticate(username, password, credentials.peer, credentials.service)


@implementer(ICredentialsChecker)
@define(eq=False)
class ProofChecker:
    """Has one kind of credentials verified by one method of ``IProofs``, whose errors pass through."""

    verify: Callable[[Any], Awaitable[Account]]
    credentialInterfaces: tuple[InterfaceClass, ...]  # noqa: N815 - twisted.cred's name

    @deferred
    async def requestAvatarId(self, credentials: object) -> Any:
        """The ``Account`` behind the credentials."""
        return await self.verify(credentials)


@implementer(IRealm)
class AccountRealm:
    """Hands the edge what the checker found."""

    def requestAvatar(
        self,
        avatarId: Any,  # noqa: N803 - twisted.cred's name
        mind: object,
        *interfaces: Any,
    ) -> tuple[Any, Authenticated, Callable[[], None]]:
        """An ``IAuthenticated``; there is nothing to do at logout."""
        if IAuthenticated not in interfaces:
            raise NotImplementedError("this realm gives IAuthenticated only")
        return IAuthenticated, Authenticated(avatarId), lambda: None


@implementer(IScramKeys)
class AccountPortal(Portal):
    """A portal that also knows what a SCRAM exchange begins with."""

    def __init__(self, proofs: IProofs) -> None:
        super().__init__(AccountRealm())
        self._proofs = proofs

    async def scram_keys(self, username: str, digest: str, peer: str) -> ScramKeys:
        """See ``IScramKeys``."""
        return await self._proofs.scram_keys(username, digest, peer)


def make_portal(directory: IDirectory, proofs: IProofs | None = None) -> Portal:
    """``portal.login(credentials, None, IAuthenticated)`` answers ``(IAuthenticated, avatar, logout)``.

    Its Deferred fails with ``Unauthenticated``, ``RateLimited`` or ``Unavailable``. Without ``proofs`` it takes
    passwords only.
    """
    portal = Portal(AccountRealm()) if proofs is None else AccountPortal(proofs)
    portal.registerChecker(AccountChecker(directory))
    if proofs is not None:
        portal.registerChecker(ProofChecker(proofs.prove_scram, (IScramProof,)))
        portal.registerChecker(ProofChecker(proofs.prove_token, (IBearerToken,)))
        portal.registerChecker(ProofChecker(proofs.prove_certificate, (IClientCertificate,)))
    return portal
