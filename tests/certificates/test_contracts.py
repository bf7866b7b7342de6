"""Keys, certificates and contexts: the real providers and those of the tests keep the same promises."""

from uuid import UUID

from sqlalchemy import insert

from daptinmail.certificates.certificates import Certificates
from daptinmail.certificates.contexts import TlsContexts
from daptinmail.db.schema import certificate
from daptinmail.interfaces.storage import ITransaction
from tests.contracts import signing_keys, tls
from tests.support.certificates import MemorySigningKeys, MemoryTlsContexts
from tests.support.control import MemoryCertificates
from tests.support.keyring import memory_keyring
from tests.support.runtime import SteadyClock, SynchronousBlocking
from tests.support.storage import StorageCase

ROW = UUID(int=5)


class MemorySigningKeysTests(signing_keys.SigningKeysContract):
    """The one for tests of the signer."""

    def setUp(self) -> None:
        self.keys = MemorySigningKeys()


class RowsSigningKeysTests(signing_keys.SigningKeysContract, StorageCase):
    """The real one."""

    def setUp(self) -> None:
        clock = SteadyClock()
        keyring = memory_keyring(self.make_storage(clock), clock)
        self.keys = Certificates(keyring, TlsContexts(keyring, SynchronousBlocking()))


class MemoryCertificatesTests(tls.CertificatesContract):
    """The one for tests of the actions."""

    def setUp(self) -> None:
        self.certificates = MemoryCertificates()

    def add(self, hostname: str) -> UUID:
        """A row."""
        self.certificates.hostnames[ROW] = hostname
        return ROW


class RowsCertificatesTests(tls.CertificatesContract, StorageCase):
    """The real one."""

    def setUp(self) -> None:
        clock = SteadyClock()
        self.storage = self.make_storage(clock)
        self.certificates = Certificates(memory_keyring(self.storage, clock), MemoryTlsContexts())

    def add(self, hostname: str) -> UUID:
        """A row."""

        def work(transaction: ITransaction) -> None:
            values = {"hostname": hostname, "issuer": "self", "reference_id": ROW, "created_at": transaction.now}
            transaction.connection.execute(insert(certificate).values(values))

        self.successResultOf(self.storage.write(work))
        return ROW


class MemoryTlsContextsTests(tls.TlsContextsContract):
    """The one for tests of services."""

    def setUp(self) -> None:
        self.contexts = MemoryTlsContexts()


class RowsTlsContextsTests(tls.TlsContextsContract, StorageCase):
    """The real one."""

    def setUp(self) -> None:
        clock = SteadyClock()
        self.contexts = TlsContexts(memory_keyring(self.make_storage(clock), clock), SynchronousBlocking())
