"""COMPRESS=DEFLATE: both directions, bounded."""

import zlib

from attrs import define, field
from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from daptinmail.imap.deflate import Deflated, Inflater
from daptinmail.imap.limits import INFLATED_AT_ONCE
from tests.imap.session import MESSAGE, Server, server_of
from tests.support.dialogue import Dialogue


@define
class Compressed:
    """A client that has said COMPRESS."""

    dialogue: Dialogue
    _packer: "zlib._Compress" = field(factory=lambda: zlib.compressobj(9, zlib.DEFLATED, -15))
    _unpacker: "zlib._Decompress" = field(factory=lambda: zlib.decompressobj(-15))

    def send(self, data: bytes, flush: int = zlib.Z_SYNC_FLUSH) -> int:
        """Say something; how many octets that takes."""
        packed = self._packer.compress(data) + self._packer.flush(flush)
        self.dialogue.send(packed)
        return len(packed)

    def answers(self) -> bytes:
        """What the server said."""
        return self._unpacker.decompress(self.dialogue.answers())


def start(server: Server) -> Compressed:
    """A session with compression."""
    return Compressed(server.login().run("C: c COMPRESS DEFLATE\nS: c OK DEFLATE active"))


class CompressTests(SynchronousTestCase):
    """What a client sees."""

    def test_both_directions(self) -> None:
        """Commands and answers go compressed from the OK on, every answer can be read at once."""
        client = start(Server())
        client.send(b"1 NOOP\r\n2 STATUS INBOX (MESSAGES)\r\n")
        self.assertRegex(client.answers(), rb'1 OK .*\r\n\* STATUS "INBOX" \(MESSAGES 0\)\r\n2 OK .*\r\n')
        client.send(b"3 APPEND INBOX {%d}\r\n" % len(MESSAGE))
        self.assertEqual(client.answers(), b"+ Go ahead\r\n")
        client.send(MESSAGE + b"\r\n")
        self.assertIn(b"3 OK [APPENDUID", client.answers())

    def test_answers_are_smaller(self) -> None:
        """That is the point of it."""
        server = Server()
        for _ in range(50):
            server.put()
        client = start(server)
        client.send(b"1 SELECT INBOX\r\n")
        client.answers()
        client.send(b"2 FETCH 1:* (ENVELOPE BODY.PEEK[])\r\n")
        packed = client.dialogue.answers()
        answer = client._unpacker.decompress(packed)
        self.assertIn(b"2 OK", answer)
        self.assertLess(len(packed) * 8, len(answer))

    def test_twice(self) -> None:
        """Compression on top of compression is refused with its code."""
        client = start(Server())
        client.send(b"1 COMPRESS DEFLATE\r\n2 NOOP\r\n")
        self.assertRegex(client.answers(), rb"1 NO \[COMPRESSIONACTIVE\] .*\r\n2 OK .*\r\n")

    def test_pipelined(self) -> None:
        """A client must wait for the answer (RFC 4978 §3); if it does not, nothing is compressed."""
        client = Server().login()
        client.send(b"1 COMPRESS DEFLATE\r\n2 NOOP\r\n")
        client.run("S: 1 BAD ...\nS: 2 OK ...\nC: 3 NOOP\nS: 3 OK ...")

    def test_not_deflate(self) -> None:
        """Octets that are no DEFLATE end the connection with a word."""
        client = start(Server())
        client.dialogue.send(b"\xff\xff\xff1 NOOP\r\n")
        self.assertIn(b"* BYE Not a DEFLATE stream", client.answers())
        client.dialogue.run("S! closed")

    def test_end_of_stream(self) -> None:
        """What follows the end of the stream is not looked at."""
        client = start(Server())
        client.send(b"1 NOOP\r\n", zlib.Z_FINISH)
        self.assertIn(b"1 OK", client.answers())
        client.dialogue.send(b"2 NOOP\r\n")
        self.assertIn(b"* BYE", client.answers())

    def test_bomb(self) -> None:
        """A few kilobytes that stand for megabytes are taken a piece at a time; others have their turn between."""
        server = Server()
        client = start(server)
        self.assertLess(client.send(b"x" * (8 << 20)), 16_384)
        self.assertLess(server_of(client.dialogue).reader.buffered, 4 * INFLATED_AT_ONCE)
        for _ in range(200):
            server.clock.advance(0)
        client.send(b"\r\n1 NOOP\r\n")
        server.clock.advance(0)
        self.assertRegex(client.answers(), rb"\* BAD Line too long\r\n1 OK .*\r\n")

    def test_bomb_while_busy(self) -> None:
        """While a command runs a bomb waits as it came, and the connection is not read further."""
        server = Server()
        client = start(server)
        server.spool.gate.shut()
        client.send(b"1 APPEND INBOX {8000000+}\r\n" + b"x" * 8_000_000 + b"\r\n2 NOOP\r\n")
        client.send(b"3 NOOP\r\n")
        self.assertLess(server_of(client.dialogue).reader.buffered, 4 * INFLATED_AT_ONCE)
        server.spool.gate.open()
        for _ in range(300):
            server.clock.advance(0)
        self.assertRegex(client.answers(), rb"1 OK \[APPENDUID .*\r\n2 OK .*\r\n3 OK .*\r\n")

    def test_idle(self) -> None:
        """IDLE ends by a compressed DONE, and tells at once."""
        server = Server()
        client = start(server)
        client.send(b"1 SELECT INBOX\r\n2 IDLE\r\n")
        self.assertTrue(client.answers().endswith(b"+ idling\r\n"))
        server.put()
        server.clock.advance(0.1)
        self.assertIn(b"* 1 EXISTS\r\n", client.answers())
        client.send(b"DONE\r\n")
        self.assertIn(b"2 OK", client.answers())


@define
class Kept:
    """An outlet that keeps what it gets."""

    data: list[bytes] = field(factory=list)

    def write(self, data: bytes) -> None:
        """Keep."""
        self.data.append(data)


class DeflateTests(SynchronousTestCase):
    """``Deflated`` and ``Inflater``."""

    @settings(max_examples=50, deadline=None)
    @given(st.lists(st.binary(max_size=200), max_size=10), st.integers(1, 100))
    def test_round_trip(self, pieces: list[bytes], limit: int) -> None:
        """What goes in comes out, never more at once than asked for."""
        kept = Kept()
        out = Deflated(kept)
        for piece in pieces:
            out.write(piece)
        inflater, back = Inflater(), b""
        for packed in kept.data:
            inflater.feed(packed)
            while inflater.waiting:
                some = inflater.take(limit)
                self.assertLessEqual(len(some), limit)
                back += some
                if not some:
                    break
        self.assertEqual(back, b"".join(pieces))

    @given(st.binary(min_size=1, max_size=100))
    def test_any_octets(self, octets: bytes) -> None:
        """Nothing but ``ValueError`` comes of nonsense."""
        inflater = Inflater()
        inflater.feed(octets)
        try:
            while inflater.take(50):
                pass
        except ValueError:
            return
