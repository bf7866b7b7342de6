"""PLAIN and LOGIN."""

from hypothesis import given
from hypothesis.strategies import binary

from daptinmail.errors import Malformed, Unauthenticated
from daptinmail.interfaces.credentials import IMAP
from daptinmail.sasl.exchange import Client, Impersonation, Outcome
from daptinmail.sasl.passwords import plain
from tests.sasl.negotiating import ANN, TLS, NegotiationCase


class PasswordTests(NegotiationCase):
    """A password as it is, under TLS."""

    def test_plain(self) -> None:
        """With and without initial response, with the user's own identity or none."""
        for message in (b"\0ann@example.com\0password", b"ann@example.com\0ann@example.com\0password"):
            self.assert_login(self.start(self.begin(b"PLAIN", message)))
            negotiation = self.begin(b"plain")
            self.assertEqual(self.challenge(self.start(negotiation)), b"")
            self.assert_login(self.respond(negotiation, message))

    def test_login(self) -> None:
        """Name and password are asked for, or the name comes at once."""
        negotiation = self.begin(b"LOGIN")
        self.assertEqual(self.challenge(self.start(negotiation)), b"Username:")
        self.assertEqual(self.challenge(self.respond(negotiation, ANN.encode())), b"Password:")
        self.assert_login(self.respond(negotiation, b"password"))
        negotiation = self.begin(b"LOGIN", ANN.encode())
        self.assertEqual(self.challenge(self.start(negotiation)), b"Password:")
        self.assert_fails(self.respond(negotiation, b"wrong"), Unauthenticated)

    def test_refused(self) -> None:
        """A wrong form, another identity, and what can be nobody's name or password."""
        for message, error in (
            (b"", Malformed),
            (b"ann", Malformed),
            (b"\0ann\0x\0", Malformed),
            (b"bob@example.com\0ann@example.com\0password", Impersonation),
            (b"\0ann@example.com\0wrong", Unauthenticated),
            (b"\0\0password", Unauthenticated),
            (b"\0ann@example.com\0", Unauthenticated),
            (b"\0\xff\0password", Unauthenticated),
            (b"\0ann@example.com\0" + b"x" * 1025, Unauthenticated),
        ):
            self.assert_fails(self.start(self.begin(b"PLAIN", message)), error)

    @given(binary(max_size=60))
    def test_hostile(self, octets: bytes) -> None:
        """Whatever comes is taken or refused."""
        exchange = plain(octets, Client("", IMAP, TLS))
        try:
            next(exchange)
        except StopIteration as end:
            self.assertIsInstance(end.value, Outcome)
        except (Malformed, Unauthenticated, Impersonation):
            return
