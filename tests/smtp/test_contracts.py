"""The transfer agent and the portal of these tests keep the promises that others rely on."""

from random import Random

from twisted.cred.portal import Portal
from twisted.internet.task import Clock

from daptinmail.interfaces.transfer import MailExchanger
from daptinmail.settings import OutboundSettings
from daptinmail.smtp.transfer import Transfer
from tests.contracts import authenticated, transfer
from tests.smtp.listening import Accounts
from tests.support.resolver import MemoryResolver
from tests.support.runtime import SynchronousBlocking
from tests.support.transfer import BUSY, GONE, MemoryTransfer, Network


class TransferTests(transfer.TransferContract):
    """The real one, over hosts in memory."""

    def setUp(self) -> None:
        clock = Clock()
        script = {
            "rcpt to:<gone@x.example>": "550 5.1.1 nobody here",
            "rcpt to:<busy@x.example>": "451 4.3.0 come back later",
        }
        resolver = MemoryResolver(
            {"x.example": [MailExchanger(10, "mx.example")], "down.example": [MailExchanger(10, "off.example")]},
            {"mx.example": ["192.0.2.1"], "off.example": ["192.0.2.2"]},
        )
        network = Network(clock, {"192.0.2.1": script})
        self.agent = Transfer(resolver, network.connect, clock, SynchronousBlocking(), OutboundSettings, Random(1))


class MemoryTransferTests(transfer.TransferContract):
    """The one behind the tests of the queue."""

    def setUp(self) -> None:
        self.agent = MemoryTransfer({str(transfer.GONE): GONE, str(transfer.BUSY): BUSY, "down.example": BUSY})


class AccountsTests(authenticated.PortalContract):
    """The portal behind the tests of the SMTP server."""

    def setUp(self) -> None:
        self.fill()
        accounts = Accounts(self.directory)
        self.portal = Portal(accounts, [accounts])
