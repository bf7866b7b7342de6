"""STARTTLS and implicit TLS over real sockets on loopback, with the standard library's client."""

import smtplib
import socket
import ssl
from collections.abc import Callable
from typing import Any

from twisted.internet.defer import Deferred
from twisted.internet.endpoints import TCP4ServerEndpoint
from twisted.internet.threads import deferToThread
from twisted.protocols.tls import TLSMemoryBIOFactory
from twisted.trial.unittest import TestCase

from daptinmail.net.blocking import deferred
from daptinmail.net.tls import ServerConnections, certificate_context
from daptinmail.smtp.server import SmtpFactory
from tests.smtp.listening import Listener
from tests.support.certificates import material

MESSAGE = b"Subject: hello\r\n\r\n.dots\r\n"


def certificate() -> ServerConnections:
    """A self-signed one."""
    made = material("mail.example.test")
    return ServerConnections(certificate_context(made.certificate_pem.encode(), made.private_key_pem, ()))


def unverified() -> ssl.SSLContext:
    """The client's side; the certificate is nobody's."""
    context = ssl.create_default_context()
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def send_by_starttls(port: int) -> list[Any]:
    """A whole submission; blocks."""
    with smtplib.SMTP("127.0.0.1", port, timeout=10) as client:
        client.ehlo("client.test")
        before = dict(client.esmtp_features)
        client.starttls(context=unverified())
        login = client.login("ann@example.test", "secret")
        return [before, login, client.sendmail("ann@example.test", ["bob@example.test"], MESSAGE)]


def send_by_implicit_tls(port: int) -> list[Any]:
    """A whole submission; blocks."""
    with smtplib.SMTP_SSL("127.0.0.1", port, timeout=10, context=unverified()) as client:
        login = client.login("ann@example.test", "secret")
        return [login, client.sendmail("ann@example.test", ["bob@example.test"], MESSAGE)]


def inject(port: int) -> bytes:
    """Commands behind STARTTLS in one segment; everything the server says; blocks."""
    with socket.create_connection(("127.0.0.1", port), timeout=10) as client:
        said = client.recv(1000)
        client.sendall(b"EHLO a\r\nSTARTTLS\r\nEHLO injected\r\n")
        while data := client.recv(1000):
            said += data
        return said


class Live(TestCase):
    """Real sockets."""

    timeout = 30

    async def served(self, factory: Any, sessions: SmtpFactory, work: Callable[[int], Any]) -> Any:
        """What ``work`` answers while ``factory`` listens."""
        from twisted.internet import reactor

        endpoint = TCP4ServerEndpoint(reactor, 0, interface="127.0.0.1")
        port = await endpoint.listen(factory)
        try:
            return await deferToThread(work, port.getHost().port)
        finally:
            await port.stopListening()
            while sessions.sessions:
                pause: Deferred[None] = Deferred()
                reactor.callLater(0, pause.callback, None)
                await pause

    def listener(self, implicit: bool) -> Listener:
        """Answers by a certificate of its own."""
        return Listener(starttls=not implicit, implicit_tls=implicit, context=certificate())

    @deferred
    async def test_starttls(self) -> None:
        """AUTH is offered after the handshake only, and a message goes through."""
        listener = self.listener(implicit=False)
        before, login, refused = await self.served(listener.factory, listener.factory, send_by_starttls)
        self.assertIn("starttls", before)
        self.assertNotIn("auth", before)
        self.assertEqual((login, refused), ((235, b"2.7.0 Authentication succeeded"), {}))
        (message,) = listener.reception.received
        self.assertEqual((message.content, message.origin.tls), (MESSAGE, "TLSv1.3"))

    @deferred
    async def test_implicit_tls(self) -> None:
        """A listener whose transport is TLS from the first byte."""
        listener = self.listener(implicit=True)
        wrapped = TLSMemoryBIOFactory(certificate(), False, listener.factory)
        login, refused = await self.served(wrapped, listener.factory, send_by_implicit_tls)
        self.assertEqual((login[0], refused), (235, {}))
        self.assertEqual(listener.reception.received[0].origin.tls, "TLSv1.3")

    @deferred
    async def test_starttls_plaintext_injection(self) -> None:
        """The connection is dropped before any handshake."""
        listener = self.listener(implicit=False)
        said = await self.served(listener.factory, listener.factory, inject)
        self.assertTrue(said.endswith(b"250 HELP\r\n"), said)
