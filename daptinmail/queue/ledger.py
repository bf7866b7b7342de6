"""The ``outbox`` rows: kept, claimed with a lease, settled. Every function runs in the storage thread."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from uuid import UUID

from attrs import frozen
from sqlalchemy import Connection, and_, func, or_, select, update
from sqlalchemy.engine import Row

from daptinmail.db.schema import mail_account, mail_server, outbox
from daptinmail.interfaces.runtime import IIdentifiers
from daptinmail.interfaces.storage import ITransaction
from daptinmail.interfaces.transfer import OutboundMessage
from daptinmail.mail.address import Address, BadAddress

HELD = "held: outbound delivery is off (mail.outbound.hold)"
WINDOW = 500  # rows looked at in one claim
MAX_GROUP = 100  # recipients of one claim


@frozen
class ClaimedRow:
    """One recipient that is ours to try."""

    id: int
    reference: UUID
    recipient: Address
    retry_count: int


@frozen
class Claim:
    """The due recipients of one message at one domain; ``arrived`` is when the message was queued."""

    trail: UUID
    domain: str
    return_path: Address | None
    rows: tuple[ClaimedRow, ...]
    size: int
    eight_bit: bool
    smtputf8: bool
    server_id: int | None
    helo: str | None
    arrived: datetime

    @property
    def ids(self) -> list[int]:
        """Of the rows."""
        return [row.id for row in self.rows]


def insert(transaction: ITransaction, message: OutboundMessage, held: bool, identifiers: IIdentifiers) -> None:
    """One row a recipient, owned by the owner of the sending account."""
    owner = None
    if message.account_id is not None:
        account = select(mail_account.c.user_account_id).where(mail_account.c.id == message.account_id)
        owner = transaction.connection.execute(account).scalar()
    rows = [
        {
            "created_at": transaction.now,
            "reference_id": identifiers.uuid7(),
            "user_account_id": owner,
            "from_address": str(message.return_path or ""),
            "to_address": str(recipient),
            "to_host": recipient.ascii_domain.lower(),
            "sent": False,
            "retry_count": 0,
            "last_error": HELD if held else None,
            "next_retry_at": transaction.now,
            "mail_server_id": message.server_id,
            "mail_account_id": message.account_id,
            "state": "held" if held else "queued",
            "trail": message.trail,
            "size": message.content.size,
            "eight_bit": message.eight_bit,
            "smtputf8": message.smtputf8,
        }
        for recipient in dict.fromkeys(message.recipients)
    ]
    transaction.connection.execute(outbox.insert(), rows)


def hold(transaction: ITransaction) -> None:
    """Nothing is due any more; rows under way keep their state until they are settled."""
    values = update(outbox).values(state="held", last_error=HELD)
    free = or_(outbox.c.lease_until.is_(None), outbox.c.lease_until <= transaction.now)
    transaction.connection.execute(values.where(outbox.c.state == "queued", free))


def release_held(transaction: ITransaction) -> None:
    """Outbound delivery is on again: what was held is due as its retry time says."""
    values = update(outbox).values(state="queued", last_error=None)
    transaction.connection.execute(values.where(outbox.c.state == "held"))


def claim(
    transaction: ITransaction, holder: str, until: datetime, slots: int, busy: Mapping[str, int], per_domain: int
) -> list[Claim]:
    """Take due rows: at most ``slots`` groups, and ``per_domain`` at a time for one domain.

    Domains with no room are left out of the query, so that a slow one blocks no other.
    """
    full = [domain for domain, count in busy.items() if count >= per_domain]
    query = (
        select(outbox, mail_server.c.hostname)
        .select_from(outbox.outerjoin(mail_server, mail_server.c.id == outbox.c.mail_server_id))
        .where(
            outbox.c.state == "queued",
            outbox.c.sent.is_(False),
            or_(outbox.c.next_retry_at.is_(None), outbox.c.next_retry_at <= transaction.now),
            or_(outbox.c.lease_until.is_(None), outbox.c.lease_until <= transaction.now),
            outbox.c.to_host.not_in(full),
        )
        .order_by(outbox.c.next_retry_at, outbox.c.id)
        .limit(WINDOW)
        .with_for_update(skip_locked=True, of=outbox)
    )
    groups = _group(transaction.connection.execute(query), slots, busy, per_domain)
    claims = [made for rows in groups if (made := _claim(transaction, rows))]
    renew(transaction, holder, [one for each in claims for one in each.ids], until, taking=True)
    return claims


def renew(transaction: ITransaction, holder: str, ids: Sequence[int], until: datetime, taking: bool = False) -> None:
    """Set the end of a lease; only of those still held by ``holder`` unless ``taking``."""
    values = update(outbox).values(lease_holder=holder, lease_until=until).where(outbox.c.id.in_(ids))
    transaction.connection.execute(values if taking else values.where(outbox.c.lease_holder == holder))


def release(transaction: ITransaction, holder: str, ids: Sequence[int] | None = None) -> None:
    """Give back leases, all of ``holder`` or those among ``ids``."""
    values = update(outbox).values(lease_holder=None, lease_until=None).where(outbox.c.lease_holder == holder)
    transaction.connection.execute(values if ids is None else values.where(outbox.c.id.in_(ids)))


def still_ours(transaction: ITransaction, holder: str, ids: Sequence[int]) -> set[int]:
    """Rows that nobody deleted, stopped or took over while they were tried."""
    query = select(outbox.c.id).where(
        outbox.c.id.in_(ids), outbox.c.lease_holder == holder, outbox.c.state.in_(("queued", "held"))
    )
    return set(transaction.connection.execute(query).scalars())


def settle(transaction: ITransaction, row_id: int, values: Mapping[str, object]) -> None:
    """Write an outcome and end the lease."""
    change = update(outbox).where(outbox.c.id == row_id)
    transaction.connection.execute(
        change.values(
            **values,
            lease_holder=None,
            lease_until=None,
            updated_at=transaction.now,
            version=outbox.c.version + 1,
        )
    )


def next_due(connection: Connection) -> datetime | None:
    """When the next free row is due."""
    free = and_(outbox.c.state == "queued", outbox.c.lease_until.is_(None))
    return connection.execute(select(func.min(outbox.c.next_retry_at)).where(free)).scalar()


def _group(
    rows: Iterable[Row[tuple[object, ...]]], slots: int, busy: Mapping[str, int], per_domain: int
) -> list[list[Row[tuple[object, ...]]]]:
    groups: dict[tuple[UUID, str], list[Row[tuple[object, ...]]]] = {}
    counts = dict(busy)
    for row in rows:
        key = (row.trail, row.to_host)
        if key not in groups:
            if len(groups) >= slots or counts.get(row.to_host, 0) >= per_domain:
                continue
            counts[row.to_host] = counts.get(row.to_host, 0) + 1
        group = groups.setdefault(key, [])
        if len(group) < MAX_GROUP:
            group.append(row)
    return list(groups.values())


def _claim(transaction: ITransaction, rows: Sequence[Row[tuple[object, ...]]]) -> Claim | None:
    """One group as values. Rows that cannot be read are given up: they must not stop the queue."""
    first = rows[0]
    try:
        return_path = Address.parse(first.from_address) if first.from_address else None
        claimed = [ClaimedRow(row.id, row.reference_id, Address.parse(row.to_address), row.retry_count) for row in rows]
    except BadAddress as error:
        for row in rows:
            settle(transaction, row.id, {"state": "failed", "next_retry_at": None, "last_error": str(error)})
        return None
    return Claim(
        trail=first.trail,
        domain=first.to_host,
        return_path=return_path,
        rows=tuple(claimed),
        size=first.size,
        eight_bit=first.eight_bit,
        smtputf8=first.smtputf8,
        server_id=first.mail_server_id,
        helo=first.hostname,
        arrived=first.created_at,
    )
