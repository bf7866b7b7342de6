"""Search programs beside a judge that looks at one message after the other."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime

from attrs import frozen
from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.internet.defer import Deferred
from twisted.trial.unittest import SynchronousTestCase

from daptinmail.imap.search_keys import ViewKeys
from daptinmail.imap.search_program import Find, Program
from daptinmail.imap.search_sets import Universe
from daptinmail.imap.search_values import Either, Every, Key, SearchKey
from daptinmail.interfaces.search import Criterion
from tests.imap.session import Server, server_of
from tests.support.dialogue import Dialogue
from tests.support.memory_box import Message

FLAGS = (rb"\Seen", rb"\Flagged", rb"\Deleted", b"$x")
SUBJECTS = ("lunch", "Re: Lunch", "Grüße", "invoice")

Judge = Callable[[int, Message], bool]
"""Whether a message with this sequence number meets a key."""


@frozen
class Spelt:
    """A program as it is written, and what it means."""

    text: str
    meets: Judge


def _flag(name: str, flag: bytes) -> Spelt:
    return Spelt(name, lambda _, message: flag in message.flags)


def _header(message: Message) -> str:
    return message.content.partition(b"\r\n\r\n")[0].decode().casefold()


def _body(message: Message) -> str:
    return message.content.partition(b"\r\n\r\n")[2].decode().casefold()


PLAIN = [
    Spelt("ALL", lambda _, __: True),
    Spelt("SAVEDATESUPPORTED", lambda _, __: True),
    _flag("SEEN", rb"\Seen"),
    _flag("FLAGGED", rb"\Flagged"),
    _flag("KEYWORD $X", b"$x"),
    Spelt("UNDELETED", lambda _, message: rb"\Deleted" not in message.flags),
    Spelt("UNKEYWORD $x", lambda _, message: b"$x" not in message.flags),
    Spelt("SUBJECT lunch", lambda _, message: "lunch" in _header(message)),
    Spelt('SUBJECT "GRÜSSE"', lambda _, message: "grüsse" in _header(message)),
    Spelt("BODY word", lambda _, message: "word" in _body(message)),
    Spelt("TEXT in", lambda _, message: "in" in _header(message) + _body(message)),
    Spelt('HEADER Subject ""', lambda _, message: "subject:" in _header(message)),
    Spelt("LARGER 60", lambda _, message: len(message.content) > 60),
    Spelt("SENTSINCE 3-Jan-2026", lambda _, message: "3 jan" in _header(message)),
    Spelt("OLDER 1", lambda _, __: False),
    Spelt("YOUNGER 1", lambda _, __: True),
]


def _numbers(low: int, high: int, uid: bool) -> Spelt:
    low, high = min(low, high), max(low, high)
    if uid:
        return Spelt(f"UID {low}:{high}", lambda _, message: low <= message.uid <= high)
    return Spelt(f"{low}:{high}", lambda number, _: low <= number <= high)


LEAVES = st.sampled_from(PLAIN) | st.builds(_numbers, st.integers(1, 9), st.integers(1, 9), st.booleans())


def _combined(programs: st.SearchStrategy[Spelt]) -> st.SearchStrategy[Spelt]:
    return st.one_of(
        st.builds(lambda a: Spelt(f"NOT {a.text}", lambda number, one: not a.meets(number, one)), programs),
        st.builds(
            lambda a, b: Spelt(
                f"OR {a.text} {b.text}", lambda number, one: a.meets(number, one) or b.meets(number, one)
            ),
            programs,
            programs,
        ),
        st.builds(
            lambda some: Spelt(
                f"({' '.join(one.text for one in some)})",
                lambda number, one: all(other.meets(number, one) for other in some),
            ),
            st.lists(programs, min_size=1, max_size=3),
        ),
    )


PROGRAMS = st.recursive(LEAVES, _combined, max_leaves=12)
MESSAGES = st.lists(
    st.tuples(
        st.sampled_from(SUBJECTS),
        st.sampled_from([2, 3]),
        st.sampled_from(["word", ""]),
        st.sets(st.sampled_from(FLAGS)),
    ),
    max_size=7,
)


def content(subject: str, day: int, body: str) -> bytes:
    """A message."""
    return f"Subject: {subject}\r\nDate: Fri, {day} Jan 2026 10:00:00 +0000\r\n\r\n{body}\r\n".encode()


def numbers(client: Dialogue, command: str) -> list[int]:
    """What a search finds."""
    client.send(b"s " + command.encode() + b"\r\n")
    said = client.lines()
    assert said[1:] == ["s OK SEARCH completed"], said
    return [int(number) for number in said[0].split()[2:]]


class ProgramTests(SynchronousTestCase):
    """Programs of all shapes on small mailboxes."""

    @settings(max_examples=60, deadline=None)
    @given(MESSAGES, st.lists(PROGRAMS, min_size=1, max_size=4))
    def test_as_judged_one_by_one(
        self, messages: list[tuple[str, int, str, set[bytes]]], programs: list[Spelt]
    ) -> None:
        """A program finds what meets it, by number and by UID, whatever order its keys are looked at in."""
        server = Server()
        for subject, day, body, flags in messages:
            server.put(content(subject, day, body), frozenset(flags))
        if messages:
            server.select().run("C: 1 UID STORE 1 +FLAGS.SILENT (\\Deleted)\nS* 1 OK ...\nC: 2 EXPUNGE\nS* 2 OK ...")
        box = next(box for box in server.store._boxes() if box.row.name == "INBOX")
        present = list(enumerate((box.messages[uid] for uid in sorted(box.messages)), 1))
        client = server.select()
        for program in programs:
            expected = [(number, message.uid) for number, message in present if program.meets(number, message)]
            self.assertEqual(
                numbers(client, f"SEARCH {program.text}"), [number for number, _ in expected], program.text
            )
            self.assertEqual(numbers(client, f"UID SEARCH {program.text}"), [uid for _, uid in expected], program.text)

    def test_cheap_keys_first(self) -> None:
        """Texts are looked for only in what flags and numbers have left, and not at all if that is nothing."""
        server = Server()
        for number in range(20):
            server.put(content("x", 2, "word"), frozenset({rb"\Flagged"} if number < 2 else ()))
        asked: list[Sequence[int] | None] = []

        async def find(_: Criterion, uids: Sequence[int] | None) -> Sequence[int]:
            asked.append(uids)
            return uids or ()

        body, flagged = Key(b"BODY", "word"), Key(b"FLAGGED")
        self.assertEqual(self.found(server, find, Every((body, flagged))), [1, 2])
        self.assertEqual(self.found(server, find, Every((body, Key(b"DELETED")))), [])
        self.assertEqual(len(self.found(server, find, Either(body, Key(b"ALL")))), 20)
        self.assertEqual(asked, [[1, 2]])

    def found(self, server: Server, find: Find, key: SearchKey, pauses: list[None] | None = None) -> list[int]:
        """The UIDs that a program finds, asking ``find``."""
        view = server_of(server.select()).session.selected

        async def pause() -> None:
            if pauses is not None:
                pauses.append(None)

        universe, done = Universe(view.uids), list[int]()
        program = Program(universe, ViewKeys(view, ()), find, datetime(2026, 1, 1, tzinfo=UTC), pause, slice=2)
        _ = Deferred.fromCoroutine(program.run(key, universe.everything)).addCallback(done.append)
        return universe.uids_of(done[0])

    def test_others_have_turns(self) -> None:
        """A search of much looks up now and then, so that others are served meanwhile."""
        server = Server()
        for _ in range(5):
            server.put()

        async def find(*_: object) -> Sequence[int]:
            return ()

        pauses: list[None] = []
        self.assertEqual(self.found(server, find, Every((Key(b"SEEN"), Key(b"UNFLAGGED"))), pauses), [])
        self.assertEqual(len(pauses), 2)
