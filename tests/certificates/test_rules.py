"""Certificates over the API."""

from typing import Any

from twisted.internet.defer import Deferred

from daptinmail.certificates.rules import CertificateRules
from daptinmail.db.records import Records
from daptinmail.errors import Invalid
from daptinmail.interfaces.directory import Viewer
from daptinmail.interfaces.records import Draft, Record
from tests.support.certificates import MemoryTlsContexts, material
from tests.support.issuers import issue, key_pem
from tests.support.keyring import memory_keyring
from tests.support.runtime import CountingIdentifiers, SteadyClock
from tests.support.storage import StorageCase

ROOT = Viewer(user_id=None, is_administrator=True)
HOST = "mail.example.com"


class CertificateRulesTests(StorageCase):
    """Through the generic records."""

    def setUp(self) -> None:
        self.clock = SteadyClock()
        self.storage = self.make_storage(self.clock)
        self.keyring = memory_keyring(self.storage, self.clock)
        self.contexts = MemoryTlsContexts()
        rules = CertificateRules(self.keyring, self.contexts)
        self.records = Records(self.storage, self.clock, CountingIdentifiers(5000), {"certificate": rules})

    def create(self, **attributes: Any) -> Record:
        """Make a row."""
        return self.successResultOf(Deferred.fromCoroutine(self.records.create(Draft("certificate", attributes), ROOT)))

    def changing(self, record: Record, **attributes: Any) -> "Deferred[Record]":
        """Change it."""
        return Deferred.fromCoroutine(self.records.patch("certificate", record.reference, attributes, {}, ROOT))

    def change(self, record: Record, **attributes: Any) -> Record:
        """Change it."""
        return self.successResultOf(self.changing(record, **attributes))

    def refused(self, attribute: str, record: Record, **attributes: Any) -> None:
        """The error names the attribute."""
        failure = self.failureResultOf(self.changing(record, **attributes), Invalid)
        self.assertEqual(list(failure.value.fields), [attribute])

    def served(self) -> list[bytes]:
        """The private keys that listeners get."""
        return [one.private_key_pem for one in self.successResultOf(Deferred.fromCoroutine(self.keyring.served()))]

    def test_create(self) -> None:
        """A row is made by host name and issuer; the name is put in order."""
        record = self.create(hostname="Example.COM, www.example.com", issuer="self")
        self.assertEqual(record.attributes["hostname"], "example.com,www.example.com")
        self.assertEqual(record.attributes["issuer"], "self")
        self.assertIsNone(record.attributes["certificate_pem"])

    def test_bad_host_name(self) -> None:
        """A host name that is none is refused."""
        for hostname in ("", "a b", "x" * 300, "a.example,,b.example"):
            draft = Draft("certificate", {"hostname": hostname})
            self.failureResultOf(Deferred.fromCoroutine(self.records.create(draft, ROOT)), Invalid)

    def imported(self) -> Record:
        """A row with a certificate by somebody else."""
        chain = issue("intermediate", "root")
        return self.change(
            self.create(hostname=HOST),
            certificate_pem=issue(HOST, "intermediate"),
            private_key_pem=key_pem(HOST),
            root_certificate=chain,
        )

    def test_import(self) -> None:
        """An imported certificate is served, with expiry and public key worked out."""
        attributes = self.imported().attributes
        self.assertTrue(attributes["expires_at"])
        self.assertTrue(attributes["generated_at"])
        self.assertIn("PUBLIC KEY", attributes["public_key_pem"])
        self.assertEqual(self.served(), [key_pem(HOST).encode()])
        self.assertEqual(self.contexts.reloads, 2)

    def test_import_at_create(self) -> None:
        """It can be imported in one step."""
        self.create(hostname=HOST, certificate_pem=issue(HOST, "root"), private_key_pem=key_pem(HOST))
        self.assertEqual(self.served(), [key_pem(HOST).encode()])

    def test_private_key_is_never_shown(self) -> None:
        """Not when it is imported, and not later; in the database it is sealed."""
        record = self.imported()
        again = self.successResultOf(Deferred.fromCoroutine(self.records.get("certificate", record.reference, ROOT)))
        for shown in (record, again):
            self.assertIsNone(shown.attributes["private_key_pem"])
            self.assertNotIn("PRIVATE KEY", repr(shown))

    def test_sending_back_what_was_shown_changes_nothing(self) -> None:
        """A dashboard that sends all attributes back does not spoil the row."""
        record = self.imported()
        self.change(record, **dict(record.attributes))
        self.assertEqual(self.served(), [key_pem(HOST).encode()])

    def test_renewal_over_the_same_key(self) -> None:
        """A new certificate alone is enough if the key stays."""
        record = self.imported()
        renewed = issue(HOST, "root")
        self.assertEqual(self.change(record, certificate_pem=renewed).attributes["certificate_pem"], renewed)
        self.assertEqual(self.served(), [key_pem(HOST).encode()])

    def test_foreign_key(self) -> None:
        """Half an import, or key and certificate that do not match, are refused and change nothing."""
        record = self.create(hostname=HOST)
        self.refused("private_key_pem", record, certificate_pem=issue(HOST, "root"))
        self.refused("certificate_pem", record, private_key_pem=key_pem(HOST))
        self.refused("private_key_pem", record, certificate_pem=issue(HOST, "root"), private_key_pem=key_pem("b"))
        self.refused("root_certificate", self.imported_elsewhere(), root_certificate=issue("a", "b"))
        self.assertEqual(len(self.served()), 1)

    def imported_elsewhere(self) -> Record:
        """A row with our own certificate."""
        own = material("b.example")
        key = own.private_key_pem.decode()
        return self.create(hostname="b.example", certificate_pem=own.certificate_pem, private_key_pem=key)

    def test_public_key_cannot_be_set(self) -> None:
        """The public key follows from the certificate."""
        record = self.change(self.imported(), public_key_pem="mine")
        self.assertNotEqual(record.attributes["public_key_pem"], "mine")
