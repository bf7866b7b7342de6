"""BINARY: parts decoded, however large, in pieces."""

from base64 import encodebytes

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from daptinmail.imap.binary import Decoded, DecodedSize
from daptinmail.imap.limits import CONTENT_CHUNK
from daptinmail.imap.sections import Stretch
from daptinmail.interfaces.messages import Opened
from tests.imap.session import Server, server_of

HEADER = b"Content-Type: a/b\r\nContent-Transfer-Encoding: base64\r\n\r\n"


def opened(content: bytes) -> Opened:
    """A file in memory."""
    return Opened(len(content), lambda offset, size: content[offset : offset + size], lambda: None)


class LargeTests(SynchronousTestCase):
    """More than one chunk."""

    def test_large_part(self) -> None:
        """A large part comes whole, as literal8 only if there is a NUL in it, and its size is exact."""
        for octets, announced in ((b"0123456789" * 90_000, b"{900000}"), (bytes(900_000), b"~{900000}")):
            server = Server()
            server.put(HEADER + encodebytes(octets).replace(b"\n", b"\r\n"))
            client = server.select()
            client.send(b"1 FETCH 1 (BINARY.SIZE[1] BINARY.PEEK[1])\r\n")
            self.assertEqual(
                client.answers(),
                b"* 1 FETCH (BINARY.SIZE[1] 900000 BINARY[1] %b\r\n%b)\r\n1 OK FETCH completed\r\n"
                % (announced, octets),
            )

    def test_slow_reader(self) -> None:
        """A client that does not read gets no more than a chunk."""
        server = Server()
        server.put(HEADER + encodebytes(bytes(3_000_000)))
        client = server.select()
        writer = server_of(client).writer
        writer.pauseProducing()
        client.send(b"1 FETCH 1 BINARY.PEEK[1]\r\n")
        self.assertLess(len(client.wire.value()), CONTENT_CHUNK + 1000)
        for _ in range(30):
            writer.resumeProducing()
            writer.pauseProducing()
        self.assertTrue(client.wire.value().endswith(b"1 OK FETCH completed\r\n"))
        client.lose()


class DecodedTests(SynchronousTestCase):
    """``Decoded``."""

    @settings(max_examples=50, deadline=None)
    @given(
        st.integers(1, 5000),
        st.sampled_from(["base64", "quoted-printable", "binary"]),
        st.none() | st.tuples(st.integers(0, 600_000), st.integers(1, 600_000)),
    )
    def test_announced_size(self, repeated: int, encoding: str, partial: tuple[int, int] | None) -> None:
        """The size that is announced is the size that comes, and the size of the whole is what BINARY.SIZE says."""
        content = b"QUJD=\r\n =00 text=\r\n AAAA\r\n" * (repeated * 10)
        source = Decoded(Stretch(3, len(content) - 5), encoding, partial)
        before, chunks = source.stream(opened(content))
        octets = b"".join(chunks)
        self.assertEqual(before.lstrip(b"~"), b"{%d}\r\n" % len(octets))
        self.assertEqual(before.startswith(b"~"), b"\x00" in octets)
        whole = b"".join(Decoded(source.stretch, encoding).stream(opened(content))[1])
        first, count = partial or (0, len(whole))
        self.assertEqual(octets, whole[first : first + count])
        self.assertEqual(DecodedSize(source).stream(opened(content))[0], b"%d" % len(whole))
