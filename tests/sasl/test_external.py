"""EXTERNAL."""

from daptinmail.errors import Malformed, Unauthenticated
from daptinmail.interfaces.credentials import Channel
from tests.sasl.negotiating import ANN, NegotiationCase

HELD = Channel(secure=True, certificates=lambda: (b"leaf", b"issuer"))


class ExternalTests(NegotiationCase):
    """A client certificate instead of a password."""

    def setUp(self) -> None:
        super().setUp()
        self.proofs.certificates[b"leaf"] = [ANN]

    def test_login(self) -> None:
        """The identity may be empty or the account's name; it may come at once or be asked for."""
        for identity in (b"", ANN.encode()):
            self.assert_login(self.start(self.begin(b"EXTERNAL", identity, HELD)))
            negotiation = self.begin(b"EXTERNAL", None, HELD)
            self.assertEqual(self.challenge(self.start(negotiation)), b"")
            self.assert_login(self.respond(negotiation, identity))

    def test_refused(self) -> None:
        """It opens no other account, and none that nobody gave it."""
        self.assert_fails(self.start(self.begin(b"EXTERNAL", b"bob@example.com", HELD)), Unauthenticated)
        other = Channel(secure=True, certificates=lambda: (b"other",))
        self.assert_fails(self.start(self.begin(b"EXTERNAL", b"", other)), Unauthenticated)

    def test_malformed(self) -> None:
        """An identity is text, and not endless."""
        for identity in (b"\xff", b"a\0b", b"a" * 1025):
            self.assert_fails(self.start(self.begin(b"EXTERNAL", identity, HELD)), Malformed)
