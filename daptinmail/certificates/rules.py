"""What ``certificate`` rows do beyond holding columns."""

from collections.abc import Mapping
from typing import Any

from attrs import define
from cryptography import x509
from twisted.logger import Logger
from zope.interface import implementer

from daptinmail.certificates.generate import parse_hostnames
from daptinmail.certificates.keyring import MAX_HOSTNAME_COLUMN, Keyring
from daptinmail.certificates.pem import read_import
from daptinmail.certificates.secrets import RowCipher
from daptinmail.db.rules import Plain
from daptinmail.errors import DaptinmailError, Invalid, StoreDamaged
from daptinmail.interfaces.directory import Viewer
from daptinmail.interfaces.records import IRecordRules, Row
from daptinmail.interfaces.storage import ITransaction
from daptinmail.interfaces.tls import ITlsContexts

log = Logger()

_PEMS = ("certificate_pem", "private_key_pem", "root_certificate")
_DERIVED = ("public_key_pem", "expires_at", "generated_at")


@implementer(IRecordRules)
@define(eq=False)
class CertificateRules(Plain):
    """Checks what is imported, seals the private key, and has listeners serve the change."""

    keyring: Keyring
    contexts: ITlsContexts

    async def prepare(self, attributes: Mapping[str, Any], row: Row | None, viewer: Viewer) -> dict[str, Any]:
        """Check host names; check key, certificate and chain together, with what the row holds already.

        A private key leaves here in clear and is sealed in the transaction, which knows the row's reference.
        """
        wanted = {name: value for name, value in attributes.items() if name not in _DERIVED}
        if "hostname" in wanted:
            wanted["hostname"] = check_hostnames(wanted["hostname"])
        given = {name: str(wanted.pop(name) or "").strip() for name in _PEMS if name in wanted}
        changed = {name: text for name, text in given.items() if text and text != _text(row, name).strip()}
        if not changed:
            return wanted
        cipher = await self.keyring.cipher()
        chain = changed.get("root_certificate") or ("" if "certificate_pem" in changed else _text(row, _PEMS[2]))
        certificate_pem = changed.get("certificate_pem") or _text(row, "certificate_pem")
        key = changed.get("private_key_pem") or _opened(cipher, row)
        _must_be_whole(certificate_pem, key)
        made = await self.keyring.blocking.run(read_import, certificate_pem, chain, key, self.keyring.clock.now())
        return {
            **wanted,
            "certificate_pem": made.certificate_pem,
            "root_certificate": made.chain_pem,
            "private_key_pem": made.private_key_pem.decode("ascii"),
            "public_key_pem": made.public_key_pem,
        }

    def creating(self, transaction: ITransaction, row: Row) -> None:
        """Seal the private key."""
        self._complete(transaction, row, row)

    def patching(self, transaction: ITransaction, before: Row, changes: Row) -> None:
        """Seal the private key."""
        self._complete(transaction, before, changes)

    async def committed(self, change: str, row: Row) -> None:
        """The next handshake sees it."""
        self.keyring.forget()
        try:
            await self.contexts.reload()
        except DaptinmailError as error:
            log.error("certificates could not be loaded again: {error}", error=error)

    async def shown(self, row: Row, hydrate: bool) -> dict[str, Any]:
        """The private key never leaves the server."""
        return {"private_key_pem": None}

    def _complete(self, transaction: ITransaction, identity: Row, changes: Row) -> None:
        if not changes.get("certificate_pem"):
            return
        cipher = self.keyring.opened_cipher
        key = changes["private_key_pem"].encode("ascii")
        changes["private_key_pem"] = cipher.encrypt(identity["reference_id"], key)
        leaf = x509.load_pem_x509_certificate(changes["certificate_pem"].encode("ascii"))
        changes["expires_at"] = leaf.not_valid_after_utc
        changes["generated_at"] = transaction.now


def check_hostnames(value: Any) -> str:
    """The host names as they are stored: lower case, one comma between.

    Raises:
        Invalid: names ``hostname``.
    """
    try:
        text = ",".join(parse_hostnames(str(value or "")))
    except ValueError as error:
        raise Invalid(fields={"hostname": str(error)}) from None
    if len(text) > MAX_HOSTNAME_COLUMN:
        raise Invalid(fields={"hostname": f"is longer than {MAX_HOSTNAME_COLUMN} characters"})
    return text


def _must_be_whole(certificate_pem: str, key: str) -> None:
    if not certificate_pem:
        raise Invalid(fields={"certificate_pem": "is needed with the private key"})
    if not key:
        raise Invalid(fields={"private_key_pem": "is needed with the certificate"})


def _text(row: Row | None, name: str) -> str:
    return (row or {}).get(name) or ""


def _opened(cipher: RowCipher, row: Row | None) -> str:
    """The private key that the row holds already, for a certificate renewed over the same key."""
    sealed = _text(row, "private_key_pem")
    if row is None or not sealed:
        return ""
    try:
        return cipher.decrypt(row["reference_id"], sealed).decode("ascii")
    except StoreDamaged as error:
        log.error("{cause}", cause=error.cause)
        return ""
