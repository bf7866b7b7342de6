"""``ICertificates`` for the API's actions, ``ISigningKeys`` for DKIM."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from attrs import define
from sqlalchemy import Connection, select
from zope.interface import implementer

from daptinmail.certificates.keyring import Keyring
from daptinmail.certificates.rows import CertificateRow, row_by_reference, row_for_name
from daptinmail.db.schema import certificate
from daptinmail.errors import Conflict, NotFound
from daptinmail.interfaces.tls import ICertificates, ISigningKeys, ITlsContexts, SigningKey
from daptinmail.mail.dkim_record import is_rsa_public_key, parse_selector, record_name, record_text


@implementer(ICertificates, ISigningKeys)
@define(eq=False)
class Certificates:
    """The rows of the keyring; what it changes is served at once by ``contexts``."""

    keyring: Keyring
    contexts: ITlsContexts

    async def generate_self_signed(self, reference: UUID) -> str:
        """A new certificate over the row's RSA key; a key is made only if there is none."""
        row = await self._row(reference)
        if not row.hostnames:
            raise Conflict("The certificate has no valid host name")
        await self.keyring.renew(row)
        await self.contexts.reload()
        return row.hostname

    async def certificate_pem(self, reference: UUID) -> tuple[str, str]:
        """Leaf plus chain."""
        row = await self._row(reference)
        if not row.certificate_pem:
            raise Conflict("The certificate has not been generated or imported yet")
        return row.hostname, row.certificate_pem + row.chain_pem

    async def public_key_pem(self, reference: UUID) -> tuple[str, str]:
        """The public key."""
        row = await self._row(reference)
        return row.hostname, _public_key(row)

    async def dkim_record(self, reference: UUID) -> tuple[str, str]:
        """The record under the selector of the configuration; for the first host name of the row."""
        row = await self._row(reference)
        public = _public_key(row)
        if not is_rsa_public_key(public):
            raise Conflict("DKIM needs an RSA key")
        domain = row.hostnames[0].removeprefix("*.") if row.hostnames else row.hostname
        return record_name(await self.selector(), domain), record_text(public)

    async def signing_key(self, domain: str) -> SigningKey | None:
        """The RSA key of the row for exactly this domain."""
        name = domain.lower()
        row = await self.keyring.storage.read(lambda connection: row_for_name(connection, name))
        if row is None or not is_rsa_public_key(row.public_key_pem):
            return None
        key = await self.keyring.private_key(row)
        return SigningKey(name, await self.selector(), key) if key is not None else None

    async def signing_keys(self, domain: str) -> Sequence[SigningKey]:
        """That key, if there is one."""
        key = await self.signing_key(domain)
        return [key] if key is not None else []

    async def public_record(self, domain: str) -> tuple[str, str] | None:
        """The DKIM record of the row for exactly this domain."""
        name = domain.lower()
        row = await self.keyring.storage.read(lambda connection: row_for_name(connection, name))
        if row is None or not is_rsa_public_key(row.public_key_pem):
            return None
        return record_name(await self.selector(), name), record_text(row.public_key_pem)

    async def made_at(self, domain: str) -> datetime | None:
        """When the row for exactly this domain was made."""
        name = domain.lower()

        def work(connection: Connection) -> datetime | None:
            row = row_for_name(connection, name)
            made: datetime | None = None
            if row is not None:
                made = connection.scalar(select(certificate.c.created_at).where(certificate.c.id == row.id))
            return made

        return await self.keyring.storage.read(work)

    async def ensure_domain(self, domain: str) -> None:
        """Make the row, with key and self-signed certificate."""
        await self.contexts.ensure(domain.lower())

    async def selector(self) -> str:
        """The configured one, of first keys."""
        return parse_selector(await self.keyring.configuration.get("mail.dkim_selector"))

    async def _row(self, reference: UUID) -> CertificateRow:
        row = await self.keyring.storage.read(lambda connection: row_by_reference(connection, reference))
        if row is None:
            raise NotFound("No such certificate")
        return row


def _public_key(row: CertificateRow) -> str:
    if not row.public_key_pem:
        raise Conflict("The certificate has no key yet")
    return row.public_key_pem
