"""Addresses that do not exist: remembered when their hosts say so, refused at submission, listed by the API."""

from collections.abc import Callable, Mapping
from typing import Any
from uuid import UUID

from attrs import define
from sqlalchemy import select
from sqlalchemy.dialects import postgresql, sqlite
from zope.interface import implementer

from daptinmail.db.rules import Plain
from daptinmail.db.schema import suppression
from daptinmail.errors import Invalid
from daptinmail.interfaces.directory import Viewer
from daptinmail.interfaces.events import IEventLog
from daptinmail.interfaces.outgoing import ISuppressions
from daptinmail.interfaces.records import IRecordRules, Row
from daptinmail.interfaces.runtime import IIdentifiers
from daptinmail.interfaces.storage import IStorage, ITransaction
from daptinmail.mail.address import Address, BadAddress
from daptinmail.mail.receipt import Outcome, Receipt
from daptinmail.settings import Live

FINAL = frozenset({"5.1.1", "5.1.3", "5.1.6"})
"""No such mailbox, an address that cannot be, moved away (RFC 3463 §3.2). What is refused by policy or for its content
says nothing about the address, and a domain may come back."""

MAX_REASON = 500


def key(address: Address) -> str:
    """The form in which addresses are compared.

    Raises:
        BadAddress: the domain is no domain.
    """
    return str(Address(address.local.lower(), address.ascii_domain.lower()))


def is_final(receipt: Receipt) -> bool:
    """Did the recipient's own host say that there is no such address?"""
    return receipt.outcome is Outcome.REFUSED and receipt.remote is not None and receipt.reply.status in FINAL


def add(transaction: ITransaction, receipt: Receipt, trail: UUID, identifiers: IIdentifiers, events: IEventLog) -> None:
    """Remember an address; the first reason stays."""
    dialect = postgresql if transaction.connection.dialect.name == "postgresql" else sqlite
    values = {
        "created_at": transaction.now,
        "reference_id": identifiers.uuid7(),
        "address": key(receipt.recipient),
        "reason": str(receipt.reply)[:MAX_REASON],
        "remote": receipt.remote,
        "trail": trail,
    }
    made = dialect.insert(suppression).values(values).on_conflict_do_nothing(index_elements=["address"])
    if transaction.connection.execute(made.returning(suppression.c.id)).first() is not None:
        data = {"recipient": values["address"], "reply": values["reason"], "remote": receipt.remote}
        events.record_in(transaction, "suppression.added", trail, f"suppression/{values['reference_id']}", data)


@implementer(ISuppressions)
@define(eq=False)
class Suppressions:
    """Looks addresses up, unless ``mail.outbound.suppression`` is off."""

    storage: IStorage
    live: Callable[[], Live]

    async def reason(self, recipient: Address) -> str | None:
        """What the host said; ``None`` if the address is not on the list."""
        if not self.live().queue.suppression:
            return None
        query = select(suppression.c.reason, suppression.c.created_at).where(suppression.c.address == key(recipient))
        row = await self.storage.read(lambda connection: connection.execute(query).first())
        return None if row is None else f"since {row.created_at:%Y-%m-%d}: {row.reason}".removesuffix(": ")


@implementer(IRecordRules)
@define(eq=False)
class SuppressionRules(Plain):
    """Rows may be made by hand; an address is kept in the form in which it is compared."""

    async def prepare(self, attributes: Mapping[str, Any], row: Row | None, viewer: Viewer) -> dict[str, Any]:
        """Check the address."""
        found = dict(attributes)
        if "address" in found:
            try:
                found["address"] = key(Address.parse(str(found["address"])))
            except BadAddress as error:
                raise Invalid(fields={"address": str(error)}) from error
        return found
