"""Which mechanisms are offered, where."""

from twisted.trial.unittest import SynchronousTestCase

from daptinmail.accounts.checker import make_portal
from daptinmail.interfaces.credentials import IMAP, Channel
from daptinmail.sasl.exchange import Client
from daptinmail.sasl.mechanisms import MECHANISMS, begin, mechanisms
from tests.sasl.negotiating import BOUND, TLS
from tests.support.directory import MemoryDirectory
from tests.support.proofs import MemoryProofs


class OfferTests(SynchronousTestCase):
    """Only what works."""

    def setUp(self) -> None:
        directory = MemoryDirectory()
        self.portal = make_portal(directory, MemoryProofs(directory))
        self.simple = make_portal(directory)

    def test_nothing_in_clear(self) -> None:
        """Without TLS nothing is offered, and nothing begins."""
        clear = Channel(bindings=BOUND.bindings)
        self.assertEqual(mechanisms(self.portal, clear), [])
        for name in MECHANISMS:
            self.assertIsNone(begin(name, None, self.portal, Client("", IMAP, clear)))

    def test_by_channel(self) -> None:
        """-PLUS needs a channel that can be bound to, EXTERNAL a certificate of the client."""
        tokens, passwords = [b"OAUTHBEARER", b"XOAUTH2"], [b"PLAIN", b"LOGIN"]
        scram = [b"SCRAM-SHA-256", b"SCRAM-SHA-1"]
        self.assertEqual(mechanisms(self.portal, TLS), [*scram, *tokens, *passwords])
        plus = [b"SCRAM-SHA-256-PLUS", b"SCRAM-SHA-256", b"SCRAM-SHA-1-PLUS", b"SCRAM-SHA-1"]
        self.assertEqual(mechanisms(self.portal, BOUND), [*plus, *tokens, *passwords])
        held = Channel(secure=True, certificates=lambda: (b"leaf",))
        self.assertEqual(mechanisms(self.portal, held), [*scram, b"EXTERNAL", *tokens, *passwords])

    def test_by_portal(self) -> None:
        """A portal that takes passwords only gets passwords only."""
        self.assertEqual(mechanisms(self.simple, BOUND), [b"PLAIN", b"LOGIN"])
        self.assertIsNone(begin(b"SCRAM-SHA-256", None, self.simple, Client("", IMAP, BOUND)))

    def test_unknown(self) -> None:
        """A mechanism that there is not does not begin."""
        for name in (b"", b"CRAM-MD5", b"PLAIN ", b"\xff"):
            self.assertIsNone(begin(name, None, self.portal, Client("", IMAP, BOUND)))
