"""What ``mail_alias`` rows may hold: an address, and those it stands for."""

from collections.abc import Mapping
from typing import Any

from attrs import define
from sqlalchemy import select
from zope.interface import implementer

from daptinmail.accounts.addresses import POSTMASTER, canonical
from daptinmail.accounts.rules import logged
from daptinmail.db.rules import Plain
from daptinmail.db.schema import mail_account
from daptinmail.errors import Conflict, Invalid
from daptinmail.interfaces.directory import Viewer
from daptinmail.interfaces.records import IRecordRules, Row
from daptinmail.interfaces.storage import ITransaction
from daptinmail.interfaces.tls import ISigningKeys
from daptinmail.mail.address import Address, BadAddress
from daptinmail.mail.hostname import parse_hostname

CATCH_ALL = ""
"""The local part of ``*@domain`` as stored."""

MAX_TARGETS = 100


@implementer(IRecordRules)
@define(eq=False)
class AliasRules(Plain):
    """Checks addresses. An alias and an account cannot have the same address."""

    signing_keys: ISigningKeys

    async def prepare(self, attributes: Mapping[str, Any], row: Row | None, viewer: Viewer) -> dict[str, Any]:
        """Work out the columns that mail is looked up by."""
        wanted = dict(attributes)
        if row is None or "address" in wanted:
            address = check_alias(wanted.get("address"))
            wanted["address"] = _shown(address)
            wanted["address_local"], wanted["address_domain"] = address.local, address.domain
        if row is None or "targets" in wanted:
            wanted["targets"] = check_targets(wanted.get("targets"))
        return wanted

    def creating(self, transaction: ITransaction, row: Row) -> None:
        """The address must be free."""
        _require_free(transaction, row)

    async def committed(self, change: str, row: Row) -> None:
        """The domain needs a key: forwarded mail is sealed with it."""
        if change != "delete":
            await logged(self.signing_keys.ensure_domain(row["address_domain"]), "key", row["address_domain"])

    def patching(self, transaction: ITransaction, before: Row, changes: Row) -> None:
        """A new address must be free."""
        if "address_local" in changes:
            _require_free(transaction, changes)


def check_alias(text: Any) -> Address:
    """The canonical address; the local part is "" for ``*@domain``.

    Raises:
        Invalid: not an address.
    """
    try:
        address = Address.parse(str(text or "").strip())
        parse_hostname(address.domain)
    except ValueError as error:
        raise Invalid(fields={"address": f"must be local@domain or *@domain: {error}"}) from error
    found = canonical(address)
    return Address(CATCH_ALL, found.domain) if address.local == "*" else found


def check_targets(text: Any) -> str:
    """Addresses with commas between, each once.

    Raises:
        Invalid: none, too many, or one is no address.
    """
    try:
        targets = parse_targets(str(text or ""))
    except BadAddress as error:
        raise Invalid(fields={"targets": str(error)}) from error
    if not 1 <= len(targets) <= MAX_TARGETS:
        raise Invalid(fields={"targets": f"must be 1 to {MAX_TARGETS} addresses with commas between"})
    return ", ".join(str(target) for target in targets)


def parse_targets(text: str) -> list[Address]:
    """The addresses in a text, which commas, blanks or line ends separate.

    Raises:
        BadAddress: one is none, or is an address literal.
    """
    targets = [Address.parse(word) for word in text.replace(",", " ").split()]
    if any(target.domain.startswith("[") for target in targets):
        raise BadAddress("An address literal cannot be a target")
    return list(dict.fromkeys(targets))


def _shown(address: Address) -> str:
    return str(address) if address.local != CATCH_ALL else f"*@{address.domain}"


def _require_free(transaction: ITransaction, row: Row) -> None:
    if row["address_local"] == POSTMASTER:
        return  # whose mail goes to an account unless it is said otherwise
    columns = mail_account.c
    same = (columns.address_local == row["address_local"]) & (columns.address_domain == row["address_domain"])
    if transaction.connection.execute(select(columns.id).where(same).limit(1)).first() is not None:
        raise Conflict("An account has this address")
