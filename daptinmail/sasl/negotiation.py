"""One exchange from its first response to its end, the same for every protocol."""

from collections.abc import Callable
from typing import Any

from attrs import define, field, frozen
from twisted.cred.error import LoginFailed, UnauthorizedLogin
from twisted.cred.portal import Portal

from daptinmail.errors import DaptinmailError, Malformed, Unauthenticated
from daptinmail.interfaces.credentials import IScramKeys
from daptinmail.interfaces.directory import Account, IAuthenticated
from daptinmail.sasl.exchange import Client, Credentials, Exchange, KeysWanted, Outcome


@frozen
class Challenge:
    """What the client is to answer next."""

    data: bytes


@frozen
class Login:
    """Who logged in; ``logout`` is to be called once, at the end."""

    account: Account
    logout: Callable[[], object]


async def log_in(portal: Portal, credentials: Credentials) -> Login:
    """Present credentials.

    Raises:
        Unauthenticated, RateLimited, Unavailable.
    """
    try:
        _, avatar, logout = await portal.login(credentials, None, IAuthenticated)
    except (UnauthorizedLogin, LoginFailed) as error:
        raise Unauthenticated from error
    return Login(IAuthenticated(avatar).account, logout)


@define(eq=False)
class Negotiation:
    """An exchange under way. Call ``start`` once, ``respond`` for each response, ``close`` at the end or before it."""

    _portal: Portal
    _client: Client
    _exchange: Exchange
    _proved: Credentials | None = field(init=False, default=None)
    _refused: DaptinmailError | None = field(init=False, default=None)

    async def start(self) -> Challenge | Login:
        """The first challenge, or the end.

        Raises:
            Malformed: the client does not keep to the mechanism.
            Impersonation: it wants to act for somebody else.
            Unauthenticated, RateLimited, Unavailable.
        """
        return await self._advance(None)

    async def respond(self, response: bytes) -> Challenge | Login:
        """The next challenge, or the end; raises as ``start`` does."""
        if self._refused is not None:
            raise self._refused
        if self._proved is None:
            return await self._advance(response)
        if response:
            raise Malformed("Expected an empty response")
        # Once more: the client may have taken its time, and the password may have changed.
        return await log_in(self._portal, self._proved)

    def close(self) -> None:
        """The exchange goes no further."""
        self._exchange.close()

    async def _advance(self, given: Any) -> Challenge | Login:
        try:
            wanted = self._exchange.send(given)
        except StopIteration as end:
            return await self._conclude(end.value)
        if isinstance(wanted, KeysWanted):
            keys = await IScramKeys(self._portal).scram_keys(wanted.username, wanted.digest, self._client.ip)
            return await self._advance(keys)
        return Challenge(wanted)

    async def _conclude(self, outcome: Outcome) -> Challenge | Login:
        """The last word comes before the login if the mechanism has one for the client (RFC 4422 §3.7)."""
        try:
            granted = await log_in(self._portal, outcome.credentials)
        except Unauthenticated as error:
            if not outcome.rejected:
                raise
            self._refused = error
            return Challenge(outcome.rejected)
        if not outcome.accepted:
            return granted
        granted.logout()
        self._proved = outcome.credentials
        return Challenge(outcome.accepted)
