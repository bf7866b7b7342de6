"""What SASL may know of a TLS connection."""

from datetime import timedelta
from hashlib import sha256

from cryptography.hazmat.primitives.serialization import Encoding
from OpenSSL import SSL
from OpenSSL.crypto import X509, PKey
from twisted.internet.testing import StringTransport
from twisted.trial.unittest import SynchronousTestCase

from daptinmail.interfaces.credentials import Channel
from daptinmail.net.channel import channel_of
from daptinmail.net.tls import ask_for_certificate
from tests.support.certificates import MemoryTlsContexts
from tests.support.client_certificates import Issued, authority, person
from tests.support.handshakes import GreeterFactory, Wire, client_context, open_wire
from tests.support.runtime import START


class ChannelTests(SynchronousTestCase):
    """Over real handshakes."""

    def setUp(self) -> None:
        self.contexts = MemoryTlsContexts()
        self.issuer = authority(START)
        self.mine = person("ann@example.com", self.issuer, START)

    def connect(self, client: SSL.Context, asks: bool = False, session: SSL.Session | None = None) -> Wire:
        """Shake hands."""
        front = self.contexts.front("mail.example.com", ())
        if asks:
            ask_for_certificate(front)
        wire = open_wire(front, GreeterFactory(b"hello"), client, "mail.example.com")
        if session is not None:
            wire.client.set_session(session)
        wire.pump()
        self.assertEqual((wire.error, wire.greeting), (None, b"hello"))
        return wire

    def holding(self, *issued: Issued) -> SSL.Context:
        """A client with a certificate and those of its issuers."""
        client = client_context()
        mine, *others = issued
        client.use_certificate(X509.from_cryptography(mine.certificate))
        client.use_privatekey(PKey.from_cryptography_key(mine.key))
        for other in others:
            client.add_extra_chain_cert(X509.from_cryptography(other.certificate))
        return client

    def test_exporter(self) -> None:
        """Both ends compute the same, and each connection has its own (RFC 9266)."""
        wires = [self.connect(client_context()) for _ in range(2)]
        bound = [channel_of(wire.server, secure=True).bindings["tls-exporter"]() for wire in wires]
        for wire, data in zip(wires, bound, strict=True):
            self.assertEqual(wire.client.export_keying_material(b"EXPORTER-Channel-Binding", 32, b""), data)
        self.assertEqual((len(bound[0]), bound[0] == bound[1]), (32, False))

    def test_end_point(self) -> None:
        """The digest of the certificate that this client was shown (RFC 5929 §4)."""
        wire = self.connect(client_context())
        shown = wire.client.get_peer_certificate()
        assert shown is not None
        expected = sha256(shown.to_cryptography().public_bytes(Encoding.DER)).digest()
        self.assertEqual(channel_of(wire.server, secure=True).bindings["tls-server-end-point"](), expected)

    def test_tls_1_2(self) -> None:
        """Nothing is bound under TLS 1.2."""
        channel = channel_of(self.connect(client_context(maximum=SSL.TLS1_2_VERSION)).server, secure=True)
        self.assertEqual((channel.secure, dict(channel.bindings)), (True, {}))

    def test_clear(self) -> None:
        """In clear there is nothing to know."""
        self.assertEqual(channel_of(StringTransport(), secure=False), Channel())

    def test_certificate(self) -> None:
        """A client that is asked and has one shows it, with those that came along; any issuer will do here."""
        client = self.holding(self.mine, self.issuer)
        channel = channel_of(self.connect(client, asks=True).server, secure=True)
        self.assertEqual(channel.certificates(), (self.mine.der, self.issuer.der))
        self.assertEqual(channel_of(self.connect(client).server, secure=True).certificates(), ())

    def test_asked_without_one(self) -> None:
        """A client that has none, of either version, is served as ever."""
        for maximum in (None, SSL.TLS1_2_VERSION):
            channel = channel_of(self.connect(client_context(maximum=maximum), asks=True).server, secure=True)
            self.assertEqual(channel.certificates(), ())

    def test_resumed(self) -> None:
        """A client that comes back with its last session shows its certificates again."""
        for maximum in (SSL.TLS1_3_VERSION, SSL.TLS1_2_VERSION):
            client = self.holding(self.mine, self.issuer)
            client.set_max_proto_version(maximum)
            session = self.connect(client, asks=True).client.get_session()
            wire = self.connect(client, True, session)
            certificates = channel_of(wire.server, secure=True).certificates()
            self.assertEqual(certificates, (self.mine.der, self.issuer.der))

    def test_expired(self) -> None:
        """Whether it counts is not decided in the handshake."""
        old = person("ann@example.com", self.issuer, START - timedelta(days=400))
        self.assertEqual(channel_of(self.connect(self.holding(old), asks=True).server, True).certificates(), (old.der,))
