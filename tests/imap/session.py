"""An IMAP server in memory, for dialogues."""

from attrs import define, field
from twisted.internet.defer import Deferred
from twisted.internet.task import Clock

from daptinmail.accounts.checker import make_portal
from daptinmail.imap.protocol import ImapServer
from daptinmail.imap.server import ImapFactory
from daptinmail.interfaces.directory import Account
from daptinmail.interfaces.messages import Appended, Arrival, Flags, IMessageStore
from daptinmail.interfaces.storage import Content
from tests.support.dialogue import Dialogue, Wire
from tests.support.directory import MemoryDirectory
from tests.support.memory_store import MemoryMessageStore
from tests.support.proofs import MemoryProofs
from tests.support.reception import MemorySpool
from tests.support.runtime import CountingIdentifiers, SteadyClock, SynchronousBlocking

MESSAGE = (
    b"From: Ann <ann@example.com>\r\nTo: bob@example.com\r\nSubject: Hello\r\n"
    b"Date: Thu, 1 Jan 2026 10:00:00 +0000\r\nMessage-ID: <1@example.com>\r\n\r\nGood morning.\r\n"
)


def server_of(client: Dialogue) -> ImapServer:
    """The server's side of a dialogue."""
    if not isinstance(client.protocol, ImapServer):
        raise TypeError(client.protocol)
    return client.protocol


@define(eq=False)
class Server:
    """One listener, one account ``ann@example.com`` / ``password``."""

    clock: Clock = field(factory=Clock)
    time: SteadyClock = field(factory=SteadyClock)
    directory: MemoryDirectory = field(factory=MemoryDirectory)
    proofs: MemoryProofs = field(init=False)
    spool: MemorySpool = field(factory=MemorySpool)
    store: MemoryMessageStore = field(init=False)
    account: Account = field(init=False)
    factory: ImapFactory = field(init=False)

    def __attrs_post_init__(self) -> None:
        identifiers = CountingIdentifiers()
        self.proofs = MemoryProofs(self.directory)
        self.store = MemoryMessageStore(self.time, identifiers)
        self.account = self.directory.add("ann@example.com")
        self.store.logins[self.account.id] = self.account.username
        self.store.open_account(self.account.id)
        self.factory = ImapFactory(
            hostname="imap.example.com",
            portal=make_portal(self.directory, self.proofs),
            store=self.store,
            spool=self.spool,
            blocking=SynchronousBlocking(),
            identifiers=identifiers,
            clock=self.clock,
            tls=None,
            implicit_tls=True,
            time=self.time,
        )

    def add_account(self, username: str) -> Account:
        """One more account with its mailboxes, and the same password."""
        account = self.directory.add(username)
        self.store.logins[account.id] = username
        self.store.open_account(account.id)
        return account

    def advance(self, seconds: float) -> None:
        """Time passes, for timers and for dates."""
        self.time.advance(seconds)
        self.clock.advance(seconds)

    @property
    def messages(self) -> IMessageStore:
        """The store under test."""
        return self.store

    def heard(self) -> bool:
        """True while somebody listens to a mailbox."""
        return any(self.store.listeners.values())

    def connect(self) -> Dialogue:
        """A new connection, its greeting unread."""
        wire = Wire()
        return Dialogue(self.factory.buildProtocol(wire.getPeer()), wire)

    def login(self) -> Dialogue:
        """A new connection, logged in."""
        return self.connect().run(
            """
            S: * OK [CAPABILITY IMAP4rev1 ...] ...
            C: in LOGIN ann@example.com password
            S: in OK [CAPABILITY IMAP4rev1 ...] Logged in
            """
        )

    def select(self, mailbox: str = "INBOX", command: str = "SELECT") -> Dialogue:
        """A new connection with a selected mailbox."""
        return self.login().run(f"C: sel {command} {mailbox}\nS* sel OK ...")

    def put(self, content: bytes = MESSAGE, flags: Flags = frozenset(), mailbox: str = "INBOX") -> int:
        """Store a message; its UID."""
        added: list[Appended] = []

        async def append() -> Appended:
            box = await self.messages.mailbox(self.account.id, mailbox)
            arrival = Arrival(self.factory.identifiers.uuid7())
            return await self.messages.append(box.id, Content(len(content), content), flags, None, arrival)

        _ = Deferred.fromCoroutine(append()).addCallback(added.append)
        return added[0].uid
