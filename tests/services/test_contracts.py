"""Control and configuration as the services wire them, and those that tests of the API stand on."""

from pathlib import Path

from sqlalchemy import insert
from twisted.internet.testing import MemoryReactorClock

from daptinmail.accounts.checker import make_portal
from daptinmail.db.configuration import Configuration
from daptinmail.db.schema import mail_server
from daptinmail.interfaces.control import ListenerReport
from daptinmail.interfaces.storage import ITransaction
from daptinmail.services.control import Control, LiveConfiguration
from daptinmail.services.edges import Edges
from daptinmail.services.listeners import Listeners
from daptinmail.services.live import CurrentLive
from daptinmail.services.sockets import BoundSockets
from daptinmail.settings import Boot
from tests.contracts import control, records
from tests.support.certificates import MemoryTlsContexts
from tests.support.control import MemoryControl
from tests.support.directory import MemoryDirectory
from tests.support.events import MemoryEvents
from tests.support.memory_store import MemoryMessageStore
from tests.support.reception import MemoryReception, MemorySpool
from tests.support.runtime import CountingIdentifiers, SteadyClock, SynchronousBlocking
from tests.support.sockets import FakeBind
from tests.support.storage import MemoryStorage

ROW = {"hostname": "mail.example.com", "listen_interface": "127.0.0.1:465", "is_enabled": True, "always_on_tls": True}


class RealControl(control.ControlContract):
    """Rows, listeners and events; sockets and the reactor in memory."""

    def setUp(self) -> None:
        clock, identifiers, blocking = SteadyClock(), CountingIdentifiers(), SynchronousBlocking()
        self.storage = MemoryStorage(clock)
        self.successResultOf(self.storage.write(lambda t: self.add(t, identifiers)))
        contexts, reactor = MemoryTlsContexts(), MemoryReactorClock()
        store, portal = MemoryMessageStore(clock, identifiers), make_portal(MemoryDirectory())
        edges = Edges(reactor, MemoryReception(), store, MemorySpool(), portal, blocking, identifiers, contexts)
        self.bind, self.events = FakeBind(), MemoryEvents()
        listeners = Listeners(reactor, BoundSockets(self.bind), edges)
        live = CurrentLive(self.storage, "machine.example")
        self.data_dir = Path(self.mktemp())
        self.data_dir.mkdir()
        boot = Boot(self.data_dir, "sqlite:///unused")
        self.control = Control(boot, live, self.storage, self.events, contexts, blocking, listeners)

    def add(self, transaction: ITransaction, identifiers: CountingIdentifiers) -> None:
        """The wanted listener."""
        values = {**ROW, "reference_id": identifiers.uuid7(), "created_at": transaction.now}
        transaction.connection.execute(insert(mail_server).values(values))

    def test_unrecorded(self) -> None:
        """What listens goes on listening when its state cannot be written down."""
        (self.data_dir / "listeners.json.new").mkdir()
        (report,) = self.result(self.control.reconcile())
        self.assertEqual(report.action, "started")
        self.assertEqual(self.result(self.control.reconcile())[0].action, "kept")


class InMemoryControl(control.ControlContract):
    """What the API is tested with."""

    def setUp(self) -> None:
        self.control = MemoryControl(reports=[ListenerReport("mail.example.com", "127.0.0.1:465", "kept")])


class LiveConfigurationTests(records.ConfigurationContract):
    """The configuration whose changes are seen at once."""

    def setUp(self) -> None:
        clock = SteadyClock()
        storage = MemoryStorage(clock)
        self.live, self.woken = CurrentLive(storage, "machine.example"), 0
        self.configuration = LiveConfiguration(Configuration(storage, clock), self.live, self.wake)

    def wake(self) -> None:
        """The queue hears of it."""
        self.woken += 1

    def test_seen_at_once(self) -> None:
        """A change is what the services run with, and the queue looks again."""
        self.result(self.configuration.set("mail.outbound.hold", "true"))
        self.assertEqual((self.live.value.outbound.hold, self.woken), (True, 1))
        self.result(self.configuration.delete("mail.outbound.hold"))
        self.assertEqual((self.live.value.outbound.hold, self.woken), (False, 2))
