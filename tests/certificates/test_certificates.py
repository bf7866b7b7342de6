"""Certificates for the API's actions, keys for DKIM."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from cryptography import x509
from sqlalchemy import insert, select, update
from twisted.internet.defer import Deferred
from zope.interface.verify import verifyObject

from daptinmail.certificates.certificates import Certificates
from daptinmail.certificates.generate import LIFETIME, private_pem
from daptinmail.certificates.keyring import RENEW_BEFORE
from daptinmail.db.schema import certificate
from daptinmail.errors import Conflict, NotFound
from daptinmail.interfaces.storage import ITransaction
from daptinmail.interfaces.tls import ICertificates, ISigningKeys
from tests.support.certificates import MemoryTlsContexts, shared_key
from tests.support.issuers import issue, key_pem
from tests.support.keyring import memory_keyring
from tests.support.runtime import SteadyClock, SynchronousBlocking
from tests.support.storage import StorageCase


class LateBlocking(SynchronousBlocking):
    """Answers when told, so that two requests can meet."""

    def __init__(self) -> None:
        self.waiting: list[Deferred[Any]] = []

    def run(self, function: Any, *arguments: object) -> "Deferred[Any]":
        """Later."""
        result: Deferred[Any] = Deferred()
        _ = result.addCallback(lambda ignored: function(*arguments))
        self.waiting.append(result)
        return result

    def release(self) -> None:
        """Now."""
        while self.waiting:
            self.waiting.pop(0).callback(None)


class CertificatesTests(StorageCase):
    """Over rows in memory."""

    def setUp(self) -> None:
        self.clock = SteadyClock()
        self.storage = self.make_storage(self.clock)
        self.keyring = memory_keyring(self.storage, self.clock)
        self.contexts = MemoryTlsContexts()
        self.certificates = Certificates(self.keyring, self.contexts)

    def run_now(self, coroutine: Any) -> Any:
        """The result of a coroutine."""
        return self.successResultOf(Deferred.fromCoroutine(coroutine))

    def fails(self, coroutine: Any, error: type[Exception]) -> None:
        """It must."""
        self.failureResultOf(Deferred.fromCoroutine(coroutine), error)

    def write(self, statement: Any) -> None:
        """Change rows behind the scenes."""

        def work(transaction: ITransaction) -> None:
            transaction.connection.execute(statement)

        self.successResultOf(self.storage.write(work))

    def rows(self) -> list[Any]:
        """All rows."""
        return self.successResultOf(
            self.storage.read(lambda connection: list(connection.execute(select(certificate)).all()))
        )

    def add(self, hostname: str = "example.com", **columns: object) -> UUID:
        """A row as ``POST`` makes it."""
        reference = self.keyring.identifiers.uuid7()
        row = {"hostname": hostname, "issuer": "self", "reference_id": reference, "created_at": self.clock.now()}
        self.write(insert(certificate).values(**row, **columns))
        return reference

    def ensure(self, hostname: str) -> None:
        """Have a certificate for it."""
        self.run_now(self.keyring.ensure(hostname))

    def test_provides_the_seams(self) -> None:
        """The API and the signer may rely on it."""
        verifyObject(ICertificates, self.certificates)
        verifyObject(ISigningKeys, self.certificates)

    def test_generate(self) -> None:
        """A row without anything gets key and certificate, and listeners hear of it."""
        reference = self.add("mail.example.com,*.example.com")
        name = self.run_now(self.certificates.generate_self_signed(reference))
        self.assertEqual((name, self.contexts.reloads), ("mail.example.com,*.example.com", 1))
        hostname, pem = self.run_now(self.certificates.certificate_pem(reference))
        names = x509.load_pem_x509_certificate(pem.encode()).extensions.get_extension_for_class(
            x509.SubjectAlternativeName
        )
        self.assertEqual(names.value.get_values_for_type(x509.DNSName), hostname.split(","))
        row = self.rows()[0]
        self.assertEqual((row.generated_at, row.version), (self.clock.now(), 2))
        self.assertLess(row.expires_at - self.clock.now(), LIFETIME + timedelta(seconds=1))

    def test_generating_again_keeps_the_key(self) -> None:
        """A new certificate does not make the published DKIM record wrong."""
        reference = self.add()
        self.run_now(self.certificates.generate_self_signed(reference))
        before = self.rows()[0]
        self.keyring.new_key = self.fail
        self.run_now(self.certificates.generate_self_signed(reference))
        after = self.rows()[0]
        self.assertEqual(before.public_key_pem, after.public_key_pem)
        self.assertNotEqual(before.certificate_pem, after.certificate_pem)

    def test_private_key_is_sealed_in_the_database(self) -> None:
        """Who reads the database without its secret has no private key."""
        self.ensure("example.com")
        self.assertNotIn("PRIVATE", self.rows()[0].private_key_pem)
        key = self.run_now(self.certificates.signing_key("example.com"))
        self.assertEqual(key.private_key_pem, private_pem(shared_key()))
        self.assertNotIn("PRIVATE", repr(key))

    def test_nothing_yet(self) -> None:
        """Asking for what was not generated yet, or for an unknown row, says so."""
        reference = self.add()
        for method in (
            self.certificates.certificate_pem,
            self.certificates.public_key_pem,
            self.certificates.dkim_record,
        ):
            self.fails(method(reference), Conflict)
            self.fails(method(UUID(int=5)), NotFound)
        self.fails(self.certificates.generate_self_signed(UUID(int=5)), NotFound)

    def test_dkim_record(self) -> None:
        """The record is ready to publish, under the selector of the configuration."""
        reference = self.add()
        self.run_now(self.certificates.generate_self_signed(reference))
        name, text = self.run_now(self.certificates.dkim_record(reference))
        self.assertEqual(name, "d1._domainkey.example.com")
        self.assertTrue(text.startswith("v=DKIM1; k=rsa; p="))
        _, public = self.run_now(self.certificates.public_key_pem(reference))
        self.assertEqual(text.partition("p=")[2], "".join(public.splitlines()[1:-1]))
        self.run_now(self.keyring.configuration.set("mail.dkim_selector", "2026a"))
        name, _ = self.run_now(self.certificates.dkim_record(reference))
        self.assertEqual(name, "2026a._domainkey.example.com")
        self.assertEqual(self.run_now(self.certificates.signing_key("example.com")).selector, "2026a")

    def test_signing_key_is_of_exactly_the_domain(self) -> None:
        """A parent domain does not sign for a subdomain, nor a look-alike for another."""
        self.ensure("example.com")
        self.assertEqual(self.run_now(self.certificates.signing_key("EXAMPLE.com")).domain, "example.com")
        for domain in ("sub.example.com", "ample.com", "example.co", "example_com", "%", ""):
            self.assertIsNone(self.run_now(self.certificates.signing_key(domain)))

    def test_signing_key_of_a_list(self) -> None:
        """A certificate for several names signs for each of them."""
        reference = self.add("www.example.com,example.com")
        self.run_now(self.certificates.generate_self_signed(reference))
        self.assertEqual(self.run_now(self.certificates.signing_key("example.com")).domain, "example.com")

    def test_unusable_key_is_no_key(self) -> None:
        """A key that cannot be opened, or is not RSA, signs nothing and is not an error at submission."""
        self.ensure("example.com")
        self.write(update(certificate).values(private_key_pem="gcm1:AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"))
        self.assertIsNone(self.run_now(self.certificates.signing_key("example.com")))
        self.write(update(certificate).values(private_key_pem=None))
        self.assertIsNone(self.run_now(self.certificates.signing_key("example.com")))

    def test_ensure_domain(self) -> None:
        """An account's domain gets a row once."""
        self.run_now(self.certificates.ensure_domain("Example.com"))
        self.assertEqual(self.contexts.ensured, ["example.com"])

    def test_ensure_is_idempotent(self) -> None:
        """A host name that has a certificate keeps it."""
        self.ensure("example.com")
        before = self.rows()
        self.ensure("example.com")
        self.assertEqual(self.rows(), before)
        self.assertEqual(len(before), 1)

    def test_ensure_at_once(self) -> None:
        """Two requests at the same moment make one row."""
        late = LateBlocking()
        self.keyring.blocking = late
        both = [Deferred.fromCoroutine(self.keyring.ensure("example.com")) for _ in range(2)]
        late.release()
        for result in both:
            self.successResultOf(result)
        self.assertEqual(len(self.rows()), 1)

    def test_ensure_completes_an_empty_row(self) -> None:
        """A row that was posted and never generated is completed, not doubled."""
        self.add("mail.example.com")
        self.ensure("mail.example.com")
        rows = self.rows()
        self.assertEqual((len(rows), bool(rows[0].certificate_pem)), (1, True))

    def test_ensure_renews_ours(self) -> None:
        """A self-signed certificate about to expire is renewed over the same key."""
        self.ensure("example.com")
        before = self.rows()[0]
        self.clock.advance((LIFETIME - RENEW_BEFORE).total_seconds() + 1)
        self.ensure("example.com")
        after = self.rows()[0]
        self.assertGreater(after.expires_at, before.expires_at)
        self.assertEqual(after.public_key_pem, before.public_key_pem)

    def test_ensure_leaves_imported_ones(self) -> None:
        """A certificate that somebody else issued is never replaced, also when it has expired."""
        reference = self.add("mail.example.com")
        sealed = self.run_now(self.keyring.cipher()).encrypt(reference, key_pem("mail.example.com").encode())
        pem = issue("mail.example.com", "root")
        self.write(
            update(certificate).values(
                certificate_pem=pem, private_key_pem=sealed, expires_at=self.clock.now() + timedelta(days=1)
            )
        )
        self.clock.advance(10 * 86400)
        self.ensure("mail.example.com")
        self.assertEqual(self.rows()[0].certificate_pem, pem)

    def test_long_domain(self) -> None:
        """A domain longer than the column goes without, and fails nothing."""
        self.ensure("a" * 60 + "." + "b" * 60 + ".example")
        self.assertEqual(self.rows(), [])
