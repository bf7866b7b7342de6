"""The ``dkim_key`` rows, and the statements that change them."""

import re
from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from attrs import field, frozen
from sqlalchemy import Connection, select

from daptinmail.db.schema import dkim_key
from daptinmail.interfaces.dkim_keys import RETIRED, RSA, DkimKey
from daptinmail.interfaces.storage import ITransaction
from daptinmail.mail.dkim_record import record_name

_NUMBERED = re.compile(r"(.*?)(\d*)")


@frozen
class KeyRow:
    """One row. ``sealed_key`` is encrypted, and empty where the key is kept elsewhere or no more."""

    id: int
    reference: UUID
    domain: str
    selector: str
    algorithm: str
    state: str
    since: datetime
    public_key: str
    sealed_key: str = field(repr=False)

    @property
    def text(self) -> str:
        """The record's text (RFC 6376 §3.6.1, RFC 8463 §4)."""
        kind = "rsa" if self.algorithm == RSA else "ed25519"
        return f"v=DKIM1; k={kind}; p={self.public_key}"

    @property
    def key(self) -> DkimKey:
        """As others see it."""
        record = record_name(self.selector, self.domain), self.text
        return DkimKey(self.selector, self.algorithm, self.state, self.since, record)


def rows_of(connection: Connection, domain: str | None = None) -> list[KeyRow]:
    """The rows of a domain, or of all; retired ones too, so that no selector comes twice."""
    query = select(dkim_key).order_by(dkim_key.c.id)
    if domain is not None:
        query = query.where(dkim_key.c.domain == domain)
    return [_row(found) for found in connection.execute(query)]


def insert(transaction: ITransaction, values: dict[str, Any]) -> None:
    """One more."""
    transaction.connection.execute(dkim_key.insert(), {"created_at": transaction.now, **values})


def move(transaction: ITransaction, row: KeyRow, state: str) -> None:
    """Into the next state; a retired key is forgotten."""
    values: dict[str, Any] = {"state": state, "since": transaction.now}
    if state == RETIRED:
        values["private_key_pem"] = ""
    transaction.connection.execute(dkim_key.update().where(dkim_key.c.id == row.id).values(**values))


def next_selector(used: Sequence[str], first: str) -> str:
    """``first``, or what follows it in number: d1, d2, d3."""
    matched = _NUMBERED.fullmatch(first)
    stem, number = (matched[1], int(matched[2] or 1)) if matched else (first, 1)
    selector = first
    while selector in used:
        number += 1
        selector = f"{stem}{number}"
    return selector


def _row(found: Any) -> KeyRow:
    return KeyRow(
        id=found.id,
        reference=found.reference_id,
        domain=found.domain,
        selector=found.selector,
        algorithm=found.algorithm,
        state=found.state,
        since=found.since,
        public_key=found.public_key,
        sealed_key=found.private_key_pem,
    )
