"""Tokens of the API."""

import json
from base64 import urlsafe_b64encode
from datetime import timedelta
from typing import Any
from uuid import UUID

import jwt
from twisted.trial.unittest import SynchronousTestCase

from daptinmail.accounts.tokens import Bearer, Tokens
from daptinmail.errors import Unauthenticated
from tests.support.runtime import START

SECRET = "0123456789abcdef0123456789abcdef"
BEARER = Bearer(UUID(int=7), "ann@example.com", "Ann", 3)


class TokenTests(SynchronousTestCase):
    """Issue and read."""

    def setUp(self) -> None:
        self.tokens = Tokens(SECRET, "daptin-abcdef", 72 * 3600.0)
        self.token = self.tokens.issue(BEARER, UUID(int=9), START)

    def claims(self) -> dict[str, Any]:
        """What the token says."""
        return dict(jwt.decode(self.token, options={"verify_signature": False}))

    def forge(self, **changes: Any) -> str:
        """A token signed by us with other claims; ``None`` removes one."""
        claims = {name: value for name, value in {**self.claims(), **changes}.items() if value is not None}
        return jwt.encode(claims, SECRET, "HS256")

    def test_claims(self) -> None:
        """Clients of Daptin find the claims they know."""
        issued = int(START.timestamp())
        self.assertEqual(
            self.claims(),
            {
                "sub": str(BEARER.reference),
                "email": "ann@example.com",
                "name": "Ann",
                "nbf": issued,
                "iat": issued,
                "exp": issued + 72 * 3600,
                "iss": "daptin-abcdef",
                "jti": str(UUID(int=9)),
                "auth_version": 3,
            },
        )

    def test_round_trip(self) -> None:
        """A token says who holds it until it expires."""
        self.assertEqual(self.tokens.read(self.token, START), BEARER)
        self.assertEqual(self.tokens.read(self.token, START + timedelta(hours=71, minutes=59)), BEARER)

    def assert_refused(self, token: str) -> None:
        """Nobody holds it."""
        with self.assertRaises(Unauthenticated):
            self.tokens.read(token, START)

    def test_expired(self) -> None:
        """After its life a token opens nothing, and neither long before."""
        for moment in (START + timedelta(hours=72), START - timedelta(hours=1)):
            with self.assertRaises(Unauthenticated):
                self.tokens.read(self.token, moment)

    def test_forged(self) -> None:
        """A token signed with another secret, or by another server, is refused."""
        self.assert_refused(Tokens("x" * 32, "daptin-abcdef", 60.0).issue(BEARER, UUID(int=9), START))
        self.assert_refused(Tokens(SECRET, "daptin-other", 60.0).issue(BEARER, UUID(int=9), START))
        head, _, signature = self.token.split(".")
        body = urlsafe_b64encode(json.dumps({**self.claims(), "sub": str(UUID(int=1))}).encode()).rstrip(b"=")
        self.assert_refused(f"{head}.{body.decode()}.{signature}")

    def test_algorithm_none(self) -> None:
        """A token without a signature is refused (RFC 8725 §3.1)."""
        self.assert_refused(jwt.encode(self.claims(), "", "none"))
        self.assert_refused(jwt.encode(self.claims(), SECRET, "HS512"))

    def test_claims_are_needed(self) -> None:
        """A token that lacks a claim, or has one of a wrong type, is refused."""
        for name in self.claims():
            self.assert_refused(self.forge(**{name: None}))
        self.assert_refused(self.forge(auth_version="3"))
        self.assert_refused(self.forge(sub="me"))
        self.assert_refused(self.forge(exp="never"))

    def test_garbage(self) -> None:
        """Anything else is refused, however long."""
        for token in ("", "a.b.c", "\u00e9", "x" * 100_000, "Bearer " + self.token):
            self.assert_refused(token)
