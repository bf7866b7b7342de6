"""Journey 3: rows changed over HTTP become listeners at restart; what did not change is not touched."""

import json
from pathlib import Path

from sqlalchemy import select
from twisted.internet.testing import MemoryReactorClock
from twisted.trial.unittest import SynchronousTestCase

from daptinmail.accounts.checker import make_portal
from daptinmail.accounts.rules import MailServerRules
from daptinmail.accounts.throttle import Throttle
from daptinmail.accounts.users import Users
from daptinmail.api.app import Api
from daptinmail.db.configuration import Configuration
from daptinmail.db.records import Records
from daptinmail.db.schema import event
from daptinmail.events.log import EventLog
from daptinmail.services.control import Control, LiveConfiguration
from daptinmail.services.edges import Edges
from daptinmail.services.listeners import Listeners
from daptinmail.services.live import CurrentLive
from daptinmail.services.sockets import BoundSockets, read_list
from daptinmail.settings import Boot, Interface
from tests.api.test_seed_requests import BECOME, SIGN_IN, SIGN_UP, curl
from tests.api.web import Client, From, Reply
from tests.support.accounts import cheap_passwords
from tests.support.certificates import MemorySigningKeys, MemoryTlsContexts
from tests.support.control import MemoryCertificates
from tests.support.directory import MemoryDirectory
from tests.support.domains import Zones
from tests.support.memory_store import MemoryMessageStore
from tests.support.queue import MemoryQueue
from tests.support.reception import MemoryReception, MemorySpool
from tests.support.repeats import MemoryRepeats
from tests.support.runtime import CountingIdentifiers, SteadyClock, SynchronousBlocking
from tests.support.sending import MemorySending
from tests.support.sockets import FakeBind
from tests.support.storage import MemoryStorage


class ChangedOverHttpAppliedByRestart(SynchronousTestCase):
    """An administrator makes, changes and breaks servers."""

    def setUp(self) -> None:
        """The API, the rows and the reconcile of production; sockets, certificates and the reactor in memory."""
        clock, identifiers, blocking = SteadyClock(), CountingIdentifiers(), SynchronousBlocking()
        storage = MemoryStorage(clock=clock)
        self.storage, events, configuration = storage, EventLog(storage, clock), Configuration(storage, clock)
        contexts, directory = MemoryTlsContexts(), MemoryDirectory()
        store = MemoryMessageStore(clock, identifiers)
        self.data_dir = Path(self.mktemp())
        self.data_dir.mkdir()
        self.bind, self.reactor = FakeBind(), MemoryReactorClock()
        edges = Edges(
            self.reactor,
            MemoryReception(),
            store,
            MemorySpool(),
            make_portal(directory),
            blocking,
            identifiers,
            contexts,
        )
        self.listeners = Listeners(self.reactor, BoundSockets(self.bind), edges)
        live = CurrentLive(storage, "machine.example")
        boot = Boot(self.data_dir, "sqlite:///unused")
        self.control = Control(boot, live, storage, events, contexts, blocking, self.listeners)
        api = Api(
            records=Records(storage, clock, identifiers, {"mail_server": MailServerRules(contexts)}),
            users=Users(storage, cheap_passwords(), Throttle(clock), clock, identifiers, configuration, events, "code"),
            configuration=LiveConfiguration(configuration, live, lambda: None),
            control=self.control,
            certificates=MemoryCertificates(),
            queue=MemoryQueue(),
            store=store,
            events=events,
            domains=Zones().domains(self.control.live),
            dkim_keys=MemorySigningKeys(),
            directory=MemoryDirectory(),
            sending=MemorySending(),
            repeats=MemoryRepeats(),
            clock=clock,
            identifiers=identifiers,
        )
        self.client = Client(From(api.resource()))
        curl(self.client, SIGN_UP)
        self.client.administrator = curl(self.client, SIGN_IN).json[0]["Attributes"]["value"]
        curl(self.client, BECOME, self.client.administrator)

    def add(self, hostname: str, interface: str, **attributes: object) -> str:
        """A server row; its id."""
        values = {"hostname": hostname, "listen_interface": interface, "is_enabled": True, **attributes}
        reply = self.client.post("/api/mail_server", {"data": {"type": "mail_server", "attributes": values}})
        self.assertEqual(reply.status, 201, reply.body)
        return str(reply.json["data"]["id"])

    def change(self, identifier: str, **attributes: object) -> None:
        """Change a row."""
        document = {"data": {"type": "mail_server", "id": identifier, "attributes": attributes}}
        self.assertEqual(self.client.patch(f"/api/mail_server/{identifier}", document).status, 200)

    def status(self, identifier: str) -> tuple[str, str]:
        """What the row says of its listener."""
        attributes = self.client.get(f"/api/mail_server/{identifier}").json["data"]["attributes"]
        return attributes["status"], attributes["status_message"]

    def events(self) -> list[tuple[str, dict[str, str]]]:
        """What was recorded about listeners: kind and data, in order."""
        rows = self.storage.read(
            lambda connection: connection.execute(
                select(event.c.kind, event.c.data).where(event.c.kind.like("listener.%")).order_by(event.c.id)
            ).all()
        )
        return [(kind, json.loads(data)) for kind, data in self.successResultOf(rows)]

    def restart(self) -> Reply:
        """The action."""
        return self.client.post("/action/world/restart_daptin", {"attributes": {}})

    def running(self) -> list[str]:
        """Open addresses."""
        return sorted(map(str, self.listeners.interfaces))

    def test_journey(self) -> None:
        """A row listens after the restart and not before; a second change touches only what changed."""
        first = self.add("one.example.com", "0.0.0.0:465", max_size=1000)
        self.assertEqual((self.running(), self.status(first)), ([], ("pending", "")))
        self.assertEqual(len(self.restart().json), 2)
        self.assertEqual((self.running(), self.status(first)), (["0.0.0.0:465"], ("listening", "")))
        port = self.listeners._running[Interface("0.0.0.0", 465)].port
        smtp = self.listeners._running[Interface("0.0.0.0", 465)].smtp
        self.change(first, max_size=2000)
        self.add("two.example.com", "0.0.0.0:587", always_on_tls=False)
        self.restart()
        again = self.listeners._running[Interface("0.0.0.0", 465)]
        self.assertIs(again.port, port)
        self.assertIs(again.smtp, smtp)
        assert smtp is not None
        self.assertEqual(smtp.server.max_size, 2000)
        self.assertEqual(read_list(self.data_dir), [Interface("0.0.0.0", 465), Interface("0.0.0.0", 587)])

    def test_imap_joins_and_leaves(self) -> None:
        """The seed's settings put IMAP beside SMTP on 465; switched off again, SMTP alone remains on the same port."""
        self.add("mail.example.com", "0.0.0.0:465")
        self.restart()
        port = self.listeners._running[Interface("0.0.0.0", 465)].port
        for key, value in (("imps.enabled", "true"), ("imap.listen_interface", "0.0.0.0:465")):
            self.client.post(f"/_config/backend/{key}", value)
        self.client.post("/_config/backend/hostname", "imps.example.com")
        self.restart()
        listener = self.listeners._running[Interface("0.0.0.0", 465)]
        self.assertIs(listener.port, port)
        assert listener.imap is not None
        self.assertEqual(listener.imap.hostname, "imps.example.com")
        self.client.post("/_config/backend/imps.enabled", "false")
        self.restart()
        self.assertIsNone(listener.imap)
        self.assertIsNotNone(listener.smtp)

    def test_taken_address(self) -> None:
        """A listener that cannot be bound is told in the answer and the row, hurts nothing else, and is tried again."""
        self.bind.taken.add(2525)
        broken = self.add("broken.example.com", "127.0.0.1:2525")
        fine = self.add("fine.example.com", "127.0.0.1:2526")
        answer = self.restart().json
        self.assertIn("Address already in use", str(answer[2:]))
        self.assertEqual(self.status(broken), ("failed", "Address already in use"))
        self.assertEqual(self.status(fine), ("listening", ""))
        self.assertIn(Interface("127.0.0.1", 2525), read_list(self.data_dir), "the next start tries before the drop")
        self.bind.taken.clear()
        self.assertEqual(len(self.restart().json), 2)
        self.assertEqual(self.status(broken), ("listening", ""))

    def test_event_log(self) -> None:
        """What became of each listener stands in the event log; what is simply kept does not."""
        self.bind.taken.add(2525)
        self.add("broken.example.com", "127.0.0.1:2525")
        fine = self.add("fine.example.com", "127.0.0.1:2526")
        self.restart()
        failed = {"name": "broken.example.com", "interface": "127.0.0.1:2525", "message": "Address already in use"}
        started = {"name": "fine.example.com", "interface": "127.0.0.1:2526", "message": ""}
        self.assertEqual(self.events(), [("listener.failed", failed), ("listener.started", started)])
        self.bind.taken.clear()
        self.change(fine, max_size=5000)
        self.restart()
        self.assertEqual([kind for kind, _ in self.events()[2:]], ["listener.started", "listener.changed"])
        self.change(fine, is_enabled=False)
        self.restart()
        self.assertEqual([kind for kind, _ in self.events()[4:]], ["listener.stopped"])

    def test_disabled(self) -> None:
        """A disabled server stops listening; so does a deleted one."""
        first, second = self.add("a.example.com", "127.0.0.1:2525"), self.add("b.example.com", "127.0.0.1:2526")
        self.restart()
        self.change(first, is_enabled=False)
        self.assertEqual(self.client.delete(f"/api/mail_server/{second}").status, 200)
        self.assertEqual(self.client.post("/action/mail_server/sync_mail_servers", {}).json, [])
        self.assertEqual(self.running(), [])
        self.assertEqual(self.status(first), ("disabled", ""))
