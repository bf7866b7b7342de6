"""Two protocols behind one TLS port."""

from OpenSSL import SSL
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from daptinmail.net.multiplex import HANDSHAKE_SECONDS, MultiplexFactory
from tests.support.certificates import MemoryTlsContexts
from tests.support.handshakes import GreeterFactory, Wire, client_context, connect, open_wire

SMTP, IMAP = b"220 mail.example.com ESMTP\r\n", b"* OK IMAP4rev1 Service Ready\r\n"


class MultiplexTests(SynchronousTestCase):
    """SMTP and IMAP on port 465, as the seed has it."""

    def setUp(self) -> None:
        self.smtp, self.imap = GreeterFactory(SMTP), GreeterFactory(IMAP)
        self.clock = Clock()
        self.factory = MultiplexFactory(
            by_protocol={b"smtp": self.smtp, b"imap": self.imap},
            by_hostname={"mail.example.com": b"smtp", "post.example.com": b"imap"},
            default=b"smtp",
            clock=self.clock,
        )
        self.context = MemoryTlsContexts().front("mail.example.com", (b"smtp", b"imap"))

    def connect(self, sni: str | None = None, alpn: tuple[bytes, ...] = ()) -> Wire:
        """A client that has finished its handshake."""
        return connect(self.context, self.factory, sni, alpn)

    def test_server_host_name_gives_smtp(self) -> None:
        """A client of the mail server's host name is greeted by SMTP."""
        self.assertEqual(self.connect("mail.example.com").greeting, SMTP)

    def test_known_imap_host_name(self) -> None:
        """The IMAP host name that was set is greeted by IMAP, in any case."""
        self.assertEqual(self.connect("Post.Example.COM").greeting, IMAP)

    def test_imap_prefixes(self) -> None:
        """Host names that say imap, imaps or imps mean IMAP even if nobody configured them."""
        for name in ("imap.example.com", "imaps.example.com", "imps.example.com"):
            self.assertEqual(self.connect(name).greeting, IMAP)

    def test_no_sni_gives_the_default(self) -> None:
        """A client that connects by IP address gets the default."""
        self.assertEqual(self.connect().greeting, SMTP)

    def test_unknown_host_name_gives_the_default(self) -> None:
        """So does one that asks for an unknown host."""
        self.assertEqual(self.connect("other.example.net").greeting, SMTP)

    def test_alpn_is_stronger_than_sni(self) -> None:
        """A client that offers imap gets IMAP at any host name."""
        self.assertEqual(self.connect("mail.example.com", (b"imap",)).greeting, IMAP)
        self.assertEqual(self.connect("imap.example.com", (b"h2", b"smtp")).greeting, SMTP)

    def test_alpaca_other_alpn_is_refused(self) -> None:
        """A browser that is tricked to connect here gets a fatal alert and no greeting (ALPACA)."""
        wire = self.connect("mail.example.com", (b"h2", b"http/1.1"))
        self.assertIn("no application protocol", str(wire.error))
        self.assertEqual(wire.greeting, b"")
        self.assertFalse(wire.transport.connected)
        self.assertEqual(self.flushLoggedErrors(), [])

    def test_refusal_leaves_other_connections_alone(self) -> None:
        """After a refused client the next one is served as ever."""
        before = self.connect("mail.example.com")
        self.connect("mail.example.com", (b"h2",))
        before.client.send(b"EHLO a\r\n")
        before.pump()
        self.assertEqual(self.smtp.heard, [b"EHLO a\r\n"])
        self.assertEqual(self.connect("imap.example.com").greeting, IMAP)

    def test_data_reaches_the_chosen_protocol(self) -> None:
        """What the client says after the handshake goes to the protocol it was greeted by."""
        wire = self.connect("imap.example.com")
        wire.client.send(b"a NOOP\r\n")
        wire.pump()
        self.assertEqual((self.imap.heard, self.smtp.heard), ([b"a NOOP\r\n"], []))

    def test_chosen_protocol_sees_the_real_transport(self) -> None:
        """Peer address and TLS handle are those of the connection."""
        wire = self.connect("imap.example.com")
        transport = self.imap.sessions[0].transport
        self.assertIs(transport, wire.server)
        self.assertEqual(wire.server.getPeer(), wire.transport.getPeer())
        self.assertIsInstance(wire.server.getHandle(), SSL.Connection)

    def test_chosen_factory_counts(self) -> None:
        """A full service closes the connection; the other still answers."""
        self.imap.limit = 1
        first = self.connect("imap.example.com")
        second = self.connect("imap.example.com")
        self.assertEqual((first.greeting, second.greeting), (IMAP, b""))
        self.assertFalse(second.transport.connected)
        self.assertEqual(self.connect("mail.example.com").greeting, SMTP)

    def test_lost_connection_is_told_to_the_chosen_protocol(self) -> None:
        """When the client goes away, the session ends."""
        wire = self.connect("imap.example.com")
        wire.client.shutdown()
        wire.pump()
        self.assertEqual(self.imap.sessions, [])

    def test_plain_text_is_closed_quietly(self) -> None:
        """Somebody who speaks plain text to a TLS port is dropped without noise in the log."""
        wire = open_wire(self.context, self.factory, client_context(), None)
        wire.server.dataReceived(b"EHLO scanner.example.net\r\n" * 10)
        wire.pump()
        self.assertFalse(wire.transport.connected)
        self.assertEqual(self.flushLoggedErrors(), [])
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_slow_handshake_is_cut(self) -> None:
        """A client that never finishes its handshake is dropped after half a minute."""
        wire = open_wire(self.context, self.factory, client_context(), None)
        self.clock.advance(HANDSHAKE_SECONDS - 1)
        self.assertTrue(wire.transport.connected)
        self.clock.advance(1)
        self.assertFalse(wire.transport.connected)

    def test_no_timer_is_left(self) -> None:
        """After the handshake only the chosen protocol's own time-outs count."""
        self.connect("imap.example.com")
        self.assertEqual(self.clock.getDelayedCalls(), [])

    def test_tls_1_1_is_refused(self) -> None:
        """TLS 1.2 is the oldest that is spoken."""
        wire = open_wire(self.context, self.factory, client_context(maximum=SSL.TLS1_1_VERSION), None)
        wire.pump()
        self.assertIsNotNone(wire.error)
        self.assertEqual(wire.greeting, b"")

    def test_factories_start_and_stop_with_the_port(self) -> None:
        """Both services are started with the first port and stopped with the last."""
        self.factory.doStart()
        self.assertEqual((self.smtp.numPorts, self.imap.numPorts), (1, 1))
        self.factory.doStop()
        self.assertEqual((self.smtp.numPorts, self.imap.numPorts), (0, 0))

    def test_missing_protocol_falls_back(self) -> None:
        """Without an IMAP service, imap host names get the default."""
        factory = MultiplexFactory({b"smtp": self.smtp}, {}, b"smtp", self.clock)
        self.assertEqual(factory.choose(None, "imap.example.com"), b"smtp")
        self.assertEqual(factory.choose(b"imap", None), b"smtp")
