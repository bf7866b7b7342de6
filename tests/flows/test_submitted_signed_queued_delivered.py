"""Journey 2: what an account submits is checked, signed, queued, transferred; what fails comes back."""

from random import Random

import dkim
from twisted.internet.task import Clock

from daptinmail.agents.confirming import Confirming
from daptinmail.agents.mda import Mda
from daptinmail.agents.msa import Msa
from daptinmail.agents.reception import Reception
from daptinmail.agents.returns import Returns
from daptinmail.db.schema import mail_account, mail_server
from daptinmail.dkim.signer import Signer
from daptinmail.interfaces.storage import ITransaction
from daptinmail.interfaces.tls import SigningKey
from daptinmail.interfaces.transfer import MailExchanger
from daptinmail.mail.address import Address
from daptinmail.mail.envelope import MailParameters
from daptinmail.queue.runner import Queue
from daptinmail.settings import Live
from daptinmail.smtp.transfer import Transfer
from tests.agents.case import BOB, AgentCase
from tests.dkim.support import Keys, pem_of, published, rsa_key
from tests.support.outgoing import MemoryCaps, MemorySuppressions
from tests.support.queue import ReactorClock
from tests.support.resolver import MemoryResolver
from tests.support.runtime import SynchronousBlocking
from tests.support.transfer import Network

CAROL, DAVE = Address("carol", "elsewhere.example"), Address("dave", "elsewhere.example")
MESSAGE = b"From: Ann <ann@example.com>\r\nTo: Carol <carol@elsewhere.example>\r\nSubject: hello\r\n\r\n.body\r\n"


class SubmittedSignedQueuedDelivered(AgentCase):
    """Ann writes to Carol elsewhere and to Bob here."""

    def setUp(self) -> None:
        """The agents of production over a real queue, a real signer and mail hosts in memory."""
        super().setUp()
        self.timers = Clock()
        clock = ReactorClock(self.timers)
        self.storage.clock = clock
        key = SigningKey("example.com", "d1", pem_of(rsa_key()))
        self.network = Network(self.timers, {"192.0.2.1": {}})
        resolver = MemoryResolver(
            {"elsewhere.example": [MailExchanger(10, "mx.elsewhere.example")]}, {"mx.elsewhere.example": ["192.0.2.1"]}
        )
        live = Live(hostname="mail.example.com")
        blocking = SynchronousBlocking()
        mda = Mda(self.routing, self.store)
        self.outbound = Queue(
            storage=self.storage,
            clock=clock,
            timers=self.timers,
            transfer=Transfer(resolver, self.network.connect, self.timers, blocking, lambda: live.outbound, Random(1)),
            returns=Returns(self.routing, mda, lambda: self.outbound, self.events, self.identifiers),
            events=self.events,
            identifiers=self.identifiers,
            queue_dir=self.storage.directory / "queue",
            live=lambda: live,
            random=Random(1),
        )
        signer = Signer(Keys({"example.com": key}), blocking, clock)
        msa = Msa(
            self.directory,
            mda,
            self.store,
            self.outbound,
            self.storage,
            self.events,
            signer,
            self.contents,
            clock,
            MemorySuppressions(),
            MemoryCaps(),
            Confirming(mda, self.outbound.returns),
        )
        self.reception = Reception(self.reception.mta, msa)
        self.successResultOf(self.storage.write(self.insert_rows))
        self.result(self.outbound.start())

    def insert_rows(self, transaction: ITransaction) -> None:
        """The rows that ``outbox`` refers to."""
        common = {"id": 1, "created_at": transaction.now, "reference_id": self.ann.reference}
        transaction.connection.execute(mail_server.insert().values(**common, hostname="mail.example.com"))
        values = {"username": "ann", "password": "", "mail_server_id": 1, "address_local": "ann"}
        values |= {"address_domain": "example.com", "directory": "ann"}
        transaction.connection.execute(mail_account.insert().values(**common, **values))

    def submit(self, *recipients: Address) -> None:
        """What the SMTP edge asks for one message; then the queue runs."""
        self.result(self.reception.mail(self.inside, self.ann.address, MailParameters()))
        for recipient in recipients:
            self.result(self.rcpt(self.inside, recipient))
        self.result(self.receive(self.inside, *recipients, content=MESSAGE))
        self.timers.pump([0, 0, 1])

    def is_signed(self, content: bytes) -> bool:
        """True if the signature verifies with the published key of the right name."""
        asked: list[bytes] = []
        return bool(dkim.verify(content, dnsfunc=published(rsa_key(), asked))) and asked == [
            b"d1._domainkey.example.com."
        ]

    def test_journey(self) -> None:
        """Carol's host gets the message once, signed; Bob has it in INBOX, Ann in Sent; the trail tells the story."""
        self.submit(CAROL, BOB)
        (remote,) = self.network.remotes
        self.assertEqual(
            remote.commands[1:4], ["MAIL FROM:<ann@example.com>", "RCPT TO:<carol@elsewhere.example>", "DATA"]
        )
        self.assertTrue(remote.content.endswith(MESSAGE))
        self.assertTrue(self.is_signed(remote.content))
        self.assertEqual(len(self.mailbox(self.bob)), 1)
        self.assertEqual(len(self.mailbox(self.ann, "Sent")), 1)
        self.assertEqual(self.events.kinds, ["message.submitted", "queue.kept", "queue.sent"])

    def test_greylisted(self) -> None:
        """A host that says later is asked again, and gets the same octets."""
        self.network.hosts["192.0.2.1"] = {"RCPT": "450 4.2.0 greylisted"}
        self.submit(CAROL)
        self.network.hosts["192.0.2.1"] = {}
        self.timers.pump([60] * 3)
        self.assertTrue(self.is_signed(self.network.remotes[1].content))

    def test_refused(self) -> None:
        """A recipient that the host refuses comes back to Ann with the reason; the other gets the message."""
        self.network.hosts["192.0.2.1"] = {"rcpt to:<dave@elsewhere.example>": "550 5.1.1 no Dave here"}
        self.submit(CAROL, DAVE)
        (report,) = self.mailbox(self.ann)
        self.assertIn(b"550 5.1.1 no Dave here", report)
        self.assertIn(b"Final-Recipient: rfc822; dave@elsewhere.example", report)
        self.assertNotIn(b"carol@elsewhere.example\r\nAction", report)
        self.assertTrue(self.network.remotes[0].content.endswith(MESSAGE))
