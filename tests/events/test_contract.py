"""The event log and the one in memory keep the same promises."""

from daptinmail.events.log import EventLog
from tests.contracts import events as contract
from tests.support.events import MemoryEvents
from tests.support.runtime import SteadyClock
from tests.support.storage import MemoryStorage


class EventLogTests(contract.EventLogContract):
    """Rows."""

    def setUp(self) -> None:
        self.storage = MemoryStorage()
        self.log = EventLog(self.storage, SteadyClock())


class MemoryEventsTests(contract.EventLogContract):
    """The one that most tests use."""

    def setUp(self) -> None:
        self.storage, self.log = MemoryStorage(), MemoryEvents()
