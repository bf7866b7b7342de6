"""Whatever is sent as a search ends in one tagged answer, soon and short."""

import re

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from daptinmail.imap.limits import SEARCH_DEPTH, SEARCH_KEYS
from daptinmail.imap.search_grammar import ARGUMENTS, PLAIN
from tests.imap.corpus_messages import NUMBERED
from tests.imap.session import Server

WORDS = [
    *(name.decode() for name in (*ARGUMENTS, *PLAIN)),
    *(
        "NOT",
        "OR",
        "(",
        ")",
        "$",
        "*",
        "1:*",
        "0",
        "9,3:1",
        "99999999999",
        "lunch",
        '"',
        '""',
        '"a\\"b"',
        "\\Seen",
        "$x",
    ),
    *("RETURN", "RETURN (", "MIN", "COUNT", "SAVE", "PARTIAL", "1:2", "-1:-9", "UPDATE", "UPDATE (UID)", "CONTEXT"),
    *("CHARSET", "UTF-8", "KOI8-R", "ISO-2022-JP", "1-Jan-2026", '"9-Feb-1999"', "31-Feb-2026", "INBOX", "M1", "-5"),
    *(
        "IN (",
        "personal",
        "mailboxes",
        "subtree-one",
        "selected",
        "(SUBJECT",
        "REVERSE",
        "DATE)",
        "(DATE)",
        "REFERENCES",
    ),
    *("ORDEREDSUBJECT", '"/flags/\\\\Seen"', "all", "priv", "é", "\\", "{3+}", "%", "NIL", ""),
]
COMMANDS = ["SEARCH", "UID SEARCH", "SORT", "UID SORT", "THREAD", "UID THREAD", "ESEARCH", "CANCELUPDATE"]
COMMANDS += ["SEARCH RETURN ()", "SORT (DATE) UTF-8", "THREAD REFERENCES UTF-8", "ESEARCH IN (personal)"]
LINES = st.builds(
    lambda command, words, glue: command + " " + glue.join(words),
    st.sampled_from(COMMANDS),
    st.lists(st.sampled_from(WORDS), max_size=8),
    st.sampled_from([" ", " ", " ", "", "  "]),
)
CODED = [b"UTF-8", b"KOI8-R", b"ISO-2022-JP", b"Shift_JIS", b"EUC-KR", b"GB18030", b"Big5", b"windows-1251", b"x-none"]


def told(server: Server, line: bytes) -> bytes:
    """What a client hears that has sent a line, and then LOGOUT."""
    client = server.select()
    client.send(b"fuzz " + line + b"\r\n")
    for _ in range(3):
        server.clock.advance(0)
    client.send(b"\r\nend LOGOUT\r\n")
    said: bytes = client.answers()
    client.lose()
    return said


class FuzzTests(SynchronousTestCase):
    """Words of the grammar, and octets, in any order."""

    def setUp(self) -> None:
        self.server = Server()
        for content in NUMBERED:
            self.server.put(content)

    def check(self, line: bytes) -> None:
        """One tagged answer, and the session goes on or ends in order."""
        said = told(self.server, line)
        tagged = re.findall(rb"^(?:fuzz|\*) (?:OK|NO|BAD) ", said, re.MULTILINE)
        self.assertTrue(tagged, (line, said))
        self.assertLessEqual(len(re.findall(rb"^fuzz ", said, re.MULTILINE)), 1, (line, said))
        self.assertNotIn(b"SERVERBUG", said, line)
        self.assertLess(len(said), 4000, line)
        self.flushLoggedErrors()

    @settings(max_examples=150, deadline=None)
    @given(LINES)
    def test_words(self, line: str) -> None:
        """Words of the grammar in any order."""
        self.check(line.encode())

    @settings(max_examples=60, deadline=None)
    @given(st.sampled_from(CODED), st.binary(max_size=20))
    def test_charsets(self, charset: bytes, text: bytes) -> None:
        """Octets in a literal, said to be of some charset."""
        self.check(b"SEARCH CHARSET %b SUBJECT {%d+}\r\n%b" % (charset, len(text), text))

    @settings(max_examples=60, deadline=None)
    @given(st.binary(max_size=40))
    def test_octets(self, octets: bytes) -> None:
        """Octets that are no words."""
        self.check(b"SEARCH " + octets.replace(b"\r", b"").replace(b"\n", b""))

    def test_depth_and_number(self) -> None:
        """Programs may nest and go on as far as the limits, no further."""
        client = self.server.select()
        for line, state in {
            b"(" * SEARCH_DEPTH + b"ALL" + b")" * SEARCH_DEPTH: b"OK",
            b"(" * (SEARCH_DEPTH + 1) + b"ALL" + b")" * (SEARCH_DEPTH + 1): b"BAD",
            b"NOT " * SEARCH_DEPTH + b"ALL": b"OK",
            b"NOT " * 20000 + b"ALL": b"BAD",
            b"OR ALL " * SEARCH_DEPTH + b"ALL": b"OK",
            b"OR ALL " * 9000 + b"ALL": b"BAD",
            b" ".join([b"SEEN"] * SEARCH_KEYS): b"OK",
            b" ".join([b"SEEN"] * (SEARCH_KEYS + 1)): b"BAD",
        }.items():
            client.send(b"x SEARCH " + line + b"\r\n")
            self.assertIn(b"x %b " % state, client.answers(), line[:60])
