"""Input made to hurt: bounded, answered or cut off, never an exception."""

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from daptinmail.imap.limits import SEARCHES_AT_ONCE
from tests.imap.session import MESSAGE, Server, server_of
from tests.imap.test_waiting import slow_server

TOKENS = (
    b"1_ 2_UID_ FETCH_ STORE_ SEARCH_ APPEND_ LIST_ SELECT_ IDLE DONE COPY_ MOVE_ EXPUNGE CREATE_ ID_ ENABLE_ STARTTLS "
    b'AUTHENTICATE_PLAIN_ LOGIN_ 1:* INBOX FLAGS BODY[ ] ( ) " \\Seen {3} {3+} {99999+} _ * % <0.5> HEADER.FIELDS NOT_ '
    b"OR_ CHARSET_ ~ $ (CHANGEDSINCE_ VANISHED) PARTIAL_ -1:-2 (QRESYNC_( (CONDSTORE) (UNCHANGEDSINCE_ 0) "
    b"99999999999999999999"
)
WORDS = st.sampled_from([*TOKENS.replace(b"_", b"\t").split(b" "), b"\r\n", b"\n", b"\r", b"\x00", b"\xff"])
NONSENSE = st.lists(st.one_of(WORDS, st.binary(max_size=5)), max_size=60).map(
    lambda words: b"".join(words).replace(b"\t", b" ")
)


class BeforeLoginTests(SynchronousTestCase):
    """A stranger gets little."""

    def test_long_line(self) -> None:
        """8 KiB without a line end are enough, whether or not the line ever ends."""
        client = Server().connect().run("S: * OK ...")
        client.send(b"1 LOGIN " + b"x" * 9000)
        client.run("S: 1 BAD Line too long\nS: * BYE ...\nS! closed")
        self.assertEqual(len(server_of(client).reader._buffer), 64)

    def test_literal_cap(self) -> None:
        """A literal over 4 KiB is refused; sent without asking it ends the connection (LITERAL-)."""
        Server().connect().run("S: * OK ...\nC: 1 LOGIN {4097}\nS: 1 BAD [TOOBIG] ...\nC: 2 NOOP\nS: 2 OK ...")
        Server().connect().run("S: * OK ...\nC: 1 LOGIN {4097+}\nS: 1 BAD [TOOBIG] ...\nS: * BYE ...\nS! closed")

    def test_many_literals(self) -> None:
        """Small literals do not add up to more than a command may have."""
        client = Server().connect().run("S: * OK ...")
        client.send((b"1 ID (" + b"{1000+}\r\n" + b"x" * 1000 + b" ") * 10)
        client.run("S: 1 BAD ...\nS: * BYE ...\nS! closed")

    def test_append_is_not_streamed(self) -> None:
        """Nobody spools a message before login."""
        server = Server()
        server.connect().run("S: * OK ...\nC: 1 APPEND INBOX {5000}\nS: 1 BAD [TOOBIG] ...")
        self.assertIsNone(server.spool.last)

    def test_long_sasl_response(self) -> None:
        """Nor does AUTHENTICATE collect without end."""
        client = Server().connect().run("S: * OK ...\nC: 1 AUTHENTICATE PLAIN\nS: + ")
        client.send(b"A" * 10_000)
        client.run("S* * BYE ...\nS! closed")


class AfterLoginTests(SynchronousTestCase):
    """An account has limits too."""

    def test_megabyte_line(self) -> None:
        """A line of a megabyte is dropped while it comes, and the next command works."""
        client = Server().login()
        for _ in range(16):
            client.send(b"x" * 65536)
            self.assertLess(server_of(client).reader.buffered, 70_000)
        client.send(b"\r\n1 NOOP\r\n")
        client.run("S: * BAD Line too long\nS: 1 OK ...")

    def test_long_line_with_literal(self) -> None:
        """A line that is too long and announces a literal takes the literal along."""
        client = Server().login()
        client.send(b"1 SELECT " + b"x" * 100_000 + b" {14+}\r\n2 DELETE Trash\r\n3 NOOP\r\n")
        client.run("S: 1 BAD Line too long\nS: 3 OK ...")

    def test_oversize_string_literal_is_drained(self) -> None:
        """A string of 100 KB is read away and refused."""
        client = Server().login()
        client.send(b"1 SELECT {100000+}\r\n" + b"x" * 100_000 + b"\r\n2 NOOP\r\n")
        client.run("S: 1 BAD [TOOBIG] ...\nS: 2 OK ...")

    def test_command_of_many_literals(self) -> None:
        """A whole command has a limit as well."""
        client = Server().login()
        client.send(b"1 SEARCH " + (b"TEXT {60000+}\r\n" + b"x" * 60_000 + b" ") * 5 + b"ALL\r\n2 NOOP\r\n")
        client.run("S: 1 BAD ...\nS: 2 OK ...")

    def test_nul_and_unterminated(self) -> None:
        """NUL, bare CR, open quotes and the like are BAD."""
        client = Server().login()
        for text in (
            b'SELECT "INBOX',
            b"SELECT IN\x00BOX",
            b"SELECT IN\rBOX",
            b'SELECT "a\\b"',
            b"SELECT {x}",
            b"SELECT \xff",
        ):
            client.send(b"1 " + text + b"\r\n2 NOOP\r\n")
            client.run("S: 1 BAD ...\nS: 2 OK ...")
        client.send(b"1 SELECT {3+}\r\na\x00b\r\n2 NOOP\r\n")
        client.run("S: 1 BAD ...\nS: 2 OK ...")

    def test_odd_tags(self) -> None:
        """A command without a proper tag is answered without one."""
        client = Server().login()
        for line in (b"", b" NOOP", b"+ NOOP", b"* NOOP", b"(a NOOP", b"x" * 70 + b" NOOP"):
            client.send(line + b"\r\n")
            client.run("S: * BAD ...\nC: 1 NOOP\nS: 1 OK ...")
        client.run("C: lonely\nS: lonely BAD ...\nC: a NOOP x\nS: a BAD ...\nC: b  NOOP\nS: b BAD ...")

    def test_spaces_at_the_end(self) -> None:
        """Spaces after a command, which some clients send, do no harm."""
        Server().login().run("C: 1 NOOP  \nS: 1 OK ...")

    def test_many_fetch_items(self) -> None:
        """One message is not sent a thousand times over."""
        server = Server()
        server.put()
        items = " ".join(f"BODY[]<{number}.10>" for number in range(100))
        server.select().run(f"C: 1 FETCH 1 ({items})\nS: 1 BAD Too many items")

    def test_many_search_keys(self) -> None:
        """A search program has a longest length."""
        client = Server().select()
        client.send(b"1 SEARCH " + b"ALL " * 3000 + b"ALL\r\n")
        client.run("S: 1 BAD Too many search keys")


class AnyOctetsTests(SynchronousTestCase):
    """Whatever comes, the session answers or closes."""

    def check(self, pieces: list[bytes], state: str) -> None:
        """Send ``pieces``; then the session still works, waits for the rest of a literal, or said BYE."""
        server = Server()
        server.put(MESSAGE)
        client = getattr(server, state)()
        for piece in pieces:
            client.send(piece)
            server.clock.advance(0)
        client.answers()
        client.send(b"\r\n" * 3 + b"x" * 100_000 + b"\r\n" + b"DONE\r\n*\r\nend NOOP\r\n")
        server.clock.advance(10)
        said = client.answers()
        closed = client.wire.disconnecting or client.wire.aborted
        self.assertTrue(b"end OK" in said or closed or server_of(client).reader.in_command, said)
        client.lose()
        self.assertEqual(server.clock.getDelayedCalls(), [])
        self.assertEqual(server.spool.open, set())
        self.assertFalse(any(server.store.listeners.values()))
        self.assertEqual(self.flushLoggedErrors(), [])

    @settings(max_examples=150, deadline=None)
    @given(st.lists(NONSENSE, max_size=4))
    def test_before_login(self, pieces: list[bytes]) -> None:
        """Nonsense from a stranger."""
        self.check(pieces, "connect")

    @settings(max_examples=300, deadline=None)
    @given(st.lists(NONSENSE, max_size=4))
    def test_selected(self, pieces: list[bytes]) -> None:
        """Nonsense from an account with a selected mailbox."""
        self.check(pieces, "select")

    @settings(max_examples=100, deadline=None)
    @given(st.lists(st.integers(1, 200), max_size=20))
    def test_any_segments(self, cuts: list[int]) -> None:
        """The same octets in any segments have the same effect."""
        octets = (
            b"1 SELECT {5+}\r\nINBOX\r\n2 APPEND INBOX (\\Seen) {20+}\r\nSubject: x\r\n\r\ny\r\nz\r\n\r\n"
            b"3 FETCH 1:* (UID BODY.PEEK[TEXT])\r\n4 SEARCH SUBJECT {1+}\r\nx\r\n5 LOGOUT\r\n"
        )
        server = Server()
        client = server.login()
        for cut in cuts:
            client.send(octets[:cut])
            octets = octets[cut:]
        client.send(octets)
        client.run(
            """
            S* 1 OK ...
            S: * 1 EXISTS
            S: * 1 RECENT
            S: 2 OK ...
            S: * 1 FETCH (UID 1 BODY[TEXT] {6}
            S: y
            S: z
            S: )
            S: 3 OK ...
            S: * SEARCH 1
            S: 4 OK ...
            S: * BYE ...
            S: 5 OK ...
            S! closed
            """
        )


class FetchTests(SynchronousTestCase):
    """Fetching costs time."""

    def test_names_of_fields(self) -> None:
        """Thousands of field names are not looked for in every message."""
        client = Server().select()
        some, many = b" ".join(b"X-%d" % n for n in range(500)), b" ".join(b"X-%d" % n for n in range(501))
        client.send(b"1 FETCH 1:* BODY[HEADER.FIELDS (%b)]\r\n" % many)
        client.run("S: 1 BAD Too many items")
        client.send(b"2 UID FETCH 1:* (BODY[HEADER.FIELDS (%b)] BODY[HEADER.FIELDS.NOT (A)])\r\n" % some)
        client.run("S: 2 BAD Too many items")
        client.send(b"3 UID FETCH 1:* BODY[HEADER.FIELDS (%b)]\r\n" % some)
        client.run("S: 3 OK ...")


class SearchTests(SynchronousTestCase):
    """Searching costs time."""

    def test_searches_leave_threads_to_others(self) -> None:
        """However many sessions search at once, the store is asked by two; those who hang up ask nothing."""
        server, store = slow_server()
        clients = [server.select() for _ in range(5)]
        store.slow = True
        store.calls.clear()
        for client in clients:
            client.send(b"s SEARCH TEXT zzz\r\n")
        self.assertEqual(store.calls, ["find"] * SEARCHES_AT_ONCE)
        clients.pop().lose()
        store.answer_all()
        for client in clients:
            client.run("S: * SEARCH\nS: s OK ...")
        self.assertEqual(store.calls, ["find"] * len(clients))
