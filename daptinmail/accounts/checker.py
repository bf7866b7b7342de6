"""The twisted.cred portal of the edges: user name and password in, mail account out."""

from collections.abc import Callable
from typing import Any

from attrs import define, frozen
from twisted.cred.checkers import ICredentialsChecker
from twisted.cred.credentials import IUsernamePassword
from twisted.cred.error import UnhandledCredentials
from twisted.cred.portal import IRealm, Portal
from zope.interface import implementer

from daptinmail.errors import Unauthenticated
from daptinmail.interfaces.directory import Account, AccountCredentials, IAuthenticated, IDirectory
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
        return await self.directory.authenticate(username, password, credentials.peer)


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


def make_portal(directory: IDirectory) -> Portal:
    """``portal.login(AccountCredentials(...), None, IAuthenticated)`` answers ``(IAuthenticated, avatar, logout)``.

    Its Deferred fails with ``Unauthenticated``, ``RateLimited`` or ``Unavailable``.
    """
    portal = Portal(AccountRealm())
    portal.registerChecker(AccountChecker(directory))
    return portal
