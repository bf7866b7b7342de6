"""Conversations of the corpus, damaged: every command ends in a tagged answer or the connection in order."""

import re
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from daptinmail.imap.commands import NAMES
from tests.imap.corpus_messages import NESTED, NUMBERED
from tests.imap.session import Server, server_of

CORPUS = Path(__file__).parent / "corpus"
HOLE = re.compile(rb"<[a-z0-9]+>")
MOST_SAID = 1 << 20
"""Octets that the answers to a few short commands may have."""


def client_lines() -> list[bytes]:
    """What clients say in the corpus, line by line; holes are filled with a number."""
    lines = set()
    for path in sorted(CORPUS.glob("*.txt")):
        for line in path.read_text("utf-8").splitlines():
            mark, _, text = line.lstrip("ABCDEF ").partition(": ") if ": " in line else ("", "", "")
            if line.startswith("C: ") or mark.endswith("C"):
                lines.add(HOLE.sub(b"1", (line[3:] if line.startswith("C: ") else text).encode()) + b"\r\n")
    return sorted(lines)


LINES = client_lines()
WORDS = sorted({word for line in LINES for word in line.split(b" ") if len(word) < 40})
SPOILS = [
    b"(",
    b")",
    b'"',
    b"{3+}\r\nabc",
    b"{0}",
    b"~{2+}\r\n\x00\x01",
    b" ",
    b"",
    b"\\",
    b"*",
    b"%",
    b"\xc3\xa4",
    b"\xff",
]
NUMBERS = [b"0", b"4294967295", b"4294967296", b"18446744073709551616", b"-1", b"1:*", b"$", b"<0.1>", b"<9.9>"]


@st.composite
def damaged(draw: st.DrawFn) -> bytes:
    """A line of a client with some words exchanged, left out or spoilt."""
    words = draw(st.sampled_from(LINES)).split(b" ")
    for _ in range(draw(st.integers(0, 3))):
        place = draw(st.integers(0, len(words) - 1))
        spoilt = draw(st.sampled_from([*SPOILS, *NUMBERS]) | st.sampled_from(WORDS) | st.binary(max_size=3))
        words[place : place + draw(st.integers(0, 1))] = [spoilt]
        if draw(st.booleans()) and len(words) > 1:
            del words[draw(st.integers(0, len(words) - 1))]
        words = words or [b""]
    return b" ".join(words)


@st.composite
def made_up(draw: st.DrawFn) -> bytes:
    """A command of the table with arguments that belong to others."""
    name = draw(st.sampled_from(sorted(NAMES)))
    arguments = draw(st.lists(st.sampled_from(WORDS) | st.sampled_from([*SPOILS, *NUMBERS]), max_size=8))
    return b" ".join([b"t", name, *arguments]).rstrip(b"\r\n") + b"\r\n"


class FuzzTests(SynchronousTestCase):
    """On a server in memory with two messages."""

    def check(self, lines: list[bytes], state: str) -> None:
        """Say them; then the session still answers, waits for more of a command, or has said why it ends."""
        server = Server()
        server.put(NESTED)
        server.put(NUMBERED[3])
        client = getattr(server, state)()
        client.answers()
        said = b""
        for line in lines:
            client.send(line)
            server.advance(0.01)
            said += client.answers()
        client.send(b"\r\n" * 3 + b"x" * 100_000 + b"\r\nDONE\r\n*\r\nend NOOP\r\n")
        server.advance(40)
        said += client.answers()
        closed = client.wire.disconnecting or client.wire.aborted
        reader = server_of(client).reader
        self.assertTrue(b"end OK" in said or closed or reader.in_command, (lines, said[-500:]))
        self.assertLess(len(said), MOST_SAID)
        self.assertLess(reader.buffered, 200_000)
        self.assertNotIn(b"SERVERBUG", said)
        self.assertEqual(self.flushLoggedErrors(), [], lines)
        client.lose()
        self.assertEqual(server.spool.open, set())
        self.assertFalse(any(server.store.listeners.values()))

    @settings(max_examples=100, deadline=None)
    @given(st.lists(damaged(), min_size=1, max_size=6))
    def test_damaged_conversations(self, lines: list[bytes]) -> None:
        """Lines of the corpus in any order, damaged, from a client that has selected."""
        self.check(lines, "select")

    @settings(max_examples=60, deadline=None)
    @given(st.lists(made_up(), min_size=1, max_size=6), st.sampled_from(["connect", "login", "select"]))
    def test_made_up_commands(self, lines: list[bytes], state: str) -> None:
        """Every command with arguments of others, in every state."""
        self.check(lines, state)
