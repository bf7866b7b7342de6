"""Journey 1: a message comes in by SMTP, is stored durably, and shows in the IMAP session that waits for it."""

from attrs import evolve
from sqlalchemy import select
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from daptinmail.accounts.checker import make_portal
from daptinmail.agents.confirming import Confirming
from daptinmail.agents.content import ContentReader
from daptinmail.agents.forwarding import Forwarding
from daptinmail.agents.mda import Mda
from daptinmail.agents.mta import Mta
from daptinmail.db.schema import event
from daptinmail.events.log import EventLog
from daptinmail.imap.server import ImapFactory
from daptinmail.interfaces.directory import Account
from daptinmail.smtp.server import SmtpFactory
from daptinmail.store.spool import Spool
from tests.support.dialogue import Dialogue, Wire
from tests.support.directory import MemoryDirectory
from tests.support.queue import MemoryQueue, MemoryReturns
from tests.support.routing import MemoryRouting
from tests.support.runtime import SynchronousBlocking
from tests.support.screening import FixedScreening
from tests.support.servers import mail_server
from tests.support.signing import MarkingSealer
from tests.support.stored import Stored

SERVER = mail_server(hostname="mx.example.com", max_size=100_000)


class InBySmtpOutByImap(SynchronousTestCase):
    """Eve elsewhere writes to Ann here, who waits in IDLE."""

    def setUp(self) -> None:
        """The edges of production over the real agents and the real store."""
        self.stored = Stored.in_memory()
        self.directory = MemoryDirectory()
        self.ann = self.account("ann@example.com")
        blocking = SynchronousBlocking()
        spool_dir = self.stored.mail_dir.parent / "spool"
        spool_dir.mkdir()
        spool = Spool(spool_dir, blocking)
        events = EventLog(self.stored.storage, self.stored.clock)
        routing = MemoryRouting(self.directory)
        mda = Mda(routing, self.stored.store)
        mta = Mta(
            mda,
            self.stored.storage,
            events,
            ContentReader(blocking, spool),
            self.stored.clock,
            FixedScreening(),
            Forwarding(routing, MarkingSealer(), MemoryQueue()),
            Confirming(mda, MemoryReturns()),
        )
        portal = make_portal(self.directory)
        self.smtp = SmtpFactory(SERVER, mta, spool, portal, self.stored.identifiers, Clock(), None, False)
        self.imap = ImapFactory(
            hostname="imap.example.com",
            portal=portal,
            store=self.stored.store,
            spool=spool,
            blocking=blocking,
            identifiers=self.stored.identifiers,
            clock=Clock(),
            tls=None,
            implicit_tls=True,
        )

    def account(self, username: str) -> Account:
        """An account with its tree."""
        number = self.stored.now(lambda transaction: self.stored.open_account(transaction, username))
        account = evolve(self.directory.add(username), id=number)
        self.directory._accounts[username] = account
        return account

    def reader(self) -> Dialogue:
        """Ann's mail client, in IDLE on an empty INBOX."""
        wire = Wire()
        return Dialogue(self.imap.buildProtocol(wire.getPeer()), wire).run(
            """
            S: * OK ...
            C: 1 LOGIN ann@example.com password
            S* 1 OK ...
            C: 2 SELECT INBOX
            S* 2 OK [READ-WRITE] ...
            C: 3 IDLE
            S: + ...
            """
        )

    def sender(self) -> Dialogue:
        """The other host, up to the content."""
        wire = Wire()
        return Dialogue(self.smtp.buildProtocol(wire.getPeer()), wire).run(
            """
            S: 220 mx.example.com ...
            C: EHLO elsewhere.example
            S* 250 HELP
            C: MAIL FROM:<eve@elsewhere.example>
            S: 250 2.1.0 ...
            C: RCPT TO:<nobody@example.com>
            S: 550 5.1.1 ...
            C: RCPT TO:<ann@example.com>
            S: 250 2.1.5 ...
            C: DATA
            S: 354 ...
            """
        )

    def test_journey(self) -> None:
        """The sender reads 250 and Ann's client EXISTS; she fetches exactly what was sent, under its trace fields."""
        reader = self.reader()
        self.sender().run(
            """
            C: From: Eve <eve@elsewhere.example>
            C: Subject: hello
            C:
            C: ..dot
            C: .
            S~ 250 2.0.0 OK: queued as [0-9a-f]{32}
            """
        )
        reader.run(
            """
            S: * 1 EXISTS
            S: * 1 RECENT
            C: DONE
            S: 3 OK ...
            C: 4 FETCH 1 (FLAGS ENVELOPE BODY.PEEK[HEADER.FIELDS (RETURN-PATH SUBJECT)] BODY.PEEK[TEXT])
            S: * 1 FETCH (FLAGS (\\Recent) ENVELOPE (NIL "hello" (("Eve" NIL "eve" "elsewhere.example")) ...
            S: Return-Path: <eve@elsewhere.example>
            S: Subject: hello
            S:
            S:  BODY[TEXT] {6}
            S: .dot
            S: )
            S: 4 OK ...
            """
        )

    def test_file_and_events(self) -> None:
        """The message is one file in Ann's Maildir, and the trail named in the 250 tells what happened to it."""
        sender = self.sender().run("C: Subject: hello\nC:\nC: body\nC: .\nS~ 250 .*")
        (path,) = (path for path in self.stored.mail_dir.rglob("cur/*"))
        content = path.read_bytes()
        self.assertTrue(content.startswith(b"Return-Path: <eve@elsewhere.example>\r\nReceived: from elsewhere.example"))
        self.assertTrue(content.endswith(b"Subject: hello\r\n\r\nbody\r\n"))
        rows = self.stored.read(lambda connection: connection.execute(select(event.c.kind, event.c.trail)).all())
        self.assertEqual({row.kind for row in rows}, {"message.received", "message.stored"})
        (trail,) = {row.trail for row in rows}
        self.assertIn(trail.hex.encode(), content)
        sender.run("C: QUIT\nS: 221 ...\nS! closed")

    def test_nothing_half_done(self) -> None:
        """A sender that goes away in the middle of the content leaves no file and no row."""
        sender = self.sender().run("C: Subject: hello")
        sender.lose()
        self.assertEqual(list(self.stored.mail_dir.rglob("cur/*")), [])
        self.assertEqual(list((self.stored.mail_dir.parent / "spool").iterdir()), [])
