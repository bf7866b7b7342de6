"""``ITransfer`` in memory: replies by recipient or domain, or an answer that the test gives later."""

from collections.abc import Sequence

from attrs import define, field
from twisted.internet.defer import Deferred
from zope.interface import implementer

from daptinmail.interfaces.transfer import ITransfer, TransferRequest
from daptinmail.mail.receipt import Outcome, Receipt
from daptinmail.mail.reply import Reply

TAKEN = Reply(250, "2.0.0", "taken")
BUSY = Reply(451, "4.3.0", "come back later")
GONE = Reply(550, "5.1.1", "nobody here")


def receipts(request: TransferRequest, reply: Reply) -> list[Receipt]:
    """The same reply for everybody."""
    kinds = {2: Outcome.DELIVERED, 4: Outcome.DEFERRED}
    outcome = kinds.get(reply.code // 100, Outcome.REFUSED)
    return [Receipt(one, outcome, reply, "mx.example") for one in request.recipients]


@implementer(ITransfer)
@define(eq=False)
class MemoryTransfer:
    """``replies`` by recipient or domain decide, ``TAKEN`` otherwise; domains in ``slow`` wait in ``waiting``."""

    replies: dict[str, Reply] = field(factory=dict)
    slow: set[str] = field(factory=set)
    requests: list[TransferRequest] = field(factory=list)
    contents: list[bytes] = field(factory=list)
    waiting: list[tuple[TransferRequest, "Deferred[Sequence[Receipt]]"]] = field(factory=list)

    async def transfer(self, request: TransferRequest) -> Sequence[Receipt]:
        """As told."""
        self.requests.append(request)
        self.contents.append(request.path.read_bytes())
        if request.domain in self.slow:
            answer: Deferred[Sequence[Receipt]] = Deferred()
            self.waiting.append((request, answer))
            return await answer
        found: list[Receipt] = []
        for receipt in receipts(request, self.replies.get(request.domain, TAKEN)):
            own = self.replies.get(str(receipt.recipient))
            found += (
                [receipt]
                if own is None
                else [one for one in receipts(request, own) if one.recipient == receipt.recipient]
            )
        return found
