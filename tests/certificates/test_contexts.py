"""The certificate of each handshake."""

from cryptography import x509
from cryptography.x509.oid import NameOID
from OpenSSL import SSL
from sqlalchemy import update
from twisted.internet.defer import Deferred
from twisted.trial.unittest import SynchronousTestCase
from zope.interface.verify import verifyObject

from daptinmail.certificates.certificates import Certificates
from daptinmail.certificates.contexts import TlsContexts
from daptinmail.certificates.rows import row_for_name
from daptinmail.db.schema import certificate
from daptinmail.interfaces.storage import ITransaction
from daptinmail.interfaces.tls import ITlsContexts
from tests.support.handshakes import GreeterFactory, Wire, connect
from tests.support.keyring import memory_keyring
from tests.support.runtime import SteadyClock, SynchronousBlocking
from tests.support.storage import MemoryStorage


class TlsContextsTests(SynchronousTestCase):
    """Over rows in memory and real handshakes."""

    def setUp(self) -> None:
        self.clock = SteadyClock()
        self.storage = MemoryStorage(self.clock)
        self.keyring = memory_keyring(self.storage, self.clock)
        self.contexts = TlsContexts(self.keyring, SynchronousBlocking())
        self.front = self.contexts.front("mail.example.com", (b"smtp", b"imap"))
        self.ensure("mail.example.com")

    def ensure(self, hostname: str) -> None:
        """Have a certificate for it."""
        self.successResultOf(Deferred.fromCoroutine(self.contexts.ensure(hostname)))

    def handshake(self, sni: str | None, alpn: tuple[bytes, ...] = ()) -> Wire:
        """A client."""
        return connect(self.front, GreeterFactory(b"hello"), sni, alpn)

    def seen(self, sni: str | None) -> x509.Certificate:
        """The certificate that a client gets."""
        wire = self.handshake(sni)
        self.assertEqual((wire.error, wire.greeting), (None, b"hello"))
        found = wire.client.get_peer_certificate(as_cryptography=True)
        assert found is not None
        return found

    def name(self, sni: str | None) -> str:
        """Its common name."""
        return str(self.seen(sni).subject.get_attributes_for_oid(NameOID.COMMON_NAME)[0].value)

    def rename(self, old: str, new: str) -> None:
        """Change host names behind the scenes, with certificates to match."""

        def work(transaction: ITransaction) -> None:
            transaction.connection.execute(
                update(certificate).where(certificate.c.hostname == old).values(hostname=new)
            )

        self.successResultOf(self.storage.write(work))
        row = self.successResultOf(self.storage.read(lambda connection: row_for_name(connection, new)))
        assert row is not None
        generate = Certificates(self.keyring, self.contexts).generate_self_signed(row.reference)
        self.successResultOf(Deferred.fromCoroutine(generate))

    def test_provides_the_seam(self) -> None:
        """Listeners may rely on it."""
        verifyObject(ITlsContexts, self.contexts)

    def test_by_sni(self) -> None:
        """Each host name gets its own certificate, in any case."""
        self.ensure("imps.example.com")
        self.assertEqual(self.name("imps.example.com"), "imps.example.com")
        self.assertEqual(self.name("IMPS.Example.com"), "imps.example.com")
        self.assertEqual(self.name("mail.example.com"), "mail.example.com")

    def test_default(self) -> None:
        """Without SNI, or with a name nobody knows, the listener's own certificate answers."""
        self.ensure("imps.example.com")
        self.assertEqual(self.name(None), "mail.example.com")
        self.assertEqual(self.name("unknown.example.net"), "mail.example.com")

    def test_wildcard(self) -> None:
        """A wildcard certificate answers for the hosts of its domain, one label deep, unless they have their own."""
        self.ensure("example.net")
        self.rename("example.net", "*.example.net")
        self.ensure("own.example.net")
        self.assertEqual(self.name("any.example.net"), "*.example.net")
        self.assertEqual(self.name("own.example.net"), "own.example.net")
        self.assertEqual(self.name("a.b.example.net"), "mail.example.com")
        self.assertEqual(self.name("example.net"), "mail.example.com")

    def test_new_certificate_serves_the_next_handshake(self) -> None:
        """No restart is needed, and the listener's context is still the same."""
        before = self.seen("mail.example.com").serial_number
        self.rename("mail.example.com", "mail.example.com")
        self.assertNotEqual(self.seen("mail.example.com").serial_number, before)
        self.assertIs(self.contexts.front("mail.example.com", (b"smtp", b"imap")), self.front)

    def test_sessions_survive_a_new_certificate(self) -> None:
        """A connection that is open goes on."""
        factory = GreeterFactory(b"hello")
        wire = connect(self.front, factory, "mail.example.com")
        self.rename("mail.example.com", "mail.example.com")
        wire.client.send(b"NOOP\r\n")
        wire.pump()
        self.assertEqual(factory.heard, [b"NOOP\r\n"])

    def test_unchanged_certificates_keep_their_contexts(self) -> None:
        """Reading the database again costs nothing for what did not change."""
        before = dict(self.contexts._contexts)
        self.ensure("imps.example.com")
        for key, context in before.items():
            self.assertIs(self.contexts._contexts[key], context)

    def test_alpn_counts_for_every_certificate(self) -> None:
        """The refusal of foreign ALPN names holds whichever certificate was chosen by SNI."""
        self.ensure("imps.example.com")
        for name in (None, "mail.example.com", "imps.example.com", "unknown.example.net"):
            self.assertIsNotNone(self.handshake(name, (b"http/1.1",)).error)
            wire = self.handshake(name, (b"imap",))
            self.assertEqual(wire.client.get_alpn_proto_negotiated(), b"imap")

    def test_asks_clients(self) -> None:
        """Clients are asked for a certificate by listeners that are set up while that is wanted."""
        self.contexts.asks_clients = lambda: True
        asking = self.contexts.front("mail.example.com", (b"smtp", b"imap"))
        modes = (self.front.get_verify_mode(), asking.get_verify_mode())
        self.assertEqual(modes, (SSL.VERIFY_NONE, SSL.VERIFY_PEER))
        self.front = asking
        self.assertEqual(self.name("mail.example.com"), "mail.example.com")
        self.contexts.asks_clients = lambda: False
        again = self.contexts.front("mail.example.com", (b"smtp", b"imap"))
        self.assertEqual(again.get_verify_mode(), SSL.VERIFY_NONE)

    def test_broken_row_hurts_nobody_else(self) -> None:
        """A row whose certificate cannot be used is passed over."""
        self.ensure("imps.example.com")

        def work(transaction: ITransaction) -> None:
            broken = update(certificate).where(certificate.c.hostname == "imps.example.com")
            transaction.connection.execute(broken.values(certificate_pem="-----BEGIN CERTIFICATE-----\nAA=="))

        self.successResultOf(self.storage.write(work))
        self.successResultOf(Deferred.fromCoroutine(self.contexts.reload()))
        self.assertEqual(self.name("imps.example.com"), "mail.example.com")

    def test_no_certificate_at_all(self) -> None:
        """A listener whose certificate is missing fails handshakes without noise, and recovers when it comes."""
        self.front = self.contexts.front("new.example.org", ())
        self.assertIsNotNone(self.handshake(None).error)
        self.assertEqual(self.flushLoggedErrors(), [])
        self.ensure("new.example.org")
        self.assertEqual(self.name(None), "new.example.org")
