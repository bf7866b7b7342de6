"""What senders are told of the rows of a message: one notification for all that there is to tell."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from attrs import frozen
from sqlalchemy import Connection, and_, exists, or_, select, update
from sqlalchemy.engine import Row

from daptinmail.db.schema import mail_server, outbox
from daptinmail.interfaces.messages import Delivery
from daptinmail.interfaces.storage import Content, ITransaction
from daptinmail.interfaces.transfer import IReturns, ReturnedMessage
from daptinmail.mail.address import Address, BadAddress
from daptinmail.mail.reply import Reply
from daptinmail.mail.report import Action, RecipientReport, wants
from daptinmail.queue.content import ContentFiles

PATIENCE = timedelta(minutes=5)
"""How long a report waits for other recipients of the same message that are tried now."""

ACTIONS = {"failed": Action.FAILED, "queued": Action.DELAYED, "sent": Action.RELAYED}


@frozen
class Owed:
    """A message whose sender is to be told something."""

    trail: UUID
    return_path: Address | None


@frozen
class Reports:
    """Composes reports from rows; each row is told of once."""

    files: ContentFiles
    returns: IReturns
    hostname: str
    lifetime: timedelta | None

    def tell(self, transaction: ITransaction, trail: UUID, destination: Delivery | Address | None) -> None:
        """Tell of every row of a message that is due to be told of; nobody if there is no destination."""
        final = outbox.c.state.in_(("sent", "failed"))
        overdue = and_(outbox.c.state == "queued", outbox.c.report_at <= transaction.now)
        query = (
            select(outbox, mail_server.c.hostname)
            .select_from(outbox.outerjoin(mail_server, mail_server.c.id == outbox.c.mail_server_id))
            .where(outbox.c.trail == trail, outbox.c.report_at.is_not(None), or_(final, overdue))
            .order_by(outbox.c.id)
            .with_for_update(of=outbox)
        )
        rows = transaction.connection.execute(query).all()
        if not rows:
            return
        message = self._message(rows, destination)
        if message is not None:
            self.returns.return_in(transaction, message)
        self.forget(transaction, [row.id for row in rows])
        self.files.drop_in(transaction, trail)

    def tell_unless_busy(self, transaction: ITransaction, trail: UUID, destination: Delivery | Address | None) -> None:
        """The same, unless other recipients of the message are tried now: the last of them tells."""
        under_way = or_(outbox.c.lease_until.is_not(None), outbox.c.next_retry_at <= transaction.now)
        busy = exists().where(outbox.c.trail == trail, outbox.c.state == "queued", under_way)
        if not transaction.connection.execute(select(busy)).scalar():
            self.tell(transaction, trail, destination)

    def forget(self, transaction: ITransaction, ids: Sequence[int]) -> None:
        """There is nothing more to tell of these rows."""
        transaction.connection.execute(update(outbox).where(outbox.c.id.in_(ids)).values(report_at=None))

    def _message(
        self, rows: Sequence[Row[tuple[object, ...]]], destination: Delivery | Address | None
    ) -> ReturnedMessage | None:
        first = rows[0]
        return_path = parse(first.from_address)
        reports = [report for row in rows if (report := self._report(row))]
        if return_path is None or destination is None or not reports:
            return None
        return ReturnedMessage(
            trail=first.trail,
            return_path=return_path,
            reports=reports,
            original=Content(first.size, path=self.files.path(first.trail)),
            arrived=first.created_at,
            reporting_host=first.hostname or self.hostname,
            server_id=first.mail_server_id,
            destination=destination,
            envelope_id=first.envelope_id,
            returned_part=first.returned_part,
        )

    def _report(self, row: Row[tuple[object, ...]]) -> RecipientReport | None:
        recipient = parse(row.to_address)
        if recipient is None:
            return None
        action = ACTIONS[row.state]
        if not wants(row.notify, action.asked_as):  # changed by hand since it was decided what to tell
            return None
        until = self._until(row.tried_since or row.created_at) if action is Action.DELAYED else None
        return RecipientReport(
            recipient=recipient,
            action=action,
            reply=Reply.parse(row.last_error or ""),
            remote=row.remote,
            original=row.original_recipient,
            tried=row.tried_at,
            until=until,
        )

    def _until(self, since: datetime) -> datetime | None:
        return None if self.lifetime is None else since + self.lifetime


def owed(connection: Connection, now: datetime, limit: int) -> list[Owed]:
    """Messages whose senders are to be told something now, in the order of their times."""
    query = (
        select(outbox.c.trail, outbox.c.from_address)
        .where(outbox.c.report_at <= now, outbox.c.state.in_(tuple(ACTIONS)))
        .order_by(outbox.c.report_at)
        .limit(limit)
    )
    return [Owed(row.trail, parse(row.from_address)) for row in dict.fromkeys(connection.execute(query))]


def parse(text: str) -> Address | None:
    """The address that a row has; ``None`` for the null path and for what is none."""
    try:
        return Address.parse(text) if text else None
    except BadAddress:
        return None
