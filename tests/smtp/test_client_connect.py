"""The transfer agent over real sockets and real TLS, on loopback."""

from pathlib import Path
from typing import Any
from uuid import UUID

from twisted.internet.ssl import CertificateOptions
from twisted.trial.unittest import TestCase

from daptinmail.interfaces.transfer import MailExchanger, TransferRequest
from daptinmail.mail.address import Address
from daptinmail.mail.receipt import Outcome, Receipt
from daptinmail.net.blocking import deferred
from daptinmail.net.tls import ServerConnections, certificate_context
from daptinmail.settings import OutboundSettings
from daptinmail.smtp.client_connect import TcpConnect
from daptinmail.smtp.transfer import Transfer
from tests.support.certificates import material
from tests.support.resolver import MemoryResolver
from tests.support.runtime import SynchronousBlocking
from tests.support.sink import Sink


def server_options() -> ServerConnections:
    """A self-signed certificate."""
    made = material("mx.x.example")
    return ServerConnections(certificate_context(made.certificate_pem.encode(), made.private_key_pem, ()))


class SocketTests(TestCase):
    """One domain, whose host is a sink."""

    def sink(self, context: Any = None) -> Sink:
        """The host."""
        from twisted.internet import reactor

        sink = Sink(context=context)
        self.addCleanup(sink.stop)
        host, port = sink.listen(reactor)
        resolver = MemoryResolver({"x.example": [MailExchanger(10, "mx.x.example")]}, {"mx.x.example": [host]})
        settings = OutboundSettings(allow_loopback=True, port=port)
        self.agent = Transfer(resolver, TcpConnect(reactor), reactor, SynchronousBlocking(), lambda: settings)
        return sink

    def written(self, content: bytes) -> Path:
        """A content file."""
        path = Path(self.mktemp())
        path.write_bytes(content)
        return path

    async def send(self, content: bytes) -> Receipt:
        """One attempt."""
        path = self.written(content)
        request = TransferRequest(
            trail=UUID(int=1),
            domain="x.example",
            return_path=None,
            recipients=(Address("a", "x.example"),),
            path=path,
            size=len(content),
            helo="me.example",
            eight_bit=False,
            smtputf8=False,
        )
        (receipt,) = await self.agent.transfer(request)
        return receipt

    @deferred
    async def test_over_tls(self) -> None:
        """A large message arrives byte for byte, under a certificate that nobody vouches for."""
        sink = self.sink(server_options())
        content = b"Subject: x\r\n\r\n" + b".line\r\n" * 300_000
        receipt = await self.send(content)
        self.assertEqual(receipt.outcome, Outcome.DELIVERED)
        self.assertTrue((receipt.tls or "").startswith("TLSv1."))
        self.assertTrue(sink.messages[0].tls)
        self.assertEqual(sink.messages[0].content, content)

    @deferred
    async def test_broken_tls(self) -> None:
        """A host whose handshake fails gets the message in clear text."""
        sink = self.sink(CertificateOptions())
        receipt = await self.send(b"Subject: x\r\n\r\n")
        self.assertEqual((receipt.outcome, receipt.tls), (Outcome.DELIVERED, None))
        self.assertEqual((sink.connections, len(sink.messages)), (2, 1))

    @deferred
    async def test_nobody_listens(self) -> None:
        """A refused connection is a temporary failure."""
        await self.sink().stop()
        self.assertEqual((await self.send(b"")).outcome, Outcome.DEFERRED)
