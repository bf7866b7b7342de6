"""JSON web tokens of the API (RFC 7519), HS256, with the claims that Daptin's clients know."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

import jwt
from attrs import field, frozen

from daptinmail.errors import Unauthenticated

ALGORITHM = "HS256"
MAX_TOKEN = 8 * 1024  # characters
CLOCK_SKEW = 60.0  # seconds by which a token may be ahead of us

_REQUIRED = ("sub", "email", "name", "nbf", "iat", "exp", "iss", "jti", "auth_version")


@frozen
class Bearer:
    """Whom a token speaks for. ``auth_version`` goes up with each change of password."""

    reference: UUID
    email: str
    name: str
    auth_version: int


@frozen
class Tokens:
    """Makes and reads tokens; ``life`` in seconds."""

    secret: str = field(repr=False)
    issuer: str
    life: float

    def issue(self, bearer: Bearer, identifier: UUID, now: datetime) -> str:
        """A token valid from ``now``."""
        issued = int(now.timestamp())
        claims = {
            "sub": str(bearer.reference),
            "email": bearer.email,
            "name": bearer.name,
            "nbf": issued,
            "iat": issued,
            "exp": issued + int(self.life),
            "iss": self.issuer,
            "jti": str(identifier),
            "auth_version": bearer.auth_version,
        }
        return jwt.encode(claims, self.secret, ALGORITHM)

    def read(self, token: str, now: datetime) -> Bearer:
        """Whom the token speaks for.

        Raises:
            Unauthenticated: malformed, forged, another algorithm or issuer, not yet or no longer valid.
        """
        if len(token) > MAX_TOKEN:
            raise Unauthenticated(cause="token too long")
        # Times are checked here: the library would ask the machine's clock.
        unchecked = {"verify_exp": False, "verify_nbf": False, "verify_iat": False, "verify_aud": False}
        options: Any = {"require": list(_REQUIRED), **unchecked}
        try:
            claims = jwt.decode(token, self.secret, algorithms=[ALGORITHM], issuer=self.issuer, options=options)
            return _bearer(claims, now.timestamp())
        except (jwt.PyJWTError, ValueError, TypeError) as error:
            raise Unauthenticated(cause=f"token refused: {error}") from None


def _bearer(claims: Mapping[str, Any], now: float) -> Bearer:
    if not (isinstance(claims["auth_version"], int) and isinstance(claims["exp"], int | float)):
        raise TypeError("claims of the wrong type")
    if now >= claims["exp"]:
        raise ValueError("expired")
    if now + CLOCK_SKEW < claims["nbf"]:
        raise ValueError("not valid yet")
    return Bearer(UUID(claims["sub"]), str(claims["email"]), str(claims["name"]), claims["auth_version"])
