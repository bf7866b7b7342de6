"""Private keys are sealed, and certificates made once."""

from uuid import UUID

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from sqlalchemy import insert, select, update
from twisted.logger import capturedLogs

from daptinmail.certificates.certificates import Certificates
from daptinmail.certificates.keyring import MAX_HOSTNAME_COLUMN, Keyring, is_self_signed
from daptinmail.certificates.rules import CertificateRules
from daptinmail.db.configuration import Configuration
from daptinmail.db.records import Records
from daptinmail.db.schema import certificate
from daptinmail.errors import Conflict, StoreDamaged
from daptinmail.interfaces.directory import Viewer
from daptinmail.interfaces.records import Draft
from tests.contracts.case import ContractCase
from tests.support.certificates import MemoryTlsContexts, shared_key
from tests.support.issuers import issue, key_pem
from tests.support.keyring import memory_keyring
from tests.support.runtime import CountingIdentifiers, SteadyClock, SynchronousBlocking
from tests.support.storage import MemoryStorage

ROOT = Viewer(is_administrator=True)
HOST = "mail.example.com"


class KeyringTests(ContractCase):
    """Over rows in memory."""

    def setUp(self) -> None:
        self.clock = SteadyClock()
        self.storage = MemoryStorage(self.clock)
        self.keyring = memory_keyring(self.storage, self.clock)
        self.certificates = Certificates(self.keyring, MemoryTlsContexts())

    def add(self, **values: object) -> UUID:
        """A row past every rule; its reference."""
        row = {"issuer": "self", "reference_id": UUID(int=5), "created_at": self.clock.now(), **values}
        self.result(self.storage.write(lambda transaction: transaction.connection.execute(insert(certificate), [row])))
        return UUID(int=5)

    def rows(self) -> list[str]:
        """The host names of all rows."""
        names = select(certificate.c.hostname)
        return self.result(self.storage.read(lambda connection: list(connection.scalars(names))))

    def test_never_unsealed(self) -> None:
        """A key cannot be written before it can be sealed."""
        self.assertRaises(StoreDamaged, lambda: self.keyring.opened_cipher)

    def test_two_processes(self) -> None:
        """Two processes that make a certificate for the same name at the same moment make one row."""

        def key_of_the_slower() -> RSAPrivateKey:
            self.result(memory_keyring(self.storage, self.clock).ensure(HOST))
            return shared_key()

        slower = Keyring(
            storage=self.storage,
            clock=self.clock,
            identifiers=CountingIdentifiers(1000),
            blocking=SynchronousBlocking(),
            configuration=Configuration(self.storage, self.clock),
            new_key=key_of_the_slower,
        )
        self.result(slower.ensure(HOST))
        self.assertEqual(self.rows(), [HOST])
        self.assertEqual(len(self.result(slower.served())), 1)

    def test_long_name(self) -> None:
        """A name that no row can hold gets no certificate, and nobody fails for it."""
        with capturedLogs() as logged:
            self.result(self.keyring.ensure("a." * MAX_HOSTNAME_COLUMN + "test"))
        self.assertEqual((self.rows(), len(logged)), ([], 1))

    def test_damaged_certificate(self) -> None:
        """A certificate that cannot be read is made anew; one that others issued is never replaced."""
        self.result(self.keyring.ensure(HOST))
        spoilt = update(certificate).values(certificate_pem="spoilt", expires_at=self.clock.now())
        self.result(self.storage.write(lambda transaction: transaction.connection.execute(spoilt)))
        self.result(self.keyring.ensure(HOST))
        (served,) = self.result(self.keyring.served())
        self.assertIn(b"BEGIN CERTIFICATE", served.certificates_pem)
        self.assertTrue(is_self_signed("spoilt"))
        self.assertFalse(is_self_signed(issue(HOST, "Issuer")))

    def test_unusable_rows(self) -> None:
        """A host name from elsewhere that cannot be read is said to be the reason."""
        reference = self.add(hostname="not a name")
        self.refused(self.certificates.generate_self_signed(reference), Conflict)

    def test_dkim_of_other_keys(self) -> None:
        """DKIM signs with RSA: an imported EC key has no record, and the answer says why."""
        rules = CertificateRules(self.keyring, MemoryTlsContexts())
        records = Records(self.storage, self.clock, CountingIdentifiers(5000), {"certificate": rules})
        pair = {"certificate_pem": issue(HOST, "Issuer"), "private_key_pem": key_pem(HOST)}
        made = self.result(records.create(Draft("certificate", {"hostname": HOST, **pair}), ROOT))
        self.assertIn("RSA", str(self.refused(self.certificates.dkim_record(made.reference), Conflict)))
        self.assertIsNone(self.result(self.certificates.signing_key(HOST)))


class ReloadTests(ContractCase):
    """What follows a change of a row."""

    def test_failed_reload(self) -> None:
        """The row is changed and the answer says so, even if the listeners cannot read it now."""

        class Broken(MemoryTlsContexts):
            async def reload(self) -> None:
                raise StoreDamaged

        clock = SteadyClock()
        storage = MemoryStorage(clock)
        rules = CertificateRules(memory_keyring(storage, clock), Broken())
        records = Records(storage, clock, CountingIdentifiers(5000), {"certificate": rules})
        with capturedLogs() as logged:
            made = self.result(records.create(Draft("certificate", {"hostname": HOST}), ROOT))
        self.assertEqual(made.attributes["hostname"], HOST)
        self.assertEqual(len(logged), 1)
