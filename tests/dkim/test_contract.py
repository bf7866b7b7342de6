"""Both signers keep the promises of ``ISigner``."""

from daptinmail.dkim.signer import Signer
from daptinmail.interfaces.tls import SigningKey
from tests.contracts import signer as contract
from tests.dkim.support import Keys, pem_of, rsa_key
from tests.support.runtime import SteadyClock, SynchronousBlocking
from tests.support.signing import MarkingSigner


class SignerTests(contract.SignerContract):
    """``Signer``."""

    def setUp(self) -> None:
        keys = Keys({"example.test": SigningKey("example.test", "d1", pem_of(rsa_key()))})
        self.signer = Signer(keys, SynchronousBlocking(), SteadyClock())


class MarkingSignerTests(contract.SignerContract):
    """``MarkingSigner``."""

    def setUp(self) -> None:
        self.signer = MarkingSigner({"example.test"})
