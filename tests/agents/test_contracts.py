"""The agents and those that tests use in their place keep the same promises."""

from sqlalchemy import event

from daptinmail.errors import Unavailable
from daptinmail.mail.address import Address
from tests.agents.case import OUTSIDE, AgentCase
from tests.contracts import reception, returns
from tests.support.queue import MemoryReturns
from tests.support.reception import MemoryReception
from tests.support.storage import MemoryStorage


class ReceptionTests(reception.ReceptionContract, AgentCase):
    """MSA and MTA."""

    origin = OUTSIDE

    def kept(self) -> dict[Address, list[bytes]]:
        """Their mailboxes."""
        found = {reception.ANN: self.mailbox(self.ann), reception.BOB: self.mailbox(self.bob)}
        return {address: contents for address, contents in found.items() if contents}

    def fill_disk(self) -> None:
        """No commit succeeds."""

        def full(connection: object) -> None:
            raise OSError(28, "No space left on device")

        event.listen(self.storage.engine, "commit", full)


class MemoryReceptionTests(reception.ReceptionContract):
    """The one behind the tests of the SMTP server."""

    origin = OUTSIDE

    def setUp(self) -> None:
        self.reception = MemoryReception({"ann@example.com", "bob@example.com"})

    def kept(self) -> dict[Address, list[bytes]]:
        """By recipient."""
        found: dict[Address, list[bytes]] = {}
        for one in self.reception.received:
            for recipient in one.envelope.recipients:
                found.setdefault(recipient, []).append(one.content)
        return found

    def fill_disk(self) -> None:
        """The next message fails."""
        self.reception.receive_fails = Unavailable()


class ReturnsTests(returns.ReturnsContract, AgentCase):
    """The real one."""

    def sent(self) -> list[Address]:
        """What waits in the queue."""
        return [recipient for message in self.queue.messages for recipient in message.recipients]


class MemoryReturnsTests(returns.ReturnsContract):
    """The one behind the tests of the queue."""

    def setUp(self) -> None:
        self.storage, self.returns = MemoryStorage(), MemoryReturns()

    def sent(self) -> list[Address]:
        """What it was given."""
        return [message.return_path for message in self.returns.returned if message.return_path is not None]
