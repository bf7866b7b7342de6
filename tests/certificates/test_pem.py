"""What an operator imports is checked."""

from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
from cryptography.hazmat.primitives.serialization import BestAvailableEncryption, Encoding, PrivateFormat
from twisted.trial.unittest import SynchronousTestCase

from daptinmail.certificates.generate import private_pem
from daptinmail.certificates.pem import MAX_PEM, read_import
from daptinmail.errors import Invalid
from tests.support.certificates import material, shared_key
from tests.support.issuers import issue, key_pem
from tests.support.runtime import START

HOST = "mail.example.com"


class ImportTests(SynchronousTestCase):
    """Leaf, chain and key."""

    def setUp(self) -> None:
        self.leaf, self.key = issue(HOST, "intermediate"), key_pem(HOST)
        self.intermediate, self.root = issue("intermediate", "root"), issue("root", "root", days=30)

    def assert_refused(self, attribute: str, leaf: str, chain: str, key: str) -> None:
        """The error names the attribute."""
        with self.assertRaises(Invalid) as caught:
            read_import(leaf, chain, key, START)
        self.assertEqual(list(caught.exception.fields), [attribute])

    def test_chain_is_put_in_order(self) -> None:
        """Certificates may come in any order and in either attribute; they are served leaf first."""
        for leaf, chain in (
            (self.leaf, self.intermediate + self.root),
            (self.leaf, self.root + self.intermediate),
            (self.leaf + self.intermediate + self.root, ""),
            (self.leaf + self.root, self.intermediate),
        ):
            made = read_import(leaf, chain, self.key, START)
            self.assertEqual(made.certificate_pem, self.leaf)
            self.assertEqual(made.chain_pem, self.intermediate + self.root)

    def test_expiry_is_the_chains(self) -> None:
        """What expires first counts."""
        with_root = read_import(self.leaf, self.intermediate + self.root, self.key, START)
        without = read_import(self.leaf, self.intermediate, self.key, START)
        self.assertLess(with_root.expires_at, without.expires_at)

    def test_without_chain(self) -> None:
        """A leaf alone, or a self-signed certificate, is taken."""
        self.assertEqual(read_import(self.leaf, "", self.key, START).chain_pem, "")
        own = material()
        made = read_import(own.certificate_pem, "", own.private_key_pem.decode(), START)
        self.assertEqual(made.public_key_pem, own.public_key_pem)

    def test_foreign_key(self) -> None:
        """A key that does not belong to the certificate is refused."""
        self.assert_refused("private_key_pem", self.leaf, "", key_pem("other"))

    def test_chain_with_gap_or_stranger(self) -> None:
        """A chain that does not lead anywhere is refused."""
        self.assert_refused("root_certificate", self.leaf, self.root, self.key)
        self.assert_refused("root_certificate", self.leaf, self.intermediate + issue("a", "b"), self.key)
        self.assert_refused("certificate_pem", self.leaf + self.root, "", self.key)

    def test_dates(self) -> None:
        """A certificate that is not valid now is refused."""
        for days in (-100, 100):
            start = START.replace(year=START.year + (1 if days > 0 else -1))
            self.assert_refused("certificate_pem", issue(HOST, "root", start), "", self.key)

    def test_garbage(self) -> None:
        """What is no PEM is refused by name."""
        for text in ("", "x", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", "\ud800"):
            self.assert_refused("certificate_pem", text, "", self.key)
            self.assert_refused("private_key_pem", self.leaf, "", text)
        self.assert_refused("root_certificate", self.leaf, "x", self.key)
        self.assert_refused("private_key_pem", self.leaf, "", self.leaf)
        self.assert_refused("certificate_pem", self.key, "", self.key)

    def test_limits(self) -> None:
        """Size and number are limited."""
        self.assert_refused("private_key_pem", self.leaf, "", self.key + " " * MAX_PEM)
        self.assert_refused("certificate_pem", self.leaf + " " * MAX_PEM, "", self.key)
        self.assert_refused("root_certificate", self.leaf, self.root * 11, self.key)

    def test_encrypted_key(self) -> None:
        """A key with a pass phrase is refused with a word that helps."""
        locked = shared_key().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, BestAvailableEncryption(b"x"))
        self.assert_refused("private_key_pem", self.leaf, "", locked.decode())

    def test_short_rsa_key(self) -> None:
        """An RSA key under 2048 bits is refused."""
        short = private_pem(generate_private_key(public_exponent=65537, key_size=1024)).decode()
        self.assert_refused("private_key_pem", self.leaf, "", short)
