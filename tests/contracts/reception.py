"""The promises of ``IReception``."""

from typing import Any
from uuid import UUID

from attrs import evolve
from zope.interface.verify import verifyObject

from daptinmail.errors import Refused
from daptinmail.interfaces.reception import IReception, Origin
from daptinmail.interfaces.storage import Content
from daptinmail.mail.address import Address
from daptinmail.mail.envelope import Envelope, MailParameters
from tests.contracts.case import ContractCase

TRAIL = UUID("01980000-0000-7000-8000-0000000000ff")
ANN, BOB = Address("ann", "example.com"), Address("bob", "example.com")
THEM = Address("them", "elsewhere.example")
MESSAGE = b"From: them@elsewhere.example\r\nSubject: hello\r\n\r\nbody\r\n"


class ReceptionContract(ContractCase):
    """For the accounts ann@ and bob@example.com.

    Give ``reception``, the ``origin`` of a stranger, ``kept`` and ``fill_disk``.
    """

    reception: Any
    origin: Origin

    def kept(self) -> dict[Address, list[bytes]]:
        """What Ann and Bob have got; no entry for nothing."""
        raise NotImplementedError

    def fill_disk(self) -> None:
        """From now on nothing can be stored."""
        raise NotImplementedError

    def begin(self) -> Envelope:
        """MAIL, and RCPT to both."""
        self.result(self.reception.mail(self.origin, THEM, MailParameters()))
        envelope = Envelope(THEM)
        for recipient in (ANN, BOB):
            self.result(self.reception.recipient(self.origin, envelope, recipient))
            envelope = evolve(envelope, recipients=(*envelope.recipients, recipient))
        return envelope

    def test_contract_received(self) -> None:
        """A message is with all its recipients, whole, when it has been taken."""
        verifyObject(IReception, self.reception)
        content = Content(len(MESSAGE), MESSAGE)
        self.result(self.reception.receive(self.origin, self.begin(), content, TRAIL))
        kept = self.kept()
        self.assertEqual(sorted(kept, key=str), [ANN, BOB])
        for contents in kept.values():
            self.assertEqual([one.endswith(MESSAGE) for one in contents], [True])

    def test_contract_refused(self) -> None:
        """Nobody relays, and there is no such account: both are refused for good."""
        for recipient in (Address("x", "elsewhere.example"), Address("nobody", "example.com")):
            error = self.refused(self.reception.recipient(self.origin, Envelope(THEM), recipient), Refused)
            self.assertFalse(error.reply.temporary)

    def test_contract_failed(self) -> None:
        """An error means that nothing was kept for anybody."""
        envelope = self.begin()
        self.fill_disk()
        content = Content(len(MESSAGE), MESSAGE)
        self.refused(self.reception.receive(self.origin, envelope, content, TRAIL), Exception)
        self.assertEqual(self.kept(), {})
