"""``ITransfer`` in memory: replies by recipient or domain, or an answer that the test gives later.

``Network`` is one storey below: mail hosts in memory for the real ``Transfer``.
"""

from collections.abc import Sequence

from attrs import define, evolve, field
from twisted.internet.address import IPv4Address
from twisted.internet.defer import Deferred
from twisted.internet.error import ConnectionDone, ConnectionRefusedError
from twisted.internet.task import Clock
from twisted.internet.testing import StringTransport
from twisted.python.failure import Failure
from zope.interface import implementer

from daptinmail.interfaces.transfer import ITransfer, TransferRequest
from daptinmail.mail.receipt import Outcome, Receipt
from daptinmail.mail.reply import Reply
from daptinmail.smtp.client import SmtpClient

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
    """``replies`` by recipient or domain decide, ``TAKEN`` otherwise; domains in ``slow`` wait in ``waiting``.

    ``reports``: hosts take over what the sender asked to be told.
    """

    replies: dict[str, Reply] = field(factory=dict)
    slow: set[str] = field(factory=set)
    reports: bool = False
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
        return [evolve(one, reports=self.reports) for one in found]


class Remote(StringTransport):
    """A host that answers each command from a script: a reply by verb, or by command in lower case.

    "." is the end of data, "hang up" instead of a reply ends the connection. ``content`` is what it was given.
    """

    def __init__(self, script: dict[str, str], address: str, here: str = "192.0.2.99") -> None:
        super().__init__(IPv4Address("TCP", here, 1000), IPv4Address("TCP", address, 25))
        self.script = script
        self.commands: list[str] = []
        self.in_data = False
        self.content = b""

    def greet(self, client: SmtpClient) -> None:
        self.client = client
        client.makeConnection(self)
        self.say("220")

    def write(self, data: bytes) -> None:
        for raw in data.splitlines(keepends=True):
            line = raw.decode().removesuffix("\r\n")
            if not self.in_data:
                self.commands.append(line)
                self.say(line.split(" ")[0])
            elif line == ".":
                self.in_data = False
                self.say(".")
            else:
                self.content += raw.removeprefix(b".")

    def say(self, verb: str) -> None:
        usual = {"220": "220 mx", "EHLO": "250 mx", "DATA": "354 go", "QUIT": "221 bye"}
        own = self.script.get(self.commands[-1].lower()) if self.commands and verb != "." else None
        reply = own or self.script.get(verb, usual.get(verb, "250 ok"))
        if reply == "hang up":
            self.client.connectionLost(Failure(ConnectionDone()))
            return
        self.in_data = verb == "DATA" and reply.startswith("354")
        self.client.dataReceived(f"{reply}\r\n".encode())

    def abortConnection(self) -> None:
        self.disconnecting = True


@define(eq=False)
class Network:
    """Hosts by address; addresses that are not there refuse connections."""

    clock: Clock
    hosts: dict[str, dict[str, str]] = field(factory=dict)
    tried: list[str] = field(factory=list)
    remotes: list[Remote] = field(factory=list)
    here: str = "192.0.2.99"

    async def connect(self, address: str, port: int) -> SmtpClient:
        """A connection."""
        self.tried.append(address)
        if address not in self.hosts:
            raise ConnectionRefusedError
        client = SmtpClient(self.clock)
        remote = Remote(self.hosts[address], address, self.here)
        self.remotes.append(remote)
        remote.greet(client)
        return client
