"""Which literals are messages, and the reader that streams them, however the octets are cut."""

from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from daptinmail.errors import DaptinmailError
from daptinmail.imap.append_grammar import append, replace
from daptinmail.imap.cursor import Cursor
from daptinmail.imap.limits import AUTHENTICATED
from daptinmail.imap.message_literals import MessageLiterals
from daptinmail.imap.reader import Command, CommandReader, ContinuationWanted, Event, Fault, LiteralData, MessageLiteral


def play(octets: list[bytes]) -> list[Event]:
    """What a reader makes of octets that come in these pieces; messages are taken. Streamed data is put together."""
    reader = CommandReader(AUTHENTICATED)
    events: list[Event] = []
    for piece in octets:
        reader.feed(piece)
        while (event := reader.next()) is not None:
            if isinstance(event, MessageLiteral):
                reader.accept()
            if isinstance(event, LiteralData) and events and isinstance(events[-1], LiteralData):
                event = LiteralData(events.pop().data + event.data)  # type: ignore[union-attr]  # it is LiteralData
            events.append(event)
    return events


def messages(command: bytes) -> list[bytes]:
    """The messages in a command."""
    return [event.data for event in play([command]) if isinstance(event, LiteralData)]


class RoleTests(SynchronousTestCase):
    """``MessageLiterals``."""

    def check(self, expected: str, *lines: bytes) -> None:
        """``m`` for a message, ``s`` for a string, line by line."""
        literals = MessageLiterals()
        self.assertEqual("".join("ms"[not literals.at(line)] for line in lines), expected, lines)

    def test_append(self) -> None:
        """The message of APPEND, with any options, and a mailbox that is a literal."""
        for line in (
            b"1 APPEND Sent {5}",
            b"1 append Sent {5+}",
            b'1 APPEND "Se nt" (\\Seen a) "05-Mar-2024 06:07:08 +0000" ~{5}',
            b"1 APPEND Sent UTF8 (~{5+}",
            b"1 APPEND Sent () CATENATE (TEXT {5}",
            b'1 APPEND Sent CATENATE (URL a URL "b c" text ~{5}',
            b"1 APPEND Sent CATENATE (UTF8 (~{5}",
            b"1 REPLACE 4 Sent {5}",
            b"1 UID REPLACE 4 Sent (\\Seen) {5}",
            b"1 APPEND APPEND {5}",
            b"1 APPEND CATENATE {5}",
        ):
            self.check("m", line)
        self.check("sm", b"1 APPEND {4}", b" (\\Seen) {5}")

    def test_several(self) -> None:
        """Every message of MULTIAPPEND and every text of CATENATE; not the URLs."""
        self.check("mmm", b"1 APPEND a {5}", b" (\\Seen) {5}", b' "1-Jan-2020 00:00:00 +0000" {5}')
        self.check("mmsm", b"1 APPEND a CATENATE (TEXT {5}", b" TEXT {5}", b" URL {5}", b" URL x TEXT {5}")
        self.check("mmm", b"1 APPEND a CATENATE (URL x TEXT {5}", b") CATENATE (TEXT {5}", b") {5}")
        self.check("mm", b"1 APPEND a UTF8 (~{5}", b") UTF8 (~{5}")
        self.check("mm", b"1 APPEND a CATENATE (URL x) {5}", b" {5}")

    def test_strings(self) -> None:
        """Literals of other commands, and those that stand where no message may."""
        for line in (
            b"1 SELECT {5}",
            b"1 APPEND {5}",
            b"1 APPENDIX a {5}",
            b"1 APPEND a x {5}",
            b"1 APPEND a ({5}",
            b"1 APPEND a (x {5}",
            b"1 APPEND a  {5}",
            b"APPEND a {5}",
            b"1 UID APPEND a {5}",
            b"1 APPEND a CATENATE (FROB {5}",
            b"1 APPEND a CATENATE TEXT {5}",
            b"1 REPLACE a {5}",
        ):
            self.check("s", line)
        self.check("mss", b"1 APPEND a {5}", b" x {5}", b" {5}")


OPTIONS = (b" ", b"(", b")", b"\\Seen", b'"05-Mar-2024 06:07:08 +0000"', b"Sent", b'"x y"', b"x", b"\xff", b"UTF8 (")
LITERALS = (
    b"{3+}\r\nabc",
    b" {3+}\r\nabc",
    b"~{3+}\r\nab\x00",
    b" CATENATE (TEXT {3+}\r\nabc)",
    b"TEXT ",
    b"URL ",
    b"CATENATE (",
)
ARGUMENTS = st.lists(st.sampled_from([*OPTIONS, *LITERALS]), max_size=12).map(b"".join)
COMMANDS = st.tuples(
    st.sampled_from([b"1 APPEND Sent", b"1 APPEND", b"1 UID REPLACE 4 Sent ", b"1 REPLACE 1 {4+}\r\nSent "]), ARGUMENTS
).map(lambda both: both[0] + both[1] + b"\r\n")


class ReaderTests(SynchronousTestCase):
    """The reader and the grammar together."""

    def test_streamed(self) -> None:
        """Messages are handed on as they come; nothing of them stays in the command."""
        events = play([b"1 APPEND a {2+}\r\nxy (\\Seen) ~{0}\r\n UTF8 (~{1+}\r\nz)\r\n2 NOOP\r\n"])
        self.assertEqual(
            events,
            [
                MessageLiteral([b"1 APPEND a {2+}"], 2, synchronizing=False),
                LiteralData(b"xy"),
                MessageLiteral([b"1 APPEND a {2+}", b"", b" (\\Seen) ~{0}"], 0, synchronizing=True, binary=True),
                LiteralData(b""),
                MessageLiteral(
                    [b"1 APPEND a {2+}", b"", b" (\\Seen) ~{0}", b"", b" UTF8 (~{1+}"],
                    1,
                    synchronizing=False,
                    binary=True,
                ),
                LiteralData(b"z"),
                Command([b"1 APPEND a {2+}", b"", b" (\\Seen) ~{0}", b"", b" UTF8 (~{1+}", b"", b")"]),
                Command([b"2 NOOP"]),
            ],
        )

    def test_cut_at_every_octet(self) -> None:
        """It makes no difference where the network cuts."""
        command = (
            b"1 APPEND {4+}\r\nSent (\\Seen) CATENATE (TEXT {12+}\r\n{5+}\r\n1 NOOP URL {2+}\r\n/a TEXT ~{1+}\r\nx)"
            b" {3+}\r\n\r\n1\r\n2 SEARCH TEXT {3+}\r\nabc\r\n"
        )
        whole = play([command])
        self.assertEqual(len(whole), 8)
        for cut in range(len(command)):
            self.assertEqual(play([command[:cut], command[cut:]]), whole, cut)
        self.assertEqual(play([command[at : at + 1] for at in range(len(command))]), whole)

    @settings(max_examples=200, deadline=None)
    @given(st.lists(COMMANDS, max_size=3).map(b"".join), st.lists(st.integers(0, 200), max_size=4))
    def test_any_cuts(self, octets: bytes, cuts: list[int]) -> None:
        """The same for any command."""
        places = [0, *sorted(cuts), len(octets)]
        pieces = [octets[start:end] for start, end in pairwise(places)]
        self.assertEqual(play(pieces), play([octets]))

    @settings(max_examples=300, deadline=None)
    @given(COMMANDS)
    def test_grammar_agrees(self, octets: bytes) -> None:
        """What the grammar takes for a message is what the reader has streamed, in number and order."""
        events = play([octets, b"2 NOOP\r\n"])
        self.assertFalse([event for event in events if isinstance(event, ContinuationWanted | Fault)])
        command = next(event for event in events if isinstance(event, Command))
        streamed = sum(isinstance(event, LiteralData) for event in events)
        cursor = Cursor(command.parts)
        parse = append if cursor.skip(b"1 APPEND") else replace
        if parse is replace:
            cursor.skip(b"1 UID REPLACE") or cursor.skip(b"1 REPLACE")
        try:
            parsed = parse(cursor)
        except DaptinmailError:
            return
        arriving = [parsed.arriving] if parse is replace else parsed.messages  # type: ignore[union-attr]  # by command
        self.assertEqual(sum(one.parts.count(None) for one in arriving), streamed)
