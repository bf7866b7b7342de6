"""Results that are kept up to date: a client that follows them knows what a new search would say."""

import re
from random import Random

from attrs import define, field
from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from tests.imap.session import Server
from tests.support.dialogue import Dialogue

FLAGS = (rb"\Flagged", rb"\Seen", rb"$x", rb"\Deleted")
PAIR = re.compile(rb"([0-9]+) ([0-9:,]+)")
ITEM = re.compile(rb"(ADDTO|REMOVEFROM) \(([^)]*)\)")


def expanded(sequence_set: bytes) -> list[int]:
    """``4,7:9`` in the order written."""
    numbers: list[int] = []
    for part in sequence_set.split(b","):
        low, _, high = part.partition(b":")
        numbers += range(int(low), int(high or low) + 1)
    return numbers


@define
class Follower:
    """A client that applies ADDTO and REMOVEFROM as RFC 5267 §4.3 says."""

    results: list[int] = field(factory=list)

    def hear(self, line: bytes) -> None:
        """One ESEARCH response."""
        for item in ITEM.finditer(line):
            for pair in PAIR.finditer(item[2]):
                place, uids = int(pair[1]), expanded(pair[2])
                (self._add if item[1] == b"ADDTO" else self._remove)(place, uids)

    def _add(self, place: int, uids: list[int]) -> None:
        if place:
            self.results[place - 1 : place - 1] = uids
        else:
            self.results = sorted([*self.results, *uids])

    def _remove(self, place: int, uids: list[int]) -> None:
        if place:
            assert self.results[place - 1 : place - 1 + len(uids)] == uids, (place, uids, self.results)
            del self.results[place - 1 : place - 1 + len(uids)]
        else:
            assert set(uids) <= set(self.results)
            self.results = [uid for uid in self.results if uid not in uids]


def message(random: Random) -> bytes:
    """Few subjects, few dates."""
    day, subject = random.randrange(1, 9), random.choice(["a", "Re: a", "b", "c"])
    body = "x" * random.randrange(3)
    return f"Subject: {subject}\r\nDate: Thu, {day} Jan 2026 10:00:00 +0000\r\n\r\n{body}\r\n".encode()


def asked(client: Dialogue, command: bytes) -> list[bytes]:
    """The lines that a command is answered with."""
    client.send(b"t " + command + b"\r\n")
    lines = client.answers().split(b"\r\n")
    assert lines[-2].startswith(b"t OK"), lines
    return lines


class FollowingTests(SynchronousTestCase):
    """Two sessions change a mailbox; one follows a search."""

    PROGRAMS = (
        (b"UID SEARCH", b"UNFLAGGED OR UNSEEN KEYWORD $x"),
        (b"UID SEARCH", b"UNFLAGGED OR UID * SUBJECT a"),
        (b"UID SORT", b"(SUBJECT REVERSE DATE) UTF-8 UNFLAGGED"),
        (b"UID SORT", b"(REVERSE SIZE) UTF-8 UNSEEN"),
    )

    def follow(self, seed: int, number: int, size: int, steps: int) -> None:
        """Change at random, follow, and compare with a new search after each step."""
        random, server = Random(seed), Server()
        for _ in range(size):
            server.put(message(random))
        follower, other = server.select(), server.select()
        command, program = self.PROGRAMS[number]
        follower.send(b"ctx %b RETURN (UPDATE ALL) %b\r\n" % (command, program))
        found = re.search(rb" ALL ([0-9:,]+)", follower.answers())
        client = Follower(expanded(found[1]) if found else [])
        for _ in range(steps):
            self._change(random, server, random.choice([follower, other]), client)
            for line in asked(follower, b"NOOP"):
                client.hear(line)
            lines = asked(follower, command + b" " + program)
            answer = next(line for line in lines if line.startswith((b"* SEARCH", b"* SORT")))
            self.assertEqual(client.results, [int(one) for one in answer.split()[2:]])

    def _change(self, random: Random, server: Server, session: Dialogue, client: Follower) -> None:
        what = random.randrange(6)
        if what == 0:
            for _ in range(random.choice([1, 1, 3, 60])):
                server.put(message(random))
            return
        command = b"EXPUNGE"
        if what > 1:
            low, high = random.randrange(1, 80), random.randrange(1, 80)
            command = b"UID STORE %d:%d %cFLAGS (%b)" % (low, high, random.choice(b"+-"), random.choice(FLAGS))
        for line in asked(session, command):
            if b'(TAG "ctx")' in line:
                client.hear(line)

    def test_the_last_message_goes(self) -> None:
        """What ``*`` means then is another message, although nothing happened to that one."""
        self.follow(19453, 1, 60, steps=6)

    @settings(max_examples=20, deadline=None)
    @given(st.integers(0, 1 << 30), st.integers(0, 3), st.sampled_from([0, 3, 60]))
    def test_following(self, seed: int, number: int, size: int) -> None:
        """Whatever happens, whoever does it, the results followed are those of a new search."""
        self.follow(seed, number, size, steps=6)
