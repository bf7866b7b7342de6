"""The site: limits on what a request may hold, and what is logged of it."""

from typing import Any

from twisted.internet.address import IPv4Address
from twisted.internet.task import Clock
from twisted.internet.testing import StringTransport
from twisted.trial.unittest import SynchronousTestCase
from twisted.web.resource import IResource, Resource

from daptinmail.api.site import Limits, log_line, make_site
from tests.api.web import Web, api_resource

LIMITS = Limits(body=100, mail=300, timeout=60)


class Echo(Resource):
    """Answers the length of the body."""

    isLeaf = True  # noqa: N815 - twisted.web's name

    def __init__(self) -> None:
        super().__init__()
        self.requests: list[Any] = []

    def render(self, request: Any) -> bytes:
        """How many octets came."""
        self.requests.append(request)
        return b"%d" % len(request.content.read())


class SiteTests(SynchronousTestCase):
    """make_site."""

    def setUp(self) -> None:
        self.clock = Clock()
        self.echo = Echo()

    def connect(self, resource: IResource | None = None) -> tuple[Any, StringTransport]:
        """A connection."""
        site = make_site(resource or self.echo, self.clock, LIMITS)
        channel = site.buildProtocol(IPv4Address("TCP", "192.0.2.1", 1))
        transport = StringTransport(peerAddress=IPv4Address("TCP", "192.0.2.1", 1))
        channel.makeConnection(transport)
        return channel, transport

    def send(self, *pieces: bytes, resource: IResource | None = None) -> bytes:
        """What a connection answers."""
        channel, transport = self.connect(resource)
        for piece in pieces:
            channel.dataReceived(piece)
        answer: bytes = transport.value()
        return answer

    def test_small_body(self) -> None:
        """A body within the limit arrives whole."""
        answer = self.send(b"POST /api/mail_server HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\n", b"x" * 100)
        self.assertTrue(answer.startswith(b"HTTP/1.1 200"))
        self.assertTrue(answer.endswith(b"\r\n\r\n100"), answer)

    def test_announced_too_large(self) -> None:
        """A body that is announced too large is refused before it is sent, and never read."""
        head = b"POST /api/mail_server HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 101\r\n\r\n"
        answer = self.send(head, b"x" * 101)
        self.assertTrue(answer.startswith(b"HTTP/1.1 413"), answer)
        self.assertNotIn(b"100 Continue", answer)
        self.assertIn(b'"status":"413"', answer)
        self.assertEqual(self.echo.requests, [])

    def test_chunks_too_large(self) -> None:
        """Without an announcement the octets are counted as they come."""
        head = b"POST /api/mail_server HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
        chunk = b"3c\r\n" + b"x" * 60 + b"\r\n"
        channel, transport = self.connect()
        for piece in (head, chunk, chunk):
            channel.dataReceived(piece)
        self.assertTrue(transport.value().startswith(b"HTTP/1.1 413"))
        self.assertTrue(transport.disconnecting)
        channel.dataReceived(b"0\r\n\r\n")
        self.assertEqual(self.echo.requests, [])

    def test_mail_may_be_larger(self) -> None:
        """Rows that carry a message have a limit of their own."""
        head = b"POST %b HTTP/1.1\r\nHost: a\r\nContent-Length: 200\r\n\r\n"
        self.assertIn(b"HTTP/1.1 200", self.send(head % b"/api/mail?x=1", b"x" * 200))
        self.assertIn(b"HTTP/1.1 413", self.send(head % b"/api/mailing", b"x" * 200))

    def test_forms_are_not_parsed(self) -> None:
        """What curl calls a form stays raw."""
        head = b"POST /_config/backend/x HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n"
        self.send(head + b"Content-Type: application/x-www-form-urlencoded\r\n\r\na=b")
        self.assertEqual(self.echo.requests[0].args, {})

    def test_many_header_fields(self) -> None:
        """More header than 16 KiB is cut off."""
        answer = self.send(b"GET / HTTP/1.1\r\n" + b"X-A: 1\r\n" * 3000 + b"\r\n")
        self.assertTrue(answer.startswith(b"HTTP/1.1 400"), answer[:50])
        self.assertEqual(self.echo.requests, [])

    def test_silence(self) -> None:
        """Who says nothing for a minute is disconnected (slowloris)."""
        channel, transport = self.connect()
        channel.dataReceived(b"GET / HT")
        self.clock.advance(61)
        self.assertTrue(transport.disconnecting)

    def test_log_line(self) -> None:
        """The access log shows no query string: it may hold a token."""
        self.send(b"GET /api/mail?token=topsecret HTTP/1.1\r\nHost: a\r\n\r\n")
        line = log_line("[now]", self.echo.requests[0])
        self.assertIn("192.0.2.1 GET /api/mail 200", line)
        self.assertNotIn("topsecret", line)

    def test_malformed_host(self) -> None:
        """A Host that is none, or two of them, is 400 and no failure of ours."""
        for hosts in (b"Host: a b\r\n", b"Host: \xff\r\n", b"Host: a\r\nHost: b\r\n", b"Host: a..b\xc3\r\n"):
            answer = self.send(b"GET /ping HTTP/1.1\r\n" + hosts + b"\r\n", resource=api_resource(Web()))
            self.assertTrue(answer.startswith(b"HTTP/1.1 400"), answer)

    def test_pipelined_after_refusal(self) -> None:
        """What follows a refused body is not taken for a request."""
        head = b"POST /x HTTP/1.1\r\nHost: a\r\nContent-Length: 101\r\n\r\n"
        answer = self.send(head + b"x" * 101 + b"GET /ping HTTP/1.1\r\nHost: a\r\n\r\n")
        self.assertEqual(answer.count(b"HTTP/1.1 "), 1)
        self.assertEqual(self.echo.requests, [])

    def test_through_the_api(self) -> None:
        """The API answers over the real site, and says nothing of what it is made of."""
        answer = self.send(b"GET /ping HTTP/1.1\r\nHost: a\r\n\r\n", resource=api_resource(Web()))
        self.assertTrue(answer.endswith(b"pong"), answer)
        self.assertIn(b"Server: daptinmail\r\n", answer)
        self.assertNotIn(b"Twisted", answer)
