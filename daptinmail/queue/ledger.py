"""The ``outbox`` rows: kept, claimed with a lease, settled. Every function runs in the storage thread."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from attrs import frozen
from sqlalchemy import ColumnElement, and_, bindparam, case, literal, select, update

from daptinmail.db.schema import mail_account, mail_server, outbox
from daptinmail.db.types import UnixTime
from daptinmail.interfaces.runtime import IIdentifiers
from daptinmail.interfaces.storage import ITransaction
from daptinmail.interfaces.transfer import OutboundMessage
from daptinmail.mail.address import Address, BadAddress
from daptinmail.mail.report import wants
from daptinmail.queue import turns

HELD = "held: outbound delivery is off (mail.outbound.hold)"
MAX_GROUP = 100  # recipients of one claim
SOME = 1000  # rows changed in one transaction where all may have to be

_READY = and_(turns.free(bindparam("host")), outbox.c.next_retry_at <= bindparam("now"))
_FIRST = select(outbox.c.trail).where(_READY).order_by(outbox.c.next_retry_at, outbox.c.id).limit(1).correlate(None)
_FIRST_DUE = (
    select(
        outbox.c.id,
        outbox.c.reference_id,
        outbox.c.trail,
        outbox.c.from_address,
        outbox.c.to_address,
        outbox.c.to_host,
        outbox.c.retry_count,
        outbox.c.size,
        outbox.c.eight_bit,
        outbox.c.smtputf8,
        outbox.c.mail_server_id,
        outbox.c.created_at,
        outbox.c.tried_since,
        outbox.c.notify,
        outbox.c.original_recipient,
        outbox.c.envelope_id,
        outbox.c.returned_part,
        mail_server.c.hostname,
    )
    .select_from(outbox.outerjoin(mail_server, mail_server.c.id == outbox.c.mail_server_id))
    .where(outbox.c.trail == _FIRST.scalar_subquery(), _READY)
    .order_by(outbox.c.id)
    .limit(MAX_GROUP)
    .with_for_update(skip_locked=True, of=outbox)
)
_LEASE = (
    update(outbox)
    .where(outbox.c.id == bindparam("row"))
    .values(lease_holder=bindparam("holder"), lease_until=bindparam("until"))
)


@frozen
class ClaimedRow:
    """One recipient that is ours to try. ``since``: when its lifetime began; ``notify`` and ``original``: as in DSN."""

    id: int
    reference: UUID
    recipient: Address
    retry_count: int
    since: datetime
    notify: str | None = None
    original: str | None = None


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
    envelope_id: str | None = None
    returned_part: str | None = None

    @property
    def ids(self) -> list[int]:
        """Of the rows."""
        return [row.id for row in self.rows]


def insert(
    transaction: ITransaction, message: OutboundMessage, held: bool, notice: timedelta, identifiers: IIdentifiers
) -> None:
    """One row a recipient, owned by the owner of the sending account.

    After ``notice`` the sender is told that it waits, where senders want that.
    """
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
            "is_paused": False,
            "trail": message.trail,
            "size": message.content.size,
            "eight_bit": message.eight_bit,
            "smtputf8": message.smtputf8,
            "tried_since": transaction.now,
            "report_at": _report_at(transaction, message, recipient, notice),
            **_asked(message, recipient),
        }
        for recipient in dict.fromkeys(message.recipients)
    ]
    transaction.connection.execute(outbox.insert(), rows)
    if not held:
        turns.expect(transaction, (recipient.ascii_domain.lower() for recipient in message.recipients), transaction.now)


def hold_all(transaction: ITransaction) -> bool:
    """Nothing is due any more; rows under way keep their state until they are settled. True if there are more."""
    some = select(outbox.c.id).where(outbox.c.state == "queued", outbox.c.lease_until.is_(None)).limit(SOME)
    change = update(outbox).where(outbox.c.id.in_(some)).values(state="held", last_error=HELD)
    return transaction.connection.execute(change).rowcount == SOME


def release_all(transaction: ITransaction, notice: timedelta) -> bool:
    """What was held because delivery was off is due again, as its retry time says. True if there are more."""
    some = select(outbox.c.id).where(outbox.c.state == "held", outbox.c.is_paused.is_(False)).limit(SOME)
    return len(free_again(transaction, outbox.c.id.in_(some), notice)) == SOME


def free_again(
    transaction: ITransaction, which: ColumnElement[bool], notice: timedelta, at: datetime | None = None
) -> list[str]:
    """Held rows are queued; the time that they were held does not count. Answers their destinations, one a row."""
    later = literal(transaction.now + notice, UnixTime)
    values: dict[str, object] = {
        "state": "queued",
        "is_paused": False,
        "last_error": None,
        "tried_since": transaction.now,
        "report_at": case((outbox.c.report_at.is_not(None), later)) if notice else None,
    }
    if at is not None:
        values["next_retry_at"] = at
    change = update(outbox).where(which).values(**values).returning(outbox.c.to_host)
    hosts = list(transaction.connection.execute(change).scalars())
    turns.expect(transaction, hosts, transaction.now)
    return hosts


def claim(
    transaction: ITransaction, holder: str, until: datetime, slots: int, busy: Mapping[str, int], per_domain: int
) -> list[Claim]:
    """Take due rows: at most ``slots`` groups, and ``per_domain`` at a time for one domain, which take turns."""
    claims: list[Claim] = []
    hosts = turns.due(transaction, slots, busy, per_domain) if slots > 0 else []
    for turn in range(per_domain):
        for host, room in hosts:
            if turn < room and len(claims) < slots:
                made = _claim_one(transaction, host, holder, until)
                claims += [made] if made else []
    for host, _ in hosts:
        turns.taken(transaction, host, until)
    return claims


def renew(transaction: ITransaction, holder: str, ids: Collection[int], until: datetime) -> None:
    """Move the end of a lease that is still held by ``holder``."""
    change = update(outbox).where(outbox.c.id.in_(ids), outbox.c.lease_holder == holder)
    transaction.connection.execute(change.values(lease_until=until))


def release(transaction: ITransaction, holder: str, ids: Sequence[int] | None = None) -> None:
    """Give back leases, all of ``holder`` or those among ``ids``."""
    which = outbox.c.lease_holder == holder
    _give_back(
        transaction,
        and_(outbox.c.lease_until.is_not(None), which) if ids is None else and_(which, outbox.c.id.in_(ids)),
    )


def release_expired(transaction: ITransaction) -> None:
    """Take back the leases of those who died."""
    _give_back(transaction, outbox.c.lease_until <= transaction.now)


def still_ours(transaction: ITransaction, holder: str, ids: Sequence[int]) -> set[int]:
    """Rows that nobody deleted, stopped or took over while they were tried."""
    query = select(outbox.c.id).where(
        outbox.c.id.in_(ids), outbox.c.lease_holder == holder, outbox.c.state.in_(("queued", "held"))
    )
    return set(transaction.connection.execute(query).scalars())


def settle(transaction: ITransaction, row_id: int, values: Mapping[str, object]) -> None:
    """Write an outcome and end the lease."""
    alter(transaction, row_id, {**values, "lease_holder": None, "lease_until": None})


def alter(transaction: ITransaction, row_id: int, values: Mapping[str, object]) -> None:
    """Change a row so that whoever read it before notices."""
    change = update(outbox).where(outbox.c.id == row_id)
    transaction.connection.execute(change.values(**values, updated_at=transaction.now, version=outbox.c.version + 1))


def _report_at(
    transaction: ITransaction, message: OutboundMessage, recipient: Address, notice: timedelta
) -> datetime | None:
    if message.return_path is None or not notice or not wants(message.notify.get(recipient), "DELAY"):
        return None
    return transaction.now + notice


def _asked(message: OutboundMessage, recipient: Address) -> dict[str, object]:
    """What the sender asked for by DSN."""
    return {
        "notify": message.notify.get(recipient),
        "original_recipient": message.originals.get(recipient),
        "envelope_id": message.envelope_id,
        "returned_part": message.returned_part,
    }


def _give_back(transaction: ITransaction, which: ColumnElement[bool]) -> None:
    values = {"lease_holder": None, "lease_until": None}
    change = update(outbox).where(which).values(**values).returning(outbox.c.to_host)
    turns.expect(transaction, transaction.connection.execute(change).scalars(), transaction.now)


def _claim_one(transaction: ITransaction, host: str, holder: str, until: datetime) -> Claim | None:
    """The first message that is due at a destination, with all its recipients there that are."""
    connection = transaction.connection
    rows = connection.execute(_FIRST_DUE, {"host": host, "now": transaction.now}).all()
    if not rows:
        return None
    lease = {"holder": holder, "until": until}
    connection.execute(_LEASE, [{"row": row.id, **lease} for row in rows])
    return _claim(transaction, rows)


def _claim(transaction: ITransaction, rows: Sequence[Any]) -> Claim | None:
    """One group as values. Rows that cannot be read are given up: they must not stop the queue."""
    first = rows[0]
    try:
        return_path = Address.parse(first.from_address) if first.from_address else None
        claimed = tuple(_claimed(row) for row in rows)
    except BadAddress as error:
        values = {"state": "failed", "next_retry_at": None, "report_at": None, "last_error": str(error)}
        for row in rows:
            settle(transaction, row.id, values)
        return None
    return Claim(
        trail=first.trail,
        domain=first.to_host,
        return_path=return_path,
        rows=claimed,
        size=first.size,
        eight_bit=first.eight_bit,
        smtputf8=first.smtputf8,
        server_id=first.mail_server_id,
        helo=first.hostname,
        arrived=first.created_at,
        envelope_id=first.envelope_id,
        returned_part=first.returned_part,
    )


def _claimed(row: Any) -> ClaimedRow:
    return ClaimedRow(
        id=row.id,
        reference=row.reference_id,
        recipient=Address.parse(row.to_address),
        retry_count=row.retry_count,
        since=row.tried_since or row.created_at,
        notify=row.notify,
        original=row.original_recipient,
    )
