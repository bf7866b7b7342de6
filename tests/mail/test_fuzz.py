"""Ugly messages, made uglier: whatever comes, what is kept of it can be sent and is no larger than it should be."""

import re

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from daptinmail.mail.recode import without_nul
from daptinmail.mail.structure import MAX_DEPTH, MAX_PARTS, parse_structure, unpack_parts
from daptinmail.mail.summary import summarize
from tests.mail.corpus import UGLY

_TOKEN = re.compile(rb'[()]|NIL|[0-9]+|"(?:[^"\\\r\n\0]|\\["\\])*"|\{(\d+)\}\r\n| ')
PIECES = sorted({line + b"\r\n" for message in UGLY.values() for line in message.split(b"\r\n")})


def check_syntax(data: bytes) -> int:
    """Reads ``data`` as RFC 9051 §9 has it: balanced lists of strings, literals, numbers and NIL. How deep it goes."""
    position = depth = deepest = 0
    while position < len(data):
        match = _TOKEN.match(data, position)
        if match is None:
            raise AssertionError(data[position : position + 80])
        position = match.end() + int(match[1] or 0)
        depth += {b"(": 1, b")": -1}.get(match[0], 0)
        deepest = max(deepest, depth)
        if depth < 1 and position < len(data):
            raise AssertionError("closed too early")
    if depth or position != len(data):
        raise AssertionError("never closed")
    return deepest


@st.composite
def uglier(draw: st.DrawFn) -> bytes:
    """An ugly message with pieces of others put in, or one of nothing but pieces."""
    if draw(st.booleans()):
        return b"".join(draw(st.lists(st.sampled_from(PIECES), max_size=40)))
    message = bytearray(draw(st.sampled_from(sorted(UGLY.values()))))
    for _ in range(draw(st.integers(1, 4))):
        place = draw(st.integers(0, len(message)))
        cut = draw(st.integers(0, 12))
        message[place : place + cut] = draw(st.sampled_from(PIECES) | st.binary(max_size=4))
    return bytes(message)


class FuzzTests(SynchronousTestCase):
    """``summarize`` and what it calls."""

    @settings(max_examples=300, deadline=None)
    @given(uglier())
    def test_what_is_sent(self, content: bytes) -> None:
        """Envelope and structures are well-formed, of bounded depth and size, and say of each part what is there."""
        summary = summarize(content)
        check_syntax(summary.envelope)
        for structure in (summary.body, summary.bodystructure):
            self.assertLess(check_syntax(structure), 4 * MAX_DEPTH)
            self.assertLess(len(structure), 50 * len(content) + 10_000)
        index = unpack_parts(summary.parts)
        self.assertLessEqual(len(index.spans), MAX_PARTS + 1)
        for span in index.spans.values():
            self.assertLessEqual(0, span.header_start)
            self.assertLessEqual(span.header_start, span.body_start)
            self.assertLessEqual(span.body_start, span.body_end)
            self.assertLessEqual(span.body_end, len(content))

    @settings(max_examples=100, deadline=None)
    @given(uglier())
    def test_recoded(self, content: bytes) -> None:
        """Recoding changes no part that has no NUL, and no structure."""
        recoded = b"".join(without_nul(content))
        kinds = [part.media_type for part in parse_structure(content).walk()]
        self.assertEqual([part.media_type for part in parse_structure(recoded).walk()], kinds)
        if b"\x00" not in content:
            self.assertEqual(recoded, content)
