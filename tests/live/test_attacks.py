"""Hostile clients over real sockets: what they may not achieve, and what they may not cost."""

import re
import resource
import socket
import ssl
import threading
from base64 import b64encode
from collections.abc import Callable
from imaplib import IMAP4
from pathlib import Path

from twisted.trial.unittest import SynchronousTestCase

from tests.live.harness import PATIENCE
from tests.live.site import ALICE, BOB, PASSWORD, Site, unverified

MEGABYTE = 1_000_000
LARGE = 50 * MEGABYTE
LINE = b"0123456789" * 7 + b"\r\n"
CONTENT = b"From: alice@example.test\r\nSubject: large\r\n\r\n" + LINE * (LARGE // len(LINE))
TERMINATORS = (b"\n.\n", b"\n.\r\n", b"\r\n.\n", b"\r.\r", b"\r\n.\r", b"\r\n.\r\r\n", b"\r\n.\0\r\n", b"\r.\r\n")
SMUGGLED = b"".join(
    line + b"\r\n"
    for line in (
        b"MAIL FROM:<admin@outside.test>",
        b"RCPT TO:<bob@example.test>",
        b"DATA",
        b"",
        b"smuggled",
        b".",
        b"QUIT",
    )
)
FOREIGN = (
    b"<x@outside.test>",
    b"<x%outside.test@example.test>",
    b"<x%outside.test@mx.example.test>",
    b"<outside.test!x@mx.example.test>",
    b"<@mx.example.test:x@outside.test>",
    b"<@mx.example.test,@a.test:x@outside.test>",
    b'<"x@outside.test">',
    b'<"x@outside.test"@mx.example.test>',
    b"<x@[127.0.0.1]>",
    b"<x@localhost>",
    b"<bob@example.test@outside.test>",
    b"<x@outside.test>@example.test",
    b"<x@outside.test.>",
)


class Wire:
    """A socket that is read line by line."""

    def __init__(self, port: int) -> None:
        self.socket: socket.socket = socket.create_connection(("127.0.0.1", port), timeout=PATIENCE)
        self.lines = self.socket.makefile("rb")

    def send(self, data: bytes) -> None:
        """Send."""
        self.socket.sendall(data)

    def reply(self) -> bytes:
        """One SMTP reply, whole; empty at the end."""
        found = b""
        while line := self.lines.readline():
            found += line
            if line[3:4] != b"-":
                break
        return found

    def command(self, line: bytes) -> bytes:
        """Send a command and take its reply."""
        self.send(line + b"\r\n")
        return self.reply()

    def rest(self) -> bytes:
        """Everything until the server closes; a reset ends it as well."""
        try:
            return self.lines.read()
        except OSError:
            return b""

    def close(self) -> None:
        """Hang up."""
        self.lines.close()
        self.socket.close()


class Peak:
    """The most memory a process needed for itself while something was done; mapped files are not counted."""

    def __init__(self, pid: int) -> None:
        self.status = Path(f"/proc/{pid}/status")
        self.before = self.highest = self._now()
        self._done = threading.Event()

    def _now(self) -> int:
        found = re.search(r"RssAnon:\s+(\d+)", self.status.read_text())
        assert found
        return int(found[1]) * 1024

    def growth(self, work: Callable[[], object]) -> int:
        """Octets more than before, at the worst moment of ``work``."""
        watcher = threading.Thread(target=self._watch)
        watcher.start()
        try:
            work()
        finally:
            self._done.set()
            watcher.join()
        return self.highest - self.before

    def _watch(self) -> None:
        while not self._done.wait(0.002):
            self.highest = max(self.highest, self._now())


class AttackTests(SynchronousTestCase):
    """One server stands all of it; its log is searched in the end."""

    def setUp(self) -> None:
        """Run it. Nothing leaves this machine."""
        self.site = Site()
        self.site.start()
        self.addCleanup(self.no_secret_in_the_log)
        self.addCleanup(self.site.server.stop)
        self.site.server.configure("mail.outbound.hold", "true")

    def no_secret_in_the_log(self) -> None:
        """Neither passwords nor tokens nor logins in base64, and no fault of ours."""
        assert self.site.server.process
        log = "\n".join(self.site.server.process.lines)
        encoded = [b64encode(b"x" * start + PASSWORD.encode())[4:24].decode() for start in range(3)]
        for secret in (PASSWORD, self.site.server.token, "longpass1", "Traceback", *encoded):
            self.assertNotIn(secret, log)

    def test_words(self) -> None:
        """Nobody slips a message, a command or a recipient past the server."""
        self.smuggling()
        self.no_relay()
        self.words_before_tls()
        self.words_before_tls_in_imap()

    def test_costs(self) -> None:
        """Neither large messages nor clients that stall or do not read cost much memory or hold up others."""
        self.old_tls()
        self.stalled_handshakes()
        self.fifty_megabytes()
        self.unread_answers()

    def test_disk(self) -> None:
        """What cannot be stored whole is not there at all, and what is stored is private."""
        self.half_an_append()
        self.full_disk()
        self.nobody_else_may_read()

    @property
    def pid(self) -> int:
        """The server's process."""
        assert self.site.server.process
        return self.site.server.process.child.pid

    def mx(self) -> Wire:
        """A host that greeted the open server."""
        return self.greeted(self.site.mx)

    def greeted(self, port: int) -> Wire:
        """A session on any SMTP port in clear."""
        wire = Wire(port)
        self.addCleanup(wire.close)
        wire.reply()
        wire.command(b"EHLO evil.test")
        return wire

    def begin(self, wire: Wire) -> None:
        """Up to DATA."""
        for line in (b"MAIL FROM:<x@outside.test>", b"RCPT TO:<bob@example.test>", b"DATA"):
            reply = wire.command(line)
        self.assertTrue(reply.startswith(b"354"), reply)

    def imap(self, username: str = BOB) -> IMAP4:
        """A session that is closed in the end."""
        session = self.site.login(username)
        self.addCleanup(session.shutdown)
        return session

    def messages(self) -> int:
        """How many messages Bob has."""
        found = re.search(rb"\d+", self.imap().select("INBOX", readonly=True)[1][0] or b"")
        assert found
        return int(found[0])

    def smuggling(self) -> None:
        """No sequence but CRLF.CRLF ends a message, however it is cut into segments; the message is refused whole."""
        before = self.messages()
        for terminator in TERMINATORS:
            for pieces in (1, 2, 3):
                wire = self.mx()
                self.begin(wire)
                content = b"Subject: a\r\n\r\na" + terminator + SMUGGLED
                cut = content.index(terminator) + 1
                for part in (content[:cut], content[cut : cut + pieces], content[cut + pieces :]):
                    wire.send(part)
                replies = wire.rest()
                self.assertRegex(replies, rb"\A5\d\d 5\.6\.[^\r]*\r\n221 [^\r]*\r\n\Z", repr((terminator, pieces)))
        self.assertEqual(self.messages(), before)

    def words_before_tls(self) -> None:
        """Bytes that came with STARTTLS in clear end the connection; nothing said before TLS counts inside it."""
        for injected in (b"EHLO injected.test\r\n", b"MAI"):
            wire = self.greeted(self.site.submission)
            wire.send(b"STARTTLS\r\n" + injected)
            self.assertEqual(wire.rest(), b"")
        wire = self.greeted(self.site.submission)
        self.assertIn(b"538 ", wire.command(b"AUTH PLAIN AGEAYg=="))
        wire.command(b"STARTTLS")
        wire.lines.close()
        wire.socket = unverified().wrap_socket(wire.socket)
        wire.lines = wire.socket.makefile("rb")
        self.assertTrue(wire.command(b"MAIL FROM:<alice@example.test>").startswith(b"503 "))

    def words_before_tls_in_imap(self) -> None:
        """The same on an IMAP port with STARTTLS."""
        self.site.server.configure("imps.enabled", "false")
        self.site.server.configure("imap.enabled", "true")
        self.site.server.configure("imap.listen_interface", f"127.0.0.1:{self.site.imap}")
        self.site.server.restart()
        for injected in (b"b NOOP\r\n", b"b LOG"):
            wire = Wire(self.site.imap)
            self.addCleanup(wire.close)
            wire.lines.readline()
            wire.send(b"a STARTTLS\r\n" + injected)
            self.assertEqual(wire.rest(), b"")
        self.site.server.configure("imps.enabled", "true")
        self.site.server.configure("imap.listen_interface", f"127.0.0.1:{self.site.imaps}")
        self.site.server.restart()

    def no_relay(self) -> None:
        """No spelling of a foreign address is taken without login."""
        for start in range(0, len(FOREIGN), 10):
            wire = self.mx()
            wire.command(b"MAIL FROM:<>")
            for path in FOREIGN[start : start + 10]:
                reply = wire.command(b"RCPT TO:" + path)
                self.assertRegex(reply, rb"\A5(54 5\.7\.1|01 5\.1\.3) ", path)

    def old_tls(self) -> None:
        """TLS 1.0 and 1.1 are not spoken."""
        context = unverified()
        context.minimum_version = ssl.TLSVersion.MINIMUM_SUPPORTED
        context.set_ciphers("ALL:@SECLEVEL=0")
        context.options |= ssl.OP_NO_TLSv1_2 | ssl.OP_NO_TLSv1_3
        for port in (self.site.submissions, self.site.imaps):
            with (
                socket.create_connection(("127.0.0.1", port), timeout=PATIENCE) as plain,
                self.assertRaises(ssl.SSLError),
            ):
                context.wrap_socket(plain)

    def stalled_handshakes(self) -> None:
        """Two hundred handshakes that stop half way keep nobody else from getting in."""
        stalled = [socket.create_connection(("127.0.0.1", self.site.submissions)) for _ in range(200)]
        for one in stalled:
            self.addCleanup(one.close)
            one.sendall(b"\x16\x03\x01\x02\x00\x01")
        with self.site.smtps() as session:
            self.assertEqual(session.noop()[0], 250)

    def fifty_megabytes(self) -> None:
        """A message of 50 MB, received, submitted and signed, appended or fetched, is never in memory whole.

        Most of what is needed is for the text index, which takes 4 MiB of its text.
        """
        peak = Peak(self.pid)

        def exchange() -> None:
            wire = self.mx()
            self.begin(wire)
            wire.send(CONTENT + b".\r\n")
            self.assertTrue(wire.reply().startswith(b"250 "))
            with self.site.smtps() as session:
                session.sendmail(ALICE, [BOB], CONTENT)
            self.imap(ALICE).append("Drafts", "", "", CONTENT)
            reader = self.imap()
            reader.select("INBOX")
            found = reader.fetch("*", "(BODY.PEEK[])")[1][0]
            assert isinstance(found, tuple)
            self.assertTrue(found[1].endswith(CONTENT))

        self.assertLess(peak.growth(exchange), LARGE)

    def unread_answers(self) -> None:
        """A client that asks for a gigabyte and reads nothing costs little, and the others go on."""
        wire = self.mx()
        self.begin(wire)
        wire.send(b"Subject: a\r\n\r\n" + LINE * (10 * MEGABYTE // len(LINE)) + b".\r\n")
        wire.reply()
        greedy = self.imap()
        greedy.select("INBOX")

        def ask() -> None:
            for number in range(100):
                greedy.send(b"x%d FETCH * (BODY.PEEK[])\r\n" % number)
            for _ in range(500):  # turns of the server
                self.assertEqual(other.noop()[0], "OK")

        other = self.imap(ALICE)
        self.assertLess(Peak(self.pid).growth(ask), 20 * MEGABYTE)

    def full_disk(self) -> None:
        """Without room nothing is acknowledged and nothing half done stays; with room again all goes on."""
        before, count = self.files(), self.messages()
        resource.prlimit(self.pid, resource.RLIMIT_FSIZE, (4096, resource.RLIM_INFINITY))
        for size in (1000, 3 * MEGABYTE):
            wire = self.mx()
            self.begin(wire)
            wire.send(b"Subject: a\r\n\r\n" + LINE * (size // len(LINE)) + b".\r\n")
            self.assertTrue(wire.reply().startswith(b"451 "), size)
        self.assertEqual(self.imap(ALICE).append("Drafts", "", "", LINE * 20_000)[0], "NO")
        reader = self.imap(ALICE)
        self.assertEqual([reader.select("Drafts")[0], reader.noop()[0]], ["OK", "OK"])
        self.site.server.restart()
        resource.prlimit(self.pid, resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
        self.assertEqual(self.files(), before)
        wire = self.mx()
        self.begin(wire)
        wire.send(b"Subject: a\r\n\r\n.\r\n")
        self.assertTrue(wire.reply().startswith(b"250 "))
        self.assertEqual(self.messages(), count + 1)

    def half_an_append(self) -> None:
        """An APPEND that dies half way leaves no file and no message."""
        before, (_, count) = self.files(), self.imap(ALICE).select("INBOX")
        session = self.site.login(ALICE)
        session.send(b"x APPEND INBOX {%d+}\r\n" % (10 * MEGABYTE) + LINE * 50_000)
        session.shutdown()
        reader = self.imap(ALICE)
        self.assertEqual(reader.select("INBOX")[1], count)
        for _ in range(5000):  # turns of the server, while the file is removed in a thread
            if self.files() == before:
                break
            reader.noop()
        self.assertEqual(self.files(), before)

    def files(self) -> set[str]:
        """Every file of the server but the database's own."""
        found = (path for path in self.site.server.data_dir.rglob("*") if path.is_file())
        return {str(path) for path in found if "sqlite" not in path.name}

    def nobody_else_may_read(self) -> None:
        """Every file and directory of the server is its owner's alone."""
        with self.site.smtps() as session:
            session.sendmail(ALICE, [BOB, "x@outside.test"], CONTENT[:2000])
        open_to_others = [
            path
            for path in (self.site.server.data_dir, *self.site.server.data_dir.rglob("*"))
            if path.lstat().st_mode & 0o077
        ]
        self.assertEqual(open_to_others, [])
