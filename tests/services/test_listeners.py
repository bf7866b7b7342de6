"""What listeners do beside listening."""

from twisted.internet.defer import Deferred
from twisted.internet.testing import MemoryReactorClock
from twisted.trial.unittest import SynchronousTestCase
from zope.interface.verify import verifyObject

from daptinmail.accounts.checker import make_portal
from daptinmail.interfaces.directory import ISessions
from daptinmail.services.edges import Edges
from daptinmail.services.listeners import Listeners
from daptinmail.services.sockets import BoundSockets
from daptinmail.services.wanted import WantedListener
from daptinmail.settings import ImapSettings, Interface
from tests.support.certificates import MemoryTlsContexts
from tests.support.dialogue import Dialogue, Wire
from tests.support.directory import MemoryDirectory
from tests.support.memory_store import MemoryMessageStore
from tests.support.reception import MemoryReception, MemorySpool
from tests.support.runtime import CountingIdentifiers, SteadyClock, SynchronousBlocking
from tests.support.servers import mail_server
from tests.support.sockets import FakeBind

SMTP, IMAP = Interface("127.0.0.1", 25), Interface("127.0.0.1", 143)
IMAP_ON = ImapSettings(enabled=True, interface=IMAP, hostname="imap.example.com")


class EndSessionsTests(SynchronousTestCase):
    """An account whose password has changed is put out everywhere."""

    def setUp(self) -> None:
        self.directory, identifiers = MemoryDirectory(), CountingIdentifiers()
        self.account = self.directory.add("ann@example.com")
        store = MemoryMessageStore(SteadyClock(), identifiers)
        store.open_account(self.account.id)
        reactor, portal = MemoryReactorClock(), make_portal(self.directory)
        blocking, contexts = SynchronousBlocking(), MemoryTlsContexts()
        edges = Edges(reactor, MemoryReception(), store, MemorySpool(), portal, blocking, identifiers, contexts)
        self.listeners = Listeners(reactor, BoundSockets(FakeBind()), edges)
        self.apply({SMTP: WantedListener(SMTP, False, mail_server()), IMAP: WantedListener(IMAP, False, imap=IMAP_ON)})

    def apply(self, wanted: dict[Interface, WantedListener]) -> None:
        """What shall run from now on."""
        self.successResultOf(Deferred.fromCoroutine(self.listeners.apply(wanted)))

    def connect(self, interface: Interface) -> Dialogue:
        """A client's view of a connection that is under TLS already."""
        listener = self.listeners._running[interface]
        factory = listener.smtp or listener.imap
        assert factory is not None
        factory.implicit_tls = True
        wire = Wire()
        return Dialogue(factory.buildProtocol(wire.getPeer()), wire)

    def log_in(self) -> tuple[Dialogue, Dialogue]:
        """By SMTP and by IMAP."""
        smtp = self.connect(SMTP).run("S: 220 ...\nC: EHLO x\nS* 250 HELP")
        smtp.run("C: AUTH PLAIN AGFubkBleGFtcGxlLmNvbQBwYXNzd29yZA==\nS: 235 ...")
        imap = self.connect(IMAP).run("S: * OK ...\nC: 1 LOGIN ann@example.com password\nS: 1 OK ...")
        return smtp, imap

    def test_provides_the_seam(self) -> None:
        """Listeners and factories may be told."""
        verifyObject(ISessions, self.listeners)
        for listener in self.listeners._running.values():
            verifyObject(ISessions, listener.smtp or listener.imap)

    def test_everywhere(self) -> None:
        """SMTP and IMAP sessions of the account end, and only those."""
        smtp, imap = self.log_in()
        guest = self.connect(IMAP).run("S: * OK ...")
        self.listeners.end_sessions(self.account.id + 1)
        imap.run("C: 2 NOOP\nS: 2 OK ...")
        self.listeners.end_sessions(self.account.id)
        smtp.run("S: 421 ...\nS! closed")
        imap.run("S: * BYE ...\nS! closed")
        guest.run("C: 1 NOOP\nS: 1 OK ...")

    def test_listener_that_is_gone(self) -> None:
        """A session that drains, because its listener was dropped, ends too."""
        smtp, _ = self.log_in()
        smtp.run("C: MAIL FROM:<ann@example.com>\nS: 250 ...")
        self.apply({})
        self.listeners.end_sessions(self.account.id)
        smtp.run("C: RSET\nS: 250 ...\nS: 421 ...\nS! closed")
