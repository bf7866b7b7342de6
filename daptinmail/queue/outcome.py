"""Writing down what became of one attempt, and telling the sender when that was the last one."""

from collections.abc import Mapping
from random import Random

from attrs import frozen

from daptinmail.interfaces.events import IEventLog
from daptinmail.interfaces.messages import Delivery
from daptinmail.interfaces.storage import ITransaction
from daptinmail.interfaces.transfer import IReturns, ReturnedMessage
from daptinmail.mail.address import Address
from daptinmail.mail.receipt import Outcome, Receipt
from daptinmail.mail.reply import Reply
from daptinmail.queue import ledger
from daptinmail.queue.content import ContentFiles
from daptinmail.queue.ledger import Claim, ClaimedRow
from daptinmail.queue.schedule import Schedule

NO_RECEIPT = Reply(451, "4.3.0", "Nothing is known of this attempt")


@frozen
class Settlement:
    """The receipts of one claim, ready to be recorded in one transaction."""

    claim: Claim
    receipts: Mapping[Address, Receipt]
    holder: str
    schedule: Schedule
    files: ContentFiles
    returns: IReturns
    events: IEventLog
    random: Random
    reporting_host: str
    destination: Delivery | Address | None

    def record(self, transaction: ITransaction) -> None:
        """Rows, events, and a notification for recipients that were given up."""
        ours = ledger.still_ours(transaction, self.holder, self.claim.ids)
        settled = [(row, self._settle(transaction, row)) for row in self.claim.rows if row.id in ours]
        given_up = [receipt for _, receipt in settled if receipt.outcome is Outcome.REFUSED]
        if given_up and self.destination is not None:
            self.returns.return_in(transaction, self._returned(given_up))
        self.files.drop_in(transaction, self.claim.trail)

    def _settle(self, transaction: ITransaction, row: ClaimedRow) -> Receipt:
        """One row. A deferral that was the last try answers as refused."""
        receipt = self.receipts.get(row.recipient) or Receipt(row.recipient, Outcome.DEFERRED, NO_RECEIPT)
        failures = row.retry_count + (receipt.outcome is not Outcome.DELIVERED)
        age = transaction.now - self.claim.arrived
        wait = self.schedule.after(failures, age, self.random) if receipt.outcome is Outcome.DEFERRED else None
        if receipt.outcome is Outcome.DEFERRED and wait is None:
            receipt = Receipt(receipt.recipient, Outcome.REFUSED, receipt.reply, receipt.remote, receipt.tls)
        values: dict[str, object] = {"retry_count": failures, "remote": receipt.remote, "next_retry_at": None}
        if receipt.outcome is Outcome.DELIVERED:
            values |= {"state": "sent", "sent": True, "sent_at": transaction.now, "last_error": None}
        elif wait is None:
            values |= {"state": "failed", "last_error": str(receipt.reply)}
        else:
            values |= {"next_retry_at": transaction.now + wait, "last_error": str(receipt.reply)}
        ledger.settle(transaction, row.id, values)
        self._tell(transaction, row, receipt)
        return receipt

    def _tell(self, transaction: ITransaction, row: ClaimedRow, receipt: Receipt) -> None:
        kinds = {Outcome.DELIVERED: "sent", Outcome.DEFERRED: "deferred", Outcome.REFUSED: "failed"}
        data = {
            "recipient": str(receipt.recipient),
            "reply": str(receipt.reply),
            "remote": receipt.remote,
            "tls": receipt.tls,
        }
        subject = f"outbox/{row.reference}"
        self.events.record_in(transaction, f"queue.{kinds[receipt.outcome]}", self.claim.trail, subject, data)

    def _returned(self, given_up: list[Receipt]) -> ReturnedMessage:
        return ReturnedMessage(
            trail=self.claim.trail,
            return_path=self.claim.return_path,
            receipts=given_up,
            path=self.files.path(self.claim.trail),
            arrived=self.claim.arrived,
            reporting_host=self.reporting_host,
            server_id=self.claim.server_id,
            destination=self.destination,
        )
