"""Both keepers of signing keys, the real one and that of the tests, keep the promises of ``ISigningKeys``."""

from daptinmail.certificates.certificates import Certificates
from daptinmail.certificates.contexts import TlsContexts
from tests.contracts.signing_keys import SigningKeysContract
from tests.support.certificates import MemorySigningKeys
from tests.support.keyring import memory_keyring
from tests.support.runtime import SteadyClock, SynchronousBlocking
from tests.support.storage import StorageCase


class MemorySigningKeysTests(SigningKeysContract):
    """The one for tests of the signer."""

    def setUp(self) -> None:
        self.keys = MemorySigningKeys()


class RowsSigningKeysTests(SigningKeysContract, StorageCase):
    """The real one."""

    def setUp(self) -> None:
        clock = SteadyClock()
        keyring = memory_keyring(self.make_storage(clock), clock)
        self.keys = Certificates(keyring, TlsContexts(keyring, SynchronousBlocking()))


del SigningKeysContract
