"""An ``IUsers`` in memory: passwords in clear, tokens that are easy to read."""

from uuid import UUID

from attrs import define, evolve, field
from zope.interface import implementer

from daptinmail.errors import AlreadyExists, Forbidden, Invalid, RateLimited, Unauthenticated
from daptinmail.interfaces.directory import IUsers, Viewer

SETUP_CODE = "set-up-code-of-the-log"


@implementer(IUsers)
@define(eq=False)
class MemoryUsers:
    """Users by e-mail. Put an e-mail into ``limited`` to have its sign-in refused with ``RateLimited``.

    ``tokens`` maps valid tokens to e-mails.
    """

    tokens: dict[str, str] = field(factory=dict)
    limited: set[str] = field(factory=set)
    _viewers: dict[str, Viewer] = field(factory=dict)
    _passwords: dict[str, str] = field(factory=dict)

    def add(self, email: str, is_administrator: bool = False) -> str:
        """A user with a token, which is answered."""
        number = len(self._viewers) + 1
        reference = UUID(int=0x0198_0000_0000_7000_A000_000000000000 + number)
        self._viewers[email] = Viewer(number, reference, email, frozenset(), is_administrator)
        self._passwords[email] = "password-of-" + email
        return self._token(email)

    def _token(self, email: str) -> str:
        token = f"token.{len(self.tokens) + 1}.{email.partition('@')[0]}"
        self.tokens[token] = email
        return token

    async def viewer(self, token: str | None, peer: str) -> Viewer:
        """By token."""
        if token is None:
            return Viewer(peer=peer)
        if token not in self.tokens:
            raise Unauthenticated("Invalid token")
        return evolve(self._viewers[self.tokens[token]], peer=peer)

    async def sign_up(self, name: str, email: str, password: str) -> UUID:
        """A new user, until there is an administrator."""
        if await self.has_administrator():
            raise Forbidden("Sign-up is closed")
        if "@" not in email:
            raise Invalid(fields={"email": "must be an e-mail address"})
        if email in self._viewers:
            raise AlreadyExists("This e-mail address is taken")
        self.add(email)
        self._passwords[email] = password
        reference = self._viewers[email].reference
        assert reference is not None
        return reference

    async def sign_in(self, email: str, password: str, peer: str) -> str:
        """A new token."""
        if email in self.limited:
            raise RateLimited(retry_after=7.2)
        if self._passwords.get(email) != password:
            raise Unauthenticated
        return self._token(email)

    async def become_administrator(self, viewer: Viewer, setup_code: str | None, from_loopback: bool) -> None:
        """The first one only."""
        if viewer.is_guest or await self.has_administrator():
            raise Forbidden("An administrator exists")
        if not from_loopback and setup_code != SETUP_CODE:
            raise Forbidden("Only from this machine or with the set-up code")
        self._viewers[viewer.email] = evolve(self._viewers[viewer.email], is_administrator=True)

    async def has_administrator(self) -> bool:
        """True once somebody became one."""
        return any(viewer.is_administrator for viewer in self._viewers.values())
