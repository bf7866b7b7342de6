"""The promises of ``ISigningKeys``."""

from typing import Any

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from twisted.internet.defer import Deferred
from twisted.trial.unittest import SynchronousTestCase
from zope.interface.verify import verifyObject

from daptinmail.interfaces.tls import ISigningKeys


class SigningKeysContract(SynchronousTestCase):
    """Mix in and give ``keys``."""

    keys: Any

    def answer(self, coroutine: Any) -> Any:
        """The result of a coroutine."""
        return self.successResultOf(Deferred.fromCoroutine(coroutine))

    def test_contract_provides(self) -> None:
        """All methods are there."""
        verifyObject(ISigningKeys, self.keys)

    def test_contract_no_key(self) -> None:
        """A domain that nobody asked a key for has none."""
        self.assertIsNone(self.answer(self.keys.signing_key("example.com")))

    def test_contract_ensured(self) -> None:
        """After ``ensure_domain`` there is an RSA key for exactly the domain, the same ever after."""
        self.answer(self.keys.ensure_domain("example.com"))
        first = self.answer(self.keys.signing_key("example.com"))
        self.assertEqual((first.domain, first.selector), ("example.com", "d1"))
        self.assertIsInstance(load_pem_private_key(first.private_key_pem, None), RSAPrivateKey)
        self.answer(self.keys.ensure_domain("example.com"))
        self.assertEqual(self.answer(self.keys.signing_key("example.com")), first)
        self.assertIsNone(self.answer(self.keys.signing_key("sub.example.com")))
        self.assertEqual(list(self.answer(self.keys.signing_keys("example.com"))), [first])
        self.assertEqual(list(self.answer(self.keys.signing_keys("sub.example.com"))), [])

    def test_contract_public_record(self) -> None:
        """The key can be published once there is one."""
        self.assertIsNone(self.answer(self.keys.public_record("example.com")))
        self.answer(self.keys.ensure_domain("example.com"))
        name, text = self.answer(self.keys.public_record("example.com"))
        self.assertEqual(name, "d1._domainkey.example.com")
        self.assertTrue(text.startswith("v=DKIM1; k=rsa; p=MII"), text)
