"""Writing down what became of one attempt, and telling the sender when that was the last one."""

from collections.abc import Mapping
from datetime import datetime
from random import Random

from attrs import frozen

from daptinmail.interfaces.events import IEventLog
from daptinmail.interfaces.messages import Delivery
from daptinmail.interfaces.runtime import IIdentifiers
from daptinmail.interfaces.storage import ITransaction
from daptinmail.mail.address import Address
from daptinmail.mail.receipt import Outcome, Receipt
from daptinmail.mail.reply import Reply
from daptinmail.mail.report import Action, wants
from daptinmail.queue import ledger, suppression, turns
from daptinmail.queue.ledger import Claim, ClaimedRow
from daptinmail.queue.reports import PATIENCE, Reports
from daptinmail.queue.schedule import Schedule

NO_RECEIPT = Reply(451, "4.3.0", "Nothing is known of this attempt")


@frozen
class Settlement:
    """The receipts of one claim, ready to be recorded in one transaction.

    Without ``may_return`` nobody is told. ``suppresses``: addresses that do not exist are remembered.
    """

    claim: Claim
    receipts: Mapping[Address, Receipt]
    holder: str
    schedule: Schedule
    reports: Reports
    events: IEventLog
    identifiers: IIdentifiers
    random: Random
    destination: Delivery | Address | None
    may_return: bool = True
    suppresses: bool = True

    def record(self, transaction: ITransaction) -> None:
        """Rows, events, the destination, and a notification for recipients that were given up."""
        ours = ledger.still_ours(transaction, self.holder, self.claim.ids)
        settled = [self._settle(transaction, row) for row in self.claim.rows if row.id in ours]
        if settled and all(_not_reached(receipt) for receipt in settled):
            turns.missed(transaction, self.claim.domain)
        elif settled:
            turns.reached(transaction, self.claim.domain)
        if self.may_return:
            self.reports.tell_unless_busy(transaction, self.claim.trail, self.destination)
        self.reports.files.drop_in(transaction, self.claim.trail)

    def _settle(self, transaction: ITransaction, row: ClaimedRow) -> Receipt:
        """One row. A deferral that was the last try answers as refused."""
        receipt = self.receipts.get(row.recipient) or Receipt(row.recipient, Outcome.DEFERRED, NO_RECEIPT)
        failures = row.retry_count + (receipt.outcome is not Outcome.DELIVERED)
        values: dict[str, object] = {
            "retry_count": failures,
            "remote": receipt.remote,
            "tried_at": transaction.now,
            "next_retry_at": None,
        }
        retry_at = None
        if receipt.outcome is Outcome.DEFERRED:
            wait = self.schedule.after(failures, transaction.now - row.since, self.random)
            retry_at = None if wait is None else transaction.now + wait
        if receipt.outcome is Outcome.DELIVERED:
            values |= {"state": "sent", "sent": True, "sent_at": transaction.now, "last_error": None}
            values["report_at"] = None if receipt.reports else self._told_at(transaction, row, Action.RELAYED)
        elif retry_at is not None:
            values |= {"next_retry_at": retry_at, "last_error": str(receipt.reply)}
        else:
            values |= {"state": "failed", "last_error": str(receipt.reply)}
            values["report_at"] = self._told_at(transaction, row, Action.FAILED)
        ledger.settle(transaction, row.id, values)
        if retry_at is not None:
            turns.expect(transaction, [self.claim.domain], retry_at)
        if self.suppresses and suppression.is_final(receipt):
            suppression.add(transaction, receipt, self.claim.trail, self.identifiers, self.events)
        self._tell(transaction, row, receipt, retry_at)
        return receipt

    def _told_at(self, transaction: ITransaction, row: ClaimedRow, action: Action) -> datetime | None:
        """When the sender is told at the latest, if it wants to be."""
        if self.claim.return_path is None or not self.may_return or not wants(row.notify, action.asked_as):
            return None
        return transaction.now + PATIENCE

    def _tell(self, transaction: ITransaction, row: ClaimedRow, receipt: Receipt, retry_at: datetime | None) -> None:
        kind = "sent" if receipt.outcome is Outcome.DELIVERED else "failed" if retry_at is None else "deferred"
        data = {
            "recipient": str(receipt.recipient),
            "reply": str(receipt.reply),
            "remote": receipt.remote,
            "tls": receipt.tls,
            "retry_at": retry_at,
        }
        self.events.record_in(transaction, f"queue.{kind}", self.claim.trail, f"outbox/{row.reference}", data)


def _not_reached(receipt: Receipt) -> bool:
    """No connection, no DNS, no answer (RFC 3463 §3.5): the destination's fault, not the message's."""
    return receipt.outcome is Outcome.DEFERRED and (receipt.reply.status or "").startswith("4.4.")
