"""A client and a negotiation, joined."""

from typing import Any

from twisted.internet.defer import Deferred
from twisted.trial.unittest import SynchronousTestCase

from daptinmail.accounts.checker import make_portal
from daptinmail.interfaces.credentials import IMAP, Channel
from daptinmail.sasl.exchange import Client
from daptinmail.sasl.mechanisms import begin
from daptinmail.sasl.negotiation import Challenge, Login, Negotiation
from tests.support.directory import MemoryDirectory
from tests.support.proofs import MemoryProofs

ANN = "ann@example.com"
TLS = Channel(secure=True)
BOUND = Channel(secure=True, bindings={"tls-exporter": lambda: b"exported", "tls-server-end-point": lambda: b"hashed"})


class NegotiationCase(SynchronousTestCase):
    """One account, ``ann@example.com`` / ``password``; another, ``bob@example.com``."""

    def setUp(self) -> None:
        self.directory = MemoryDirectory()
        self.account = self.directory.add(ANN)
        self.directory.add("bob@example.com")
        self.proofs = MemoryProofs(self.directory)
        self.portal = make_portal(self.directory, self.proofs)

    def begin(self, name: bytes, initial: bytes | None = None, channel: Channel = TLS) -> Negotiation:
        """An exchange of an offered mechanism."""
        client = Client("192.0.2.7", IMAP, channel, lambda octets: b"\0" * octets)
        negotiation = begin(name, initial, self.portal, client)
        assert negotiation is not None
        return negotiation

    def start(self, negotiation: Negotiation) -> "Deferred[Challenge | Login]":
        """The first step."""
        return Deferred.fromCoroutine(negotiation.start())

    def respond(self, negotiation: Negotiation, response: bytes) -> "Deferred[Challenge | Login]":
        """A further step."""
        return Deferred.fromCoroutine(negotiation.respond(response))

    def challenge(self, step: "Deferred[Challenge | Login]") -> bytes:
        """What the client is asked."""
        reached = self.successResultOf(step)
        assert isinstance(reached, Challenge), reached
        return reached.data

    def assert_login(self, step: "Deferred[Challenge | Login]", username: str = ANN) -> None:
        """The end, and a good one."""
        reached = self.successResultOf(step)
        assert isinstance(reached, Login), reached
        self.assertEqual(reached.account.username, username)

    def assert_fails(self, step: "Deferred[Any]", *errors: type[Exception]) -> None:
        """The end, and a bad one."""
        self.failureResultOf(step, *errors)
