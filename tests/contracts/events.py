"""The promises of ``IEventLog``."""

from typing import Any
from uuid import UUID

from zope.interface.verify import verifyObject

from daptinmail.interfaces.events import Event, IEventLog
from daptinmail.interfaces.storage import ITransaction
from tests.contracts.case import ContractCase
from tests.support.runtime import START

TRAIL, OTHER = UUID(int=1), UUID(int=2)


class EventLogContract(ContractCase):
    """Give ``log`` over ``storage``, whose clock stands at ``START``."""

    log: Any
    storage: Any

    def test_contract_trail(self) -> None:
        """The events of one message come in order, without those of others; nothing is known of a strange trail."""
        verifyObject(IEventLog, self.log)
        self.result(self.log.record("message.received", TRAIL, "mail/1", {"size": 5}))
        self.result(self.log.record("message.received", OTHER, "mail/2", {}))
        moved = ("message.moved", TRAIL, "mail/1", {"to": ["x"]})
        self.result(self.storage.write(lambda transaction: self.log.record_in(transaction, *moved)))
        self.result(self.log.record("listener.started", None, "", {}))
        self.assertEqual(
            list(self.result(self.log.trail(TRAIL))),
            [
                Event(1, START, "message.received", TRAIL, "mail/1", {"size": 5}),
                Event(3, START, "message.moved", TRAIL, "mail/1", {"to": ["x"]}),
            ],
        )
        self.assertEqual(list(self.result(self.log.trail(UUID(int=3)))), [])

    def test_contract_shared_fate(self) -> None:
        """What a transaction undid was never told."""

        def work(transaction: ITransaction) -> None:
            self.log.record_in(transaction, "message.received", TRAIL, "", {})
            raise ZeroDivisionError

        self.refused(self.storage.write(work), ZeroDivisionError)
        self.assertEqual(list(self.result(self.log.trail(TRAIL))), [])
