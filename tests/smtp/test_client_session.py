"""The client's side of the conversation, line by line."""

from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any, TypeVar
from uuid import UUID

from attrs import evolve
from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.error import ConnectionDone, ConnectionLost
from twisted.internet.task import Clock
from twisted.internet.testing import StringTransport
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase

from daptinmail.interfaces.transfer import TransferRequest
from daptinmail.mail.address import Address
from daptinmail.mail.receipt import Outcome
from daptinmail.smtp.client import SmtpClient
from daptinmail.smtp.client_reply import HostFailed, TlsFailed
from daptinmail.smtp.client_session import UNKNOWN_FATE, ClientSession
from daptinmail.smtp.client_tls import OpportunisticTls
from tests.support.runtime import SynchronousBlocking

T = TypeVar("T")

EHLO = b"250-mx.example\r\n250-PIPELINING\r\n250-SIZE 1000\r\n250-8BITMIME\r\n250 SMTPUTF8\r\n"
A, B, C = (Address(local, "x.example") for local in "abc")


class FakeTransport(StringTransport):
    """Remembers STARTTLS."""

    secured = False
    aborted = False
    on_write: Callable[[], None] | None = None

    def write(self, data: bytes) -> None:
        super().write(data)
        if self.on_write and len(data) > 1000:
            self.on_write()

    def startTLS(self, creator: object, normal: bool = True) -> bool:
        self.secured = True
        return True

    def abortConnection(self) -> None:
        self.aborted = True

    def getHandle(self) -> Any:
        return self

    def get_protocol_version_name(self) -> str:
        return "TLSv1.3"


class SessionCase(SynchronousTestCase):
    """A session over a transport in memory."""

    def setUp(self) -> None:
        """A connection and a message."""
        self.clock = Clock()
        self.transport = FakeTransport()
        self.connection = SmtpClient(self.clock)
        self.connection.makeConnection(self.transport)
        self.session = ClientSession(
            self.connection, "mx.example", "me.example", SynchronousBlocking(), lambda: OpportunisticTls("mx.example")
        )
        path = Path(self.mktemp())
        path.write_bytes(b"Subject: x\r\n\r\n.dot\r\n")
        self.request = TransferRequest(
            trail=UUID(int=1),
            domain="x.example",
            return_path=Address("me", "me.example"),
            recipients=(A, B),
            path=path,
            size=20,
            helo="me.example",
            eight_bit=False,
            smtputf8=False,
        )

    def begin(self, work: Coroutine[Any, Any, T]) -> "Deferred[T]":
        """Start something."""
        return Deferred.fromCoroutine(work)

    def leave(self, work: Coroutine[Any, Any, Any]) -> None:
        """Start something that will not end."""
        self.unfinished = self.begin(work)

    def host(self, data: bytes, expected: bytes | None = None) -> None:
        """The host says something; before that, the client must have said ``expected``."""
        if expected is not None:
            self.assertEqual(self.transport.value(), expected)
        self.transport.clear()
        self.connection.dataReceived(data)

    def opened(self, ehlo: bytes = EHLO) -> None:
        """Greeting and EHLO are done."""
        opening = self.begin(self.session.open(use_tls=True))
        self.host(b"220 mx.example\r\n", b"")
        self.host(ehlo, b"EHLO me.example\r\n")
        self.successResultOf(opening)

    def lose(self, clean: bool = True) -> None:
        """The host goes away."""
        self.connection.connectionLost(Failure(ConnectionDone() if clean else ConnectionLost()))


class TransactionTests(SessionCase):
    """MAIL, RCPT, DATA."""

    def test_pipelined(self) -> None:
        """MAIL and all RCPT go in one write, the content with its dots doubled, and each recipient has its receipt."""
        self.opened()
        sending = self.begin(self.session.send(evolve(self.request, eight_bit=True), [A, B]))
        self.host(
            b"250 ok\r\n250 ok\r\n550 5.1.1 nobody\r\n",
            b"MAIL FROM:<me@me.example> SIZE=20 BODY=8BITMIME\r\nRCPT TO:<a@x.example>\r\nRCPT TO:<b@x.example>\r\n",
        )
        self.host(b"354 go\r\n", b"DATA\r\n")
        self.host(b"250 2.0.0 taken\r\n", b"Subject: x\r\n\r\n..dot\r\n.\r\n")
        found = {one.recipient: one for one in self.successResultOf(sending)}
        self.assertEqual([found[one].outcome for one in (A, B)], [Outcome.DELIVERED, Outcome.REFUSED])
        self.assertEqual(str(found[B].reply), "550 5.1.1 nobody")
        self.assertEqual(found[A].remote, "mx.example")

    def test_without_extensions(self) -> None:
        """A host that knows only HELO is spoken to command by command."""
        opening = self.begin(self.session.open(use_tls=True))
        self.host(b"220 old\r\n")
        self.host(b"502 what\r\n", b"EHLO me.example\r\n")
        self.host(b"250 old\r\n", b"HELO me.example\r\n")
        self.successResultOf(opening)
        sending = self.begin(self.session.send(self.request, [A]))
        self.host(b"250 ok\r\n", b"MAIL FROM:<me@me.example>\r\n")
        self.host(b"250 ok\r\n", b"RCPT TO:<a@x.example>\r\n")
        self.host(b"354 go\r\n", b"DATA\r\n")
        self.host(b"250 ok\r\n")
        self.assertEqual(self.successResultOf(sending)[0].outcome, Outcome.DELIVERED)

    def test_nobody_is_taken(self) -> None:
        """When all recipients are refused there is no DATA."""
        self.opened()
        sending = self.begin(self.session.send(self.request, [A]))
        self.host(b"250 ok\r\n450 4.2.1 greylisted\r\n")
        self.host(b"250 ok\r\n", b"RSET\r\n")
        self.assertEqual(self.successResultOf(sending)[0].outcome, Outcome.DEFERRED)

    def test_mail_refused(self) -> None:
        """A refused MAIL is refused for everybody; a deferred one sends us to the next host."""
        self.opened()
        sending = self.begin(self.session.send(self.request, [A, B]))
        self.host(b"550 5.7.1 not you\r\n503 x\r\n503 x\r\n")
        self.assertEqual({one.outcome for one in self.successResultOf(sending)}, {Outcome.REFUSED})
        sending = self.begin(self.session.send(self.request, [A, B]))
        self.host(b"451 4.3.0 later\r\n503 x\r\n503 x\r\n")
        self.failureResultOf(sending, HostFailed)

    def test_mail_refused_step_by_step(self) -> None:
        """The same without PIPELINING."""
        self.opened(b"250 mx\r\n")
        sending = self.begin(self.session.send(self.request, [A]))
        self.host(b"550 5.7.1 not you\r\n")
        self.assertEqual([one.outcome for one in self.successResultOf(sending)], [Outcome.REFUSED])

    def test_recipients_of_another_transaction(self) -> None:
        """452 after an accepted recipient means: in another transaction."""
        self.opened()
        sending = self.begin(self.session.send(self.request, [A, B]))
        self.host(b"250 ok\r\n250 ok\r\n452 4.5.3 too many\r\n")
        self.host(b"354 go\r\n")
        self.host(b"250 ok\r\n")
        self.assertEqual([one.recipient for one in self.successResultOf(sending)], [A])

    def test_null_path(self) -> None:
        """A notification has the null return-path."""
        self.opened()
        self.leave(self.session.send(evolve(self.request, return_path=None), [A]))
        self.assertTrue(self.transport.value().startswith(b"MAIL FROM:<> SIZE=20\r\n"))

    def test_too_large(self) -> None:
        """A message over the host's SIZE is not even begun."""
        self.opened()
        found = self.successResultOf(self.begin(self.session.send(evolve(self.request, size=1001), [A])))
        self.assertEqual((found[0].outcome, found[0].reply.status), (Outcome.REFUSED, "5.3.4"))
        self.assertEqual(self.transport.value(), b"")

    def test_smtputf8(self) -> None:
        """A message that needs SMTPUTF8 says so, and is refused for hosts that lack it (RFC 6531 §3.5)."""
        request = evolve(self.request, smtputf8=True)
        recipient = Address("jörg", "bücher.example")
        self.opened()
        self.leave(self.session.send(request, [recipient]))
        self.assertIn("SMTPUTF8\r\nRCPT TO:<jörg@bücher.example>".encode(), self.transport.value())
        self.setUp()
        self.opened(b"250 mx\r\n")
        found = self.successResultOf(self.begin(self.session.send(request, [recipient])))
        self.assertEqual((found[0].outcome, found[0].reply.status), (Outcome.REFUSED, "5.6.7"))

    def test_a_labels(self) -> None:
        """Without SMTPUTF8 an internationalised domain travels as A-labels."""
        self.opened()
        self.leave(self.session.send(self.request, [Address("a", "bücher.example")]))
        self.assertIn(b"RCPT TO:<a@xn--bcher-kva.example>", self.transport.value())


class NotificationTests(SessionCase):
    """What the sender asked to be told (RFC 3461)."""

    def asking(self) -> TransferRequest:
        """A request with everything."""
        return evolve(
            self.request,
            envelope_id="QQ+314",
            returned_part="HDRS",
            notify={A: "SUCCESS,FAILURE", B: "NEVER"},
            originals={A: "rfc822;Ann=X@y.example", B: "utf-8;jörg@y.example"},
        )

    def test_handed_on(self) -> None:
        """A host that offers DSN is told, in xtext, and its receipts say that it takes over."""
        self.opened(b"250-mx.example\r\n250-PIPELINING\r\n250 DSN\r\n")
        sending = self.begin(self.session.send(self.asking(), [A, B]))
        self.host(
            b"250 ok\r\n250 ok\r\n250 ok\r\n",
            b"MAIL FROM:<me@me.example> RET=HDRS ENVID=QQ+2B314\r\n"
            b"RCPT TO:<a@x.example> NOTIFY=SUCCESS,FAILURE ORCPT=rfc822;Ann+3DX@y.example\r\n"
            b"RCPT TO:<b@x.example> NOTIFY=NEVER ORCPT=utf-8;j\\x{F6}rg@y.example\r\n",
        )
        self.host(b"354 go\r\n")
        self.host(b"250 2.0.0 taken\r\n")
        self.assertEqual([one.reports for one in self.successResultOf(sending)], [True, True])

    def test_not_offered(self) -> None:
        """Other hosts hear nothing of it, and the receipts say so."""
        self.opened()
        sending = self.begin(self.session.send(self.asking(), [A]))
        self.host(b"250 ok\r\n250 ok\r\n", b"MAIL FROM:<me@me.example> SIZE=20\r\nRCPT TO:<a@x.example>\r\n")
        self.host(b"354 go\r\n")
        self.host(b"250 2.0.0 taken\r\n")
        self.assertEqual([one.reports for one in self.successResultOf(sending)], [False])

    def test_nothing_asked(self) -> None:
        """Where nothing was asked nothing is said."""
        self.opened(b"250-mx.example\r\n250 DSN\r\n")
        self.leave(self.session.send(self.request, [A]))
        self.host(b"250 ok\r\n", b"MAIL FROM:<me@me.example>\r\n")
        self.host(b"250 ok\r\n", b"RCPT TO:<a@x.example>\r\n")

    def test_nothing_can_be_smuggled(self) -> None:
        """Whatever was asked stays inside its parameter, and one that is too long is left out."""
        evil = evolve(
            self.request, envelope_id="a b\r\nQUIT", originals={A: "rfc822;x\r\nQUIT", B: "rfc822;" + "x" * 600}
        )
        self.opened(b"250-mx.example\r\n250-PIPELINING\r\n250 DSN\r\n")
        self.leave(self.session.send(evil, [A, B]))
        self.assertEqual(
            self.transport.value(),
            b"MAIL FROM:<me@me.example> ENVID=a+20b+0D+0AQUIT\r\n"
            b"RCPT TO:<a@x.example> ORCPT=rfc822;x+0D+0AQUIT\r\nRCPT TO:<b@x.example>\r\n",
        )


class DisappearanceTests(SessionCase):
    """Hosts that fall silent or hang up."""

    def accepted(self) -> "Deferred[Any]":
        """The host waits for the content."""
        self.opened()
        sending = self.begin(self.session.send(self.request, [A]))
        self.host(b"250 ok\r\n250 ok\r\n")
        return sending

    def test_lost_after_the_dot(self) -> None:
        """Whether the host has the message is not known: it is deferred, not sent to another host at once."""
        sending = self.accepted()
        self.host(b"354 go\r\n")
        self.lose()
        self.assertEqual([one.reply for one in self.successResultOf(sending)], [UNKNOWN_FATE])

    def test_silent_after_the_dot(self) -> None:
        """The same after ten minutes of silence (RFC 5321 §4.5.3.2.6)."""
        sending = self.accepted()
        self.host(b"354 go\r\n")
        self.clock.advance(599)
        self.assertNoResult(sending)
        self.clock.advance(1)
        self.assertEqual([one.reply for one in self.successResultOf(sending)], [UNKNOWN_FATE])
        self.assertTrue(self.transport.aborted)

    def test_lost_before_the_content(self) -> None:
        """A connection lost before the content went out leaves the next host to try."""
        sending = self.accepted()
        self.lose(clean=False)
        self.failureResultOf(sending, HostFailed)

    def test_cut_off_in_the_content(self) -> None:
        """A transfer that is cancelled within the content says nothing more: QUIT would be part of the message."""
        blocked: Deferred[bytes] = Deferred()

        class Blocked(SynchronousBlocking):
            def run(self, function: Any, *arguments: object) -> "Deferred[Any]":
                return blocked if function.__name__ == "read" else super().run(function, *arguments)

        self.session.blocking = Blocked()
        sending = self.accepted()
        self.host(b"354 go\r\n")
        self.transport.clear()
        sending.cancel()
        self.session.close()
        self.failureResultOf(sending, CancelledError)
        self.assertEqual(self.transport.value(), b"")
        self.assertTrue(self.transport.aborted)

    def test_early_answer(self) -> None:
        """A host that refuses within the content is believed, and the connection is given up."""
        sending = self.accepted()
        self.host(b"354 go\r\n552 5.3.4 too much\r\n")
        (receipt,) = self.successResultOf(sending)
        self.assertEqual((receipt.outcome, receipt.reply.status), (Outcome.REFUSED, "5.3.4"))
        self.assertTrue(self.transport.aborted)

    def test_slow_reader(self) -> None:
        """A host that does not read holds us back, and after three minutes is given up (RFC 5321 §4.5.3.2.5)."""
        self.request.path.write_bytes(b"line\r\n" * 50_000)
        sending = self.accepted()
        self.transport.clear()
        self.transport.on_write = self.connection.pauseProducing
        self.host(b"354 go\r\n")
        first = len(self.transport.value())
        self.assertTrue(0 < first < 70_000, first)
        self.connection.resumeProducing()
        self.assertGreater(len(self.transport.value()), first)
        self.clock.advance(180)
        self.failureResultOf(sending, HostFailed)
        self.assertTrue(self.transport.aborted)

    def test_silent_greeting(self) -> None:
        """A host that never greets is given up after five minutes."""
        opening = self.begin(self.session.open(use_tls=False))
        self.clock.advance(300)
        self.failureResultOf(opening, HostFailed)
        self.assertTrue(self.transport.aborted)

    def test_unfriendly_greeting(self) -> None:
        """Whatever a host greets with but 220 sends us elsewhere, for now."""
        for greeting in (b"554 no mail here\r\n", b"421 busy\r\n", b"SSH-2.0\r\n"):
            self.setUp()
            opening = self.begin(self.session.open(use_tls=False))
            self.host(greeting)
            self.assertTrue(self.failureResultOf(opening, HostFailed).value.temporary)

    def test_closing(self) -> None:
        """421 at any point means that this host is done."""
        self.opened()
        sending = self.begin(self.session.send(self.request, [A]))
        self.host(b"421 4.3.2 shutting down\r\n")
        self.failureResultOf(sending, HostFailed)

    def test_quit(self) -> None:
        """QUIT is said, and silence does not keep the connection open."""
        self.opened()
        self.session.close()
        self.assertEqual(self.transport.value(), b"QUIT\r\n")
        self.clock.advance(10)
        self.assertTrue(self.transport.aborted)
        self.assertEqual(self.clock.getDelayedCalls(), [])


class TlsTests(SessionCase):
    """STARTTLS when offered."""

    def offered(self) -> "Deferred[None]":
        """The client has asked for TLS."""
        opening = self.begin(self.session.open(use_tls=True))
        self.host(b"220 mx\r\n")
        self.host(b"250-mx\r\n250-SIZE 5\r\n250 STARTTLS\r\n")
        self.assertEqual(self.transport.value(), b"STARTTLS\r\n")
        return opening

    def test_used_when_offered(self) -> None:
        """After the handshake EHLO is said again, and what was said in clear text is forgotten."""
        opening = self.offered()
        self.host(b"220 go\r\n")
        self.assertTrue(self.transport.secured)
        self.connection.handshakeCompleted()
        self.host(b"250 mx\r\n", b"EHLO me.example\r\n")
        self.successResultOf(opening)
        self.leave(self.session.send(self.request, [A]))
        self.assertEqual(self.transport.value(), b"MAIL FROM:<me@me.example>\r\n")

    def test_injected_before_tls(self) -> None:
        """CVE-2011-0411: replies that were sent in clear text behind the 220 end the connection."""
        for injected in (b"250 injected\r\n", b"250-inj"):
            self.setUp()
            opening = self.offered()
            self.host(b"220 go\r\n" + injected)
            self.failureResultOf(opening, TlsFailed)
            self.assertFalse(self.transport.secured)
            self.assertTrue(self.transport.aborted)

    def test_handshake_fails(self) -> None:
        """A failed or endless handshake is told apart, so that the host can be tried without."""
        opening = self.offered()
        self.host(b"220 go\r\n")
        self.lose(clean=False)
        self.failureResultOf(opening, TlsFailed)
        self.setUp()
        opening = self.offered()
        self.host(b"220 go\r\n")
        self.clock.advance(30)
        self.failureResultOf(opening, TlsFailed)

    def test_not_available_now(self) -> None:
        """A host that offers TLS and then says no is used in clear text."""
        opening = self.offered()
        self.host(b"454 4.7.0 not now\r\n")
        self.successResultOf(opening)

    def test_not_asked_for(self) -> None:
        """The second try at a host leaves TLS out."""
        opening = self.begin(self.session.open(use_tls=False))
        self.host(b"220 mx\r\n")
        self.host(b"250 STARTTLS\r\n")
        self.successResultOf(opening)
