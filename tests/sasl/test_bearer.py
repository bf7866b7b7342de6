"""OAUTHBEARER and XOAUTH2."""

import json

from hypothesis import given
from hypothesis.strategies import binary, sampled_from

from daptinmail.errors import Malformed, Unauthenticated
from daptinmail.interfaces.credentials import IMAP, BearerToken
from daptinmail.sasl.bearer import oauthbearer, xoauth2
from daptinmail.sasl.exchange import Client, Outcome
from tests.sasl.negotiating import ANN, TLS, NegotiationCase


class BearerTests(NegotiationCase):
    """A token of the API instead of a password."""

    def setUp(self) -> None:
        super().setUp()
        self.proofs.tokens["a.b-c_d"] = [ANN]
        self.proofs.tokens["both"] = [ANN, "bob@example.com"]

    def test_oauthbearer(self) -> None:
        """The message of RFC 7628 §4.1, and shorter ones; the scheme in any case."""
        for message in (
            b"n,a=ann@example.com,\x01host=server.example.com\x01port=143\x01auth=Bearer a.b-c_d\x01\x01",
            b"y,,\x01auth=bearer a.b-c_d\x01\x01",
        ):
            self.assert_login(self.start(self.begin(b"OAUTHBEARER", message)))
        self.assert_login(
            self.start(self.begin(b"OAUTHBEARER", b"n,a=bob@example.com,\x01auth=Bearer both\x01\x01")),
            "bob@example.com",
        )

    def test_xoauth2(self) -> None:
        """The older form."""
        message = b"user=ann@example.com\x01auth=Bearer a.b-c_d\x01\x01"
        self.assert_login(self.start(self.begin(b"XOAUTH2", message)))
        negotiation = self.begin(b"XOAUTH2")
        self.assertEqual(self.challenge(self.start(negotiation)), b"")
        self.assert_login(self.respond(negotiation, message))

    def test_refused(self) -> None:
        """The client is told why in JSON, answers with one octet or nothing, and then it is over."""
        bearer, older = b"n,a=%b,\x01auth=Bearer %b\x01\x01", b"user=%b\x01auth=Bearer %b\x01\x01"
        for name, form, status, last in (
            (b"OAUTHBEARER", bearer, "invalid_token", b"\x01"),
            (b"XOAUTH2", older, "401", b""),
        ):
            for user, token in (
                (b"ann@example.com", b"forged"),
                (b"nobody", b"a.b-c_d"),
                (b"ann@example.com", b"~" * 9000),
            ):
                negotiation = self.begin(name, form % (user, token))
                told = json.loads(self.challenge(self.start(negotiation)))
                self.assertEqual(told["status"], status)
                self.assert_fails(self.respond(negotiation, last), Unauthenticated)

    def test_without_token(self) -> None:
        """A client that asks what is wanted (RFC 7628 §3.2.2) is told so."""
        negotiation = self.begin(b"OAUTHBEARER", b"n,,\x01\x01")
        self.assertIn(b"invalid_token", self.challenge(self.start(negotiation)))
        self.assert_fails(self.respond(negotiation, b"\x01"), Unauthenticated)

    def test_malformed(self) -> None:
        """What does not follow the grammar is a syntax error."""
        for message in (
            b"",
            b"n,,",
            b"n,,\x01",
            b"n,,auth=Bearer x\x01\x01",
            b"p=tls-exporter,,\x01\x01",
            b"n,a=,\x01\x01",
        ):
            self.assert_fails(self.start(self.begin(b"OAUTHBEARER", message)), Malformed)
        for message in (
            b"",
            b"user=ann",
            b"user=ann\x01auth=Bearer x\x01",
            b"user=\xff\x01\x01",
            b"user=" + b"a" * 1025 + b"\x01\x01",
        ):
            self.assert_fails(self.start(self.begin(b"XOAUTH2", message)), Malformed)

    @given(binary(max_size=60), sampled_from([b"", b"n,,\x01", b"user=", b"n,,\x01auth=Bearer "]))
    def test_hostile(self, octets: bytes, prefix: bytes) -> None:
        """Whatever comes is taken or refused."""
        for mechanism in (oauthbearer, xoauth2):
            exchange = mechanism(prefix + octets, Client("", IMAP, TLS))
            try:
                next(exchange)
            except StopIteration as end:
                self.assertIsInstance(end.value, Outcome)
                self.assertIsInstance(end.value.credentials, BearerToken)
            except Malformed:
                continue

    def test_token_is_not_shown(self) -> None:
        """Nothing that goes into a log has the token."""
        self.assertNotIn("a.b", repr(BearerToken("a.b", ANN)))
