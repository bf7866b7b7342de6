"""The agents over memory."""

from collections.abc import Coroutine
from typing import Any, TypeVar
from uuid import UUID

from attrs import evolve
from twisted.internet.defer import Deferred
from twisted.trial.unittest import SynchronousTestCase

from daptinmail.agents.confirming import Confirming
from daptinmail.agents.content import ContentReader
from daptinmail.agents.forwarding import Forwarding
from daptinmail.agents.mda import Mda
from daptinmail.agents.msa import Msa
from daptinmail.agents.mta import Mta
from daptinmail.agents.reception import Reception
from daptinmail.agents.returns import Returns
from daptinmail.errors import DaptinmailError
from daptinmail.interfaces.directory import Account
from daptinmail.interfaces.reception import Origin
from daptinmail.interfaces.storage import Content
from daptinmail.mail.address import Address
from daptinmail.mail.envelope import Envelope, MailParameters
from daptinmail.mail.reply import Reply
from daptinmail.store.spool import Spool
from tests.support.directory import MemoryDirectory
from tests.support.events import MemoryEvents
from tests.support.memory_store import MemoryMessageStore
from tests.support.outgoing import MemoryCaps, MemorySuppressions
from tests.support.queue import MemoryQueue
from tests.support.routing import MemoryRouting
from tests.support.runtime import CountingIdentifiers, SteadyClock, SynchronousBlocking
from tests.support.screening import FixedScreening
from tests.support.servers import mail_server
from tests.support.signing import MarkingSealer, MarkingSigner
from tests.support.storage import MemoryStorage

T = TypeVar("T")

TRAIL = UUID("01980000-0000-7000-8000-0000000000ff")
SERVER = mail_server(always_on_tls=True)
OUTSIDE = Origin(connection="c1", ip="192.0.2.7", helo="mx.elsewhere.example", server=SERVER, tls="TLSv1.3", cipher="X")
ANN, BOB = Address("ann", "example.com"), Address("bob", "example.com")
THEM = Address("them", "elsewhere.example")
PLAIN = MailParameters()
MESSAGE = b"From: Ann <ann@example.com>\r\nTo: x@y\r\nSubject: hello\r\n\r\nbody\r\n"


class AgentCase(SynchronousTestCase):
    """Two accounts, Ann and Bob, on mail.example.com."""

    def setUp(self) -> None:
        """Every agent, wired as in production."""
        self.clock = SteadyClock()
        self.identifiers = CountingIdentifiers()
        self.directory = MemoryDirectory()
        self.store = MemoryMessageStore(self.clock, self.identifiers)
        self.ann, self.bob = self.account("ann@example.com"), self.account("bob@example.com")
        self.storage = MemoryStorage(clock=self.clock)
        self.events = MemoryEvents()
        self.queue = MemoryQueue()
        self.routing = MemoryRouting(self.directory)
        self.signer = MarkingSigner({"example.com"})
        self.mda = Mda(self.routing, self.store)
        spool_dir = self.storage.directory / "spool"
        spool_dir.mkdir()
        self.contents = ContentReader(SynchronousBlocking(), Spool(spool_dir, SynchronousBlocking(), 1024))
        self.screening = FixedScreening()
        forwarding = Forwarding(self.routing, MarkingSealer({"example.com"}), self.queue)
        self.returns = Returns(self.routing, self.mda, lambda: self.queue, self.events, self.identifiers, bytes)
        confirming = Confirming(self.mda, self.returns)
        mta = Mta(
            self.mda, self.storage, self.events, self.contents, self.clock, self.screening, forwarding, confirming
        )
        self.suppressions, self.caps = MemorySuppressions(), MemoryCaps()
        msa = Msa(
            self.directory,
            self.mda,
            self.store,
            self.queue,
            self.storage,
            self.events,
            self.signer,
            self.contents,
            self.clock,
            self.suppressions,
            self.caps,
            confirming,
        )
        self.reception = Reception(mta, msa)
        self.inside = evolve(OUTSIDE, account=self.ann)

    def account(self, username: str) -> Account:
        """One more account with its mailboxes."""
        account = self.directory.add(username)
        self.store.open_account(account.id)
        return account

    def result(self, work: Coroutine[Any, Any, T]) -> T:
        """What a call answers."""
        return self.successResultOf(Deferred.fromCoroutine(work))

    def refusal(self, work: Coroutine[Any, Any, object]) -> Reply:
        """The reply that a call is refused with."""
        error = self.failureResultOf(Deferred.fromCoroutine(work), DaptinmailError).value
        assert isinstance(error, DaptinmailError)
        return error.reply

    def rcpt(self, origin: Origin, recipient: Address) -> Coroutine[Any, Any, None]:
        """RCPT."""
        return self.reception.recipient(origin, Envelope(THEM), recipient)

    def receive(
        self,
        origin: Origin,
        *recipients: Address,
        content: bytes = MESSAGE,
        return_path: Address | None = ANN,
        parameters: MailParameters = PLAIN,
        spooled: bool = False,
    ) -> Coroutine[Any, Any, None]:
        """The end of DATA."""
        held = Content(len(content), content)
        if spooled:
            path = self.storage.directory / "incoming"
            path.write_bytes(content)
            held = Content(len(content), path=path)
        return self.reception.receive(origin, Envelope(return_path, recipients, parameters), held, TRAIL)

    def mailbox(self, account: Account, name: str = "INBOX") -> list[bytes]:
        """The contents in a mailbox."""
        box = self.successResultOf(self.store.mailbox(account.id, name))
        snapshot = self.successResultOf(self.store.snapshot(box.id))
        opened = [self.successResultOf(self.store.open(box.id, uid)) for uid in snapshot.uids]
        return [one.read(0, one.size) for one in opened]
