"""TLS contexts."""

from OpenSSL import SSL
from twisted.internet.interfaces import IOpenSSLServerConnectionCreator
from twisted.trial.unittest import SynchronousTestCase
from zope.interface.verify import verifyObject

from daptinmail.net.tls import ServerConnections, front_context, server_context
from tests.support.certificates import MemoryTlsContexts
from tests.support.handshakes import GreeterFactory, Wire, client_context, connect, open_wire


def negotiated(wire: Wire) -> tuple[str, str]:
    """TLS version and cipher."""
    handle = wire.server.getHandle()
    return handle.get_protocol_version_name(), handle.get_cipher_name() or ""


class TlsTests(SynchronousTestCase):
    """One protocol behind TLS."""

    def setUp(self) -> None:
        self.factory = GreeterFactory(b"hello")
        self.contexts = MemoryTlsContexts()

    def test_provides_what_twisted_asks(self) -> None:
        """Listeners and STARTTLS can both use it."""
        verifyObject(IOpenSSLServerConnectionCreator, ServerConnections(server_context(())))

    def test_tls_1_3(self) -> None:
        """Clients of today get TLS 1.3."""
        wire = connect(self.contexts.front("mail.example.com", ()), self.factory)
        version, cipher = negotiated(wire)
        self.assertEqual(version, "TLSv1.3")
        self.assertTrue(cipher.startswith("TLS_"))

    def test_tls_1_2(self) -> None:
        """Older clients get TLS 1.2 with forward secrecy."""
        context = self.contexts.front("mail.example.com", ())
        wire = open_wire(context, self.factory, client_context(maximum=SSL.TLS1_2_VERSION), None)
        wire.pump()
        version, cipher = negotiated(wire)
        self.assertEqual(version, "TLSv1.2")
        self.assertTrue(cipher.startswith("ECDHE-"))

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
