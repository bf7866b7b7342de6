"""APPEND within limits: what it may bring, what it holds in memory, what is left of it."""

from twisted.trial.unittest import SynchronousTestCase

from daptinmail.errors import Malformed
from daptinmail.imap.limits import APPEND_MEMORY, MESSAGE_LITERALS, URLS
from daptinmail.imap.urls import MessageUrl, parse_url
from tests.imap.session import MESSAGE, Server
from tests.support.dialogue import Dialogue
from tests.support.reception import MemorySpool, MemorySpooled


class LimitTests(SynchronousTestCase):
    """What one command may bring along."""

    def empty(self, server: Server) -> None:
        """Nothing was stored, nothing is left in the spool."""
        self.assertEqual(server.spool.open, set())
        server.login().run('C: s STATUS Sent (MESSAGES)\nS: * STATUS "Sent" (MESSAGES 0)\nS: s OK ...')

    def test_many_messages(self) -> None:
        """More messages than the limit are refused all together, after they have been read away."""
        server = Server()
        client = server.login()
        client.send(b"1 APPEND Sent" + b" {8+}\r\nA: b\r\n\r\n" * (MESSAGE_LITERALS + 1) + b"\r\n2 NOOP\r\n")
        for _ in range(MESSAGE_LITERALS // 10):
            server.clock.advance(0)
        client.run("S: 1 NO [LIMIT] ...\nS: 2 OK ...")
        self.empty(server)

    def test_many_octets(self) -> None:
        """Messages that are not too large one by one may be too large together."""
        server = Server()
        client = server.login()
        server.spool.keep = False
        client.send(b"1 APPEND Sent")
        for _ in range(4):
            client.send(b" {60000000+}\r\n")
            for _ in range(60):
                client.send(b"x" * 1_000_000)
        client.send(b" {60000000}\r\n")
        client.run("S: 1 NO [TOOBIG] ...\nC: 2 NOOP\nS: 2 OK ...")
        self.empty(server)

    def test_memory(self) -> None:
        """However many small messages come, few octets of them are held in memory."""
        server = Server()
        allowed: list[int | None] = []

        class Recording(MemorySpool):
            """Keeps what it was told of memory."""

            def create(self, memory: int | None = None) -> MemorySpooled:
                """Note it."""
                allowed.append(memory)
                return super().create(memory)

        server.factory.spool = Recording()
        client = server.login()
        body = b"A: b\r\n\r\n" + b"x" * 1_000_000
        for _ in range(6):
            client.send((b"1 APPEND Sent" if not allowed else b"") + b" {%d+}\r\n" % len(body) + body)
        client.send(b"\r\n")
        client.run("S: 1 OK ...")
        self.assertEqual(allowed[0], APPEND_MEMORY)
        self.assertEqual(allowed[-1], 0)
        self.assertEqual(sorted(map(int, map(str, allowed)), reverse=True), allowed)

    def test_catenated_too_large(self) -> None:
        """URLs do not lift the limit of a message (RFC 4469 §4.2)."""
        server = Server()
        server.factory.append_limit = 1000
        server.put(MESSAGE + b"x" * 600)
        server.select().run(
            """
            C: 1 APPEND Sent CATENATE (URL "/INBOX/;UID=1" URL "/INBOX/;UID=1")
            S: 1 NO [TOOBIG] ...
            C: 2 APPEND Sent CATENATE (URL "/INBOX/;UID=1")
            S: 2 OK ...
            """
        )
        self.assertEqual(server.spool.open, set())

    def test_many_urls(self) -> None:
        """One message is not put together of thousands."""
        client = Server().login()
        client.send(b"1 APPEND Sent CATENATE (" + b" ".join([b'URL "/INBOX/;UID=1"'] * (URLS + 1)) + b")\r\n")
        client.run("S: 1 BAD Too many URLs")

    def test_lost_in_the_middle(self) -> None:
        """A connection that ends between two messages leaves nothing."""
        server = Server()
        client: Dialogue = server.login()
        client.send(b"1 APPEND Sent {8+}\r\nA: b\r\n\r\n {8+}\r\nA:")
        client.lose()
        self.empty(server)


class UrlTests(SynchronousTestCase):
    """``parse_url``."""

    def parse(self, url: bytes) -> MessageUrl:
        """As ann at imap.example.com."""
        return parse_url(url, "ann@example.com", "imap.example.com")

    def test_forms(self) -> None:
        """Absolute and relative, with validity, section and partial, in any case of the keywords."""
        named = self.parse(
            b"imap://ann%40example.com;AUTH=*@IMAP.example.com/Gr%C3%BC%C3%9Fe/sub;uidvalidity=5/;uid=7"
            b"/;section=1.2.MIME/;partial=3.4"
        )
        self.assertEqual((named.mailbox, named.uidvalidity, named.uid), ("Grüße/sub", 5, 7))
        self.assertEqual((named.section.part, named.section.text, named.partial), ((1, 2), b"MIME", (3, 4)))
        self.assertEqual(self.parse(b"/INBOX/;UID=7").partial, (0, None))
        self.assertIsNone(self.parse(b";UID=7/;PARTIAL=9").mailbox)
        self.assertEqual(self.parse(b"//imap.example.com/INBOX/;UID=7").mailbox, "INBOX")
        self.assertEqual(self.parse(b"/INBOX/;UID=7/;SECTION=HEADER.FIELDS%20(A%20B)").section.fields, (b"A", b"B"))

    def test_refused(self) -> None:
        """Other servers and people, no message, what is no URL, and more than a URL."""
        for url in (
            b"",
            b"/INBOX",
            b"/INBOX/;UID=0",
            b"/INBOX/;UID=1/;SECTION=FROB",
            b"/INBOX/;UID=1/;SECTION=1]x",
            b"/INBOX/;UID=1;URLAUTH=anonymous:internal:0",
            b"/INBOX?SUBJECT%20x",
            b"imap://other.example.com/INBOX/;UID=1",
            b"imap://eve@imap.example.com/INBOX/;UID=1",
            b"http://imap.example.com/INBOX/;UID=1",
            b"/IN%FFBOX/;UID=1",
            b"/" + b"a" * 5000 + b"/;UID=1",
        ):
            with self.assertRaises(Malformed, msg=str(url)):
                self.parse(url)
