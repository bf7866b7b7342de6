"""The certificates of the database with their private keys: read, made, renewed."""

import os
from collections.abc import Callable
from datetime import timedelta

from attrs import define, field, frozen
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from sqlalchemy import Connection, insert, update
from twisted.internet.defer import DeferredLock
from twisted.logger import Logger

from daptinmail.certificates.generate import KeyMaterial, new_key, parse_hostnames, self_signed
from daptinmail.certificates.rows import CertificateRow, all_rows, row_for_name
from daptinmail.certificates.secrets import RowCipher
from daptinmail.db.configuration import Configuration
from daptinmail.db.schema import certificate
from daptinmail.errors import StoreDamaged
from daptinmail.interfaces.runtime import IBlocking, IClock, IIdentifiers
from daptinmail.interfaces.storage import IStorage, ITransaction

log = Logger()

RENEW_BEFORE = timedelta(days=30)
MAX_HOSTNAME_COLUMN = 100
MAX_OPEN_KEYS = 1000


@frozen
class Served:
    """A certificate that listeners can present."""

    hostnames: tuple[str, ...]
    certificates_pem: bytes
    private_key_pem: bytes = field(repr=False)


@define(eq=False)
class Keyring:
    """Opens private keys and keeps them open in memory, by what the database holds: a changed row is opened anew."""

    storage: IStorage
    clock: IClock
    identifiers: IIdentifiers
    blocking: IBlocking
    configuration: Configuration
    new_key: Callable[[], RSAPrivateKey] = new_key
    random: Callable[[int], bytes] = os.urandom
    _cipher: RowCipher | None = field(init=False, default=None)
    _open: dict[str, bytes] = field(init=False, factory=dict, repr=False)
    _making: DeferredLock = field(init=False, factory=DeferredLock)

    async def cipher(self) -> RowCipher:
        """What seals private keys; its secret is made at first need."""
        if self._cipher is None:
            secret = await self.configuration.secret("encryption.secret", lambda: self.random(16).hex())
            self._cipher = RowCipher(secret, self.random)
        return self._cipher

    @property
    def opened_cipher(self) -> RowCipher:
        """The cipher, for transactions; ``cipher`` was awaited before.

        Raises:
            StoreDamaged: it was not.
        """
        if self._cipher is None:
            raise StoreDamaged(cause="private keys cannot be sealed yet")
        return self._cipher

    async def private_key(self, row: CertificateRow) -> bytes | None:
        """The row's private key as PEM; ``None`` if it has none that can be read."""
        if not row.sealed_key:
            return None
        opened = self._open.get(row.sealed_key)
        if opened is None:
            try:
                opened = (await self.cipher()).decrypt(row.reference, row.sealed_key)
            except StoreDamaged as error:
                log.error("{cause}", cause=error.cause)
                return None
            if len(self._open) >= MAX_OPEN_KEYS:
                self._open.clear()
            self._open[row.sealed_key] = opened
        return opened

    def forget(self) -> None:
        """Drop all opened keys."""
        self._open.clear()

    async def served(self) -> list[Served]:
        """All certificates with a key, oldest first."""
        served = []
        for row in await self.storage.read(all_rows):
            key = await self.private_key(row) if row.is_complete else None
            if key is not None:
                served.append(Served(row.hostnames, (row.certificate_pem + row.chain_pem).encode(), key))
        return served

    async def ensure(self, hostname: str) -> None:
        """See that a row has a certificate for exactly ``hostname``; renew one of ours that is about to expire."""
        if len(hostname) > MAX_HOSTNAME_COLUMN:
            log.warn("no certificate for {hostname}: the name is too long", hostname=hostname)
            return
        await self._making.acquire()
        try:
            row = await self.storage.read(lambda connection: row_for_name(connection, hostname))
            if row is None:
                await self._add(hostname)
            elif await self._needs_renewal(row):
                await self.renew(row)
        finally:
            self._making.release()

    async def renew(self, row: CertificateRow) -> None:
        """Give the row a new self-signed certificate. An RSA key it has stays, for its DKIM record is published."""
        known = await self.private_key(row)
        key = await self.blocking.run(lambda: _rsa(known) or self.new_key())
        hostnames = parse_hostnames(row.hostname)
        made = await self.blocking.run(self_signed, hostnames, key, self.clock.now())
        sealed = (await self.cipher()).encrypt(row.reference, made.private_key_pem)

        def write(transaction: ITransaction) -> None:
            values = {**_columns(made, sealed), "generated_at": transaction.now, "updated_at": transaction.now}
            change = update(certificate).where(certificate.c.id == row.id)
            transaction.connection.execute(change.values(**values, version=certificate.c.version + 1))

        await self.storage.write(write)
        log.info("self-signed certificate made for {hostname}", hostname=row.hostname)

    async def _add(self, hostname: str) -> None:
        key = await self.blocking.run(self.new_key)
        made = await self.blocking.run(self_signed, parse_hostnames(hostname), key, self.clock.now())
        reference = self.identifiers.uuid7()
        sealed = (await self.cipher()).encrypt(reference, made.private_key_pem)
        identity = {"hostname": hostname, "issuer": "self", "reference_id": reference}

        def write(transaction: ITransaction) -> bool:
            # Another process may have been faster.
            if row_for_name(transaction.connection, hostname) is not None:
                return False
            times = {"created_at": transaction.now, "generated_at": transaction.now}
            _insert(transaction.connection, {**identity, **_columns(made, sealed), **times})
            return True

        if await self.storage.write(write):
            log.info("certificate and key made for {hostname}", hostname=hostname)

    async def _needs_renewal(self, row: CertificateRow) -> bool:
        if not row.is_complete or await self.private_key(row) is None:
            return True
        if row.expires_at is not None and row.expires_at > self.clock.now() + RENEW_BEFORE:
            return False
        return is_self_signed(row.certificate_pem)


def is_self_signed(certificate_pem: str) -> bool:
    """True if subject and issuer are the same, or it cannot be read: such a certificate may be replaced by ours."""
    try:
        parsed = x509.load_pem_x509_certificate(certificate_pem.encode())
    except ValueError:
        return True
    return parsed.issuer == parsed.subject


def _rsa(private_key_pem: bytes | None) -> RSAPrivateKey | None:
    """The key if it is RSA. Blocking: loading one checks its primes."""
    if private_key_pem is None:
        return None
    key = load_pem_private_key(private_key_pem, password=None)
    return key if isinstance(key, RSAPrivateKey) else None


def _columns(made: KeyMaterial, sealed: str) -> dict[str, object]:
    return {
        "certificate_pem": made.certificate_pem,
        "root_certificate": made.chain_pem,
        "private_key_pem": sealed,
        "public_key_pem": made.public_key_pem,
        "expires_at": made.expires_at,
    }


def _insert(connection: Connection, values: dict[str, object]) -> None:
    connection.execute(insert(certificate), values)
