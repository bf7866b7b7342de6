"""Mail composed over HTTP."""

from typing import Any

from attrs import evolve
from twisted.internet.defer import Deferred

from daptinmail.agents.sending import Sending
from daptinmail.errors import DaptinmailError, Invalid, NotFound, Refused
from daptinmail.interfaces.sending import DEFERRED, DELIVERED, SendOutcome, SendRequest, Standing
from daptinmail.mail.composition import Composition, parse_mailbox
from daptinmail.settings import Live
from tests.agents.case import SERVER, THEM, TRAIL, AgentCase
from tests.support.reception import MemorySpool
from tests.support.runtime import SynchronousBlocking
from tests.support.sending import MemoryStandings

OTHER = evolve(SERVER, id=77, hostname="other.example.com")


class SendingTests(AgentCase):
    """Over the real MSA."""

    def setUp(self) -> None:
        super().setUp()
        self.standings = MemoryStandings()
        self.spool = MemorySpool()
        own = evolve(SERVER, id=self.ann.server_id, hostname=self.ann.server_hostname)
        self.live = Live("mail.example.com", (own, OTHER))
        self.sending = Sending(
            self.reception.msa,
            self.standings,
            self.events,
            self.spool,
            SynchronousBlocking(),
            self.clock,
            lambda: self.live,
        )

    def request(self, *recipients: str, **options: Any) -> SendRequest:
        """From Ann."""
        people = [parse_mailbox(one) for one in recipients]
        composition = Composition(parse_mailbox("Ann <ann@example.com>"), people, subject="Grüße", text="Hi.")
        return SendRequest(self.ann, composition, TRAIL, "192.0.2.9", **options)

    def send(self, request: SendRequest) -> SendOutcome:
        """What it answers."""
        return self.result(self.sending.send(request))

    def fails(self, request: SendRequest, kind: type[DaptinmailError]) -> Any:
        """The error; nothing was kept."""
        error = self.failureResultOf(Deferred.fromCoroutine(self.sending.send(request)), kind).value
        self.assertEqual((self.events.kinds, self.queue.messages, self.mailbox(self.bob)), ([], [], []))
        self.assertEqual(self.spool.open, set())
        return error

    def test_here_and_elsewhere(self) -> None:
        """One copy into the mailbox here, one into Sent, the rest into the queue, under the chosen trail."""
        self.standings.known[TRAIL] = [Standing(THEM, DEFERRED, "451 later")]
        outcome = self.send(self.request("bob@example.com", str(THEM)))
        states = [(str(one.recipient), one.state, one.reply) for one in outcome.standings]
        self.assertEqual(states, [("bob@example.com", DELIVERED, ""), (str(THEM), DEFERRED, "451 later")])
        (queued,) = self.queue.messages
        self.assertEqual((queued.trail, queued.recipients, queued.return_path), (TRAIL, (THEM,), self.ann.address))
        self.assertIn(f"Message-ID: <{outcome.message_id}>".encode(), self.queue.contents[0])
        self.assertIn(b"with HTTP\r\n id ", self.queue.contents[0])
        self.assertEqual((len(self.mailbox(self.bob)), len(self.mailbox(self.ann, "Sent"))), (1, 1))
        self.assertEqual((self.standings.attempts, self.spool.open), ([], set()))

    def test_not_twice(self) -> None:
        """The same trail again tells how far it has come and sends nothing."""
        first = self.send(self.request("bob@example.com"))
        self.assertEqual(self.send(self.request("bob@example.com")), first)
        self.assertEqual(len(self.mailbox(self.bob)), 1)

    def test_immediate(self) -> None:
        """The first attempt is waited for when asked."""
        self.send(self.request(str(THEM), immediate=True))
        self.assertEqual(self.standings.attempts, [TRAIL])

    def test_as_another_server(self) -> None:
        """The named server's name is used; one that is not there or not enabled is an error."""
        self.send(self.request(str(THEM), server_hostname="Other.example.com"))
        self.assertEqual(self.queue.messages[0].server_id, 77)
        self.assertIn(b"by other.example.com with HTTP\r\n", self.queue.contents[0])

    def test_no_such_server(self) -> None:
        """Daptin's words for it."""
        error = self.fails(self.request(str(THEM), server_hostname="x.example"), NotFound)
        self.assertEqual(error.text, "failed to get mail server details for sending as: x.example")
        self.live = Live("mail.example.com", (evolve(OTHER, is_enabled=False),))
        self.fails(self.request(str(THEM), server_hostname="other.example.com"), NotFound)

    def test_all_or_nobody(self) -> None:
        """One recipient that cannot be, and nobody gets anything."""
        error = self.fails(self.request("bob@example.com", "nobody@example.com", str(THEM)), Invalid)
        self.assertIn("nobody@example.com: ", error.fields["to"])

    def test_uncomposable(self) -> None:
        """The part at fault is named."""
        request = self.request()
        self.assertEqual(list(self.fails(request, Invalid).fields), ["to"])

    def test_not_as_others(self) -> None:
        """From must be the account's, as over SMTP."""
        request = self.request(str(THEM))
        composition = evolve(request.composition, author=parse_mailbox("bob@example.com"))
        self.fails(evolve(request, composition=composition), Refused)
