"""TLS contexts, and what a session can tell of its connection."""

from OpenSSL import SSL
from twisted.internet.interfaces import IOpenSSLServerConnectionCreator
from twisted.internet.testing import StringTransport
from twisted.trial.unittest import SynchronousTestCase
from zope.interface.verify import verifyObject

from daptinmail.net.tls import ServerConnections, front_context, server_context, tls_description
from tests.support.certificates import MemoryTlsContexts
from tests.support.handshakes import GreeterFactory, client_context, connect, open_wire


class TlsTests(SynchronousTestCase):
    """One protocol behind TLS."""

    def setUp(self) -> None:
        self.factory = GreeterFactory(b"hello")
        self.contexts = MemoryTlsContexts()

    def test_provides_what_twisted_asks(self) -> None:
        """Listeners and STARTTLS can both use it."""
        verifyObject(IOpenSSLServerConnectionCreator, ServerConnections(server_context(())))

    def test_description(self) -> None:
        """A session can tell version and cipher, for Received fields and logs."""
        wire = connect(self.contexts.front("mail.example.com", ()), self.factory)
        version, cipher = tls_description(wire.server) or ("", "")
        self.assertEqual(version, "TLSv1.3")
        self.assertTrue(cipher.startswith("TLS_"))

    def test_description_of_tls_1_2(self) -> None:
        """Older clients get TLS 1.2 with forward secrecy."""
        context = self.contexts.front("mail.example.com", ())
        wire = open_wire(context, self.factory, client_context(maximum=SSL.TLS1_2_VERSION), None)
        wire.pump()
        version, cipher = tls_description(wire.server) or ("", "")
        self.assertEqual(version, "TLSv1.2")
        self.assertTrue(cipher.startswith("ECDHE-"))

    def test_no_description_without_tls(self) -> None:
        """A plain connection has none, and neither has one whose handshake is not over."""
        self.assertIsNone(tls_description(StringTransport()))
        self.assertIsNone(tls_description(None))
        wire = open_wire(self.contexts.front("a.example", ()), self.factory, client_context(), None)
        self.assertIsNone(tls_description(wire.server))

    def test_alpn_is_ignored_when_none_is_served(self) -> None:
        """A listener without protocol names takes any client."""
        wire = connect(self.contexts.front("a.example", ()), self.factory, alpn=(b"h2",))
        self.assertEqual(wire.greeting, b"hello")

    def test_fault_in_selection_fails_one_handshake_only(self) -> None:
        """A fault while choosing the certificate is logged and ends in a failed handshake."""

        def select(name: str | None) -> SSL.Context:
            raise KeyError(name)

        wire = connect(front_context(select, ()), self.factory, sni="a.example")
        self.assertIsNotNone(wire.error)
        self.assertEqual(len(self.flushLoggedErrors(KeyError)), 1)

    def test_no_certificate_fails_cleanly(self) -> None:
        """Without any certificate the handshake fails and nothing else."""
        wire = connect(front_context(lambda name: None, ()), self.factory)
        self.assertIsNotNone(wire.error)
        self.assertEqual(self.flushLoggedErrors(), [])
