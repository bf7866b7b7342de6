"""FETCH in every form."""

from datetime import UTC, datetime

from twisted.trial.unittest import SynchronousTestCase

from daptinmail.db.types import to_milliseconds
from daptinmail.imap.attributes import date_time
from tests.imap.session import MESSAGE, Server, server_of

NESTED = (
    b"From: ann@example.com\r\nSubject: outer\r\nMIME-Version: 1.0\r\n"
    b'Content-Type: multipart/mixed; boundary="b"\r\n\r\n'
    b"preamble\r\n--b\r\nContent-Type: text/plain\r\nX-Part: one\r\n\r\nfirst part\r\n"
    b"--b\r\nContent-Type: message/rfc822\r\n\r\n"
    b"From: carl@example.com\r\nSubject: inner\r\n\r\ninner body\r\n\r\n--b--\r\n"
)


class ItemTests(SynchronousTestCase):
    """One item at a time."""

    def setUp(self) -> None:
        self.server = Server()
        self.server.put(NESTED, frozenset({rb"\Seen"}))
        self.client = self.server.select()

    def fetched(self, items: str) -> bytes:
        """What FETCH 1 answers between its parentheses."""
        self.client.send(b"f FETCH 1 " + items.encode() + b"\r\n")
        said = self.client.answers()
        self.assertTrue(said.endswith(b")\r\nf OK FETCH completed\r\n"), said)
        return said.removeprefix(b"* 1 FETCH (").removesuffix(b")\r\nf OK FETCH completed\r\n")

    def literal(self, item: str, label: str | None = None) -> bytes:
        """The literal that answers ``item``."""
        answer = self.fetched(item)
        name, _, rest = answer.partition(b" {")
        size, _, octets = rest.partition(b"}\r\n")
        self.assertEqual(name.decode(), label or item.replace(".PEEK", ""))
        self.assertEqual(len(octets), int(size))
        return octets

    def test_simple_items(self) -> None:
        """Flags, UID, size and date, alone or in a list, in any case."""
        self.assertEqual(self.fetched("FLAGS"), rb"FLAGS (\Seen \Recent)")
        self.assertEqual(self.fetched("uid"), b"UID 1")
        self.assertEqual(self.fetched("(Rfc822.Size)"), b"RFC822.SIZE %d" % len(NESTED))
        self.assertEqual(self.fetched("INTERNALDATE"), b'INTERNALDATE " 2-Jan-2026 03:04:05 +0000"')

    def test_macros(self) -> None:
        """ALL, FAST and FULL stand for lists."""
        fast = self.fetched("FAST")
        self.assertEqual(fast, self.fetched("(FLAGS INTERNALDATE RFC822.SIZE)"))
        self.assertEqual(self.fetched("ALL"), fast + b" " + self.fetched("ENVELOPE"))
        self.assertEqual(self.fetched("FULL"), self.fetched("ALL") + b" " + self.fetched("BODY"))

    def test_structure(self) -> None:
        """BODY lacks the extension data that BODYSTRUCTURE has."""
        self.assertIn(b'"MIXED"', self.fetched("BODY").upper())
        self.assertGreater(len(self.fetched("BODYSTRUCTURE")), len(self.fetched("BODY")))
        self.assertIn(b'"outer"', self.fetched("ENVELOPE"))

    def test_whole(self) -> None:
        """BODY[] and RFC822 are the content, octet for octet."""
        self.assertEqual(self.literal("BODY[]"), NESTED)
        self.assertEqual(self.literal("BODY.PEEK[]"), NESTED)
        self.assertEqual(self.literal("RFC822"), NESTED)

    def test_header_and_text(self) -> None:
        """Header section and text together are the content."""
        header, text = self.literal("BODY[HEADER]"), self.literal("BODY[TEXT]")
        self.assertEqual(header + text, NESTED)
        self.assertTrue(header.endswith(b"\r\n\r\n"))
        self.assertEqual(self.literal("RFC822.HEADER"), header)
        self.assertEqual(self.literal("RFC822.TEXT"), text)

    def test_header_fields(self) -> None:
        """Chosen fields, and all but chosen ones, each with its empty line; the label echoes the names."""
        self.assertEqual(self.literal("BODY[HEADER.FIELDS (subject X-None)]"), b"Subject: outer\r\n\r\n")
        self.assertEqual(
            self.literal("BODY.PEEK[HEADER.FIELDS.NOT (MIME-Version Content-Type)]"),
            b"From: ann@example.com\r\nSubject: outer\r\n\r\n",
        )
        self.assertEqual(self.literal("BODY[HEADER.FIELDS (X-None)]"), b"\r\n")
        self.assertEqual(
            self.literal('BODY[HEADER.FIELDS ("subject")]', "BODY[HEADER.FIELDS (subject)]"), b"Subject: outer\r\n\r\n"
        )

    def test_odd_field_names(self) -> None:
        """Names that are no atoms come back quoted, or as literals."""
        self.assertEqual(self.literal('BODY[HEADER.FIELDS ("X Y\\"")]', 'BODY[HEADER.FIELDS ("X Y\\"")]'), b"\r\n")
        self.client.send(b"1 FETCH 1 BODY[HEADER.FIELDS ({3+}\r\nX\xffY)]\r\n")
        self.assertIn(b"BODY[HEADER.FIELDS ({3}\r\nX\xffY)] {2}\r\n\r\n)", self.client.answers())

    def test_parts(self) -> None:
        """Parts by number, their MIME headers, and the message inside."""
        self.assertEqual(self.literal("BODY[1]"), b"first part")
        self.assertEqual(self.literal("BODY[1.MIME]"), b"Content-Type: text/plain\r\nX-Part: one\r\n\r\n")
        self.assertEqual(self.literal("BODY[2.HEADER]"), b"From: carl@example.com\r\nSubject: inner\r\n\r\n")
        self.assertEqual(self.literal("BODY[2.HEADER.FIELDS (Subject)]"), b"Subject: inner\r\n\r\n")
        self.assertEqual(self.literal("BODY[2.TEXT]"), b"inner body\r\n")
        self.assertEqual(self.literal("BODY[2.1]"), b"inner body\r\n")
        self.assertEqual(self.literal("BODY.PEEK[2]"), self.literal("BODY[2.HEADER]") + b"inner body\r\n")

    def test_missing_part(self) -> None:
        """A part that is not there is NIL."""
        self.assertEqual(self.fetched("BODY[3]"), b"BODY[3] NIL")
        self.assertEqual(self.fetched("BODY[1.HEADER]"), b"BODY[1.HEADER] NIL")
        self.assertEqual(self.fetched("(UID BODY[9.9] BODY[1])"), b"UID 1 BODY[9.9] NIL BODY[1] {10}\r\nfirst part")

    def test_partial(self) -> None:
        """A partial fetch gives just those octets, fewer at the end, none beyond it."""
        self.assertEqual(self.literal("BODY[]<5.7>", "BODY[]<5>"), NESTED[5:12])
        self.assertEqual(self.literal("BODY.PEEK[1]<6.100>", "BODY[1]<6>"), b"part")
        self.assertEqual(self.literal("BODY[1]<99.10>", "BODY[1]<99>"), b"")
        self.assertEqual(self.literal("BODY[HEADER]<0.4>", "BODY[HEADER]<0>"), b"From")
        self.assertEqual(
            self.literal("BODY[2.HEADER.FIELDS (Subject)]<9.5>", "BODY[2.HEADER.FIELDS (Subject)]<9>"), b"inner"
        )

    def test_several(self) -> None:
        """Sections come in the order asked, after the attributes."""
        answer = self.fetched("(BODY[1] FLAGS BODY[HEADER.FIELDS (Subject)])")
        self.assertEqual(
            answer,
            rb"FLAGS (\Seen \Recent) "
            b"BODY[1] {10}\r\nfirst part BODY[HEADER.FIELDS (Subject)] {18}\r\nSubject: outer\r\n\r\n",
        )

    def test_bad_spelling(self) -> None:
        """What the grammar does not know is BAD, and nothing else happens."""
        for items in (
            "",
            "()",
            "FROB",
            "(FLAGS",
            "FLAGS)",
            "(FLAGS  UID)",
            "FLAGS UID",
            "(ALL)",
            "(FLAGS )",
            "BODY[",
            "BODY[]<1>",
            "BODY[]<1.0>",
            "BODY[]<-1.5>",
            "BODY[0]",
            "BODY[1.]",
            "BODY[.1]",
            "BODY[MIME]",
            "BODY[1.FROB]",
            "BODY[HEADER.FIELDS]",
            "BODY[HEADER.FIELDS ()]",
            "BODY[HEADER.FIELDS Subject]",
            "BODY.PEEK",
            "BODYSTRUCTURE[]",
            "RFC822.PEEK",
        ):
            self.client.send(b"b FETCH 1 " + items.encode() + b"\r\nn NOOP\r\n")
            said = self.client.answers()
            self.assertTrue(said.startswith(b"b BAD "), (items, said))
            self.assertTrue(said.endswith(b"n OK Completed\r\n"), (items, said))

    def test_bad_numbers(self) -> None:
        """Sequence numbers that are not in use are BAD; UIDs that are not are passed over."""
        self.client.run(
            """
            C: 1 FETCH 2 FLAGS
            S: 1 BAD ...
            C: 2 FETCH 0 FLAGS
            S: 2 BAD ...
            C: 3 FETCH 1:2 FLAGS
            S: 3 BAD ...
            C: 4 FETCH x FLAGS
            S: 4 BAD ...
            C: 5 FETCH 1,,1 FLAGS
            S: 5 BAD ...
            C: 6 UID FETCH 7,9:12 FLAGS
            S: 6 OK ...
            C: 7 FETCH 4294967296 FLAGS
            S: 7 BAD ...
            C: 8 NOOP
            S: 8 OK ...
            """
        )


class SeenTests(SynchronousTestCase):
    r"""Reading sets \Seen, looking does not."""

    def test_seen(self) -> None:
        r"""BODY[] sets \Seen and says so; PEEK and RFC822.HEADER do not."""
        server = Server()
        server.put()
        server.select().run(
            r"""
            C: 1 FETCH 1 (BODY.PEEK[TEXT] RFC822.HEADER)
            S: * 1 FETCH (BODY[TEXT] ...
            S* 1 OK ...
            C: 2 FETCH 1 FLAGS
            S: * 1 FETCH (FLAGS (\Recent))
            S: 2 OK ...
            C: 3 FETCH 1 BODY[TEXT]
            S: * 1 FETCH (FLAGS (\Seen \Recent) BODY[TEXT] {15}
            S: Good morning.
            S: )
            S: 3 OK ...
            C: 4 FETCH 1 BODY[TEXT]
            S: * 1 FETCH (BODY[TEXT] {15}
            S: Good morning.
            S: )
            S: 4 OK ...
            """
        )


class RangeTests(SynchronousTestCase):
    """Which messages."""

    def setUp(self) -> None:
        self.server = Server()
        for _ in range(5):
            self.server.put()
        self.client = self.server.select()

    def uids(self, command: str) -> list[bytes]:
        """The UIDs that a command shows."""
        self.client.send(b"f " + command.encode() + b"\r\n")
        said = self.client.answers()
        self.assertIn(b"f OK", said)
        return [
            line.split(b"UID ")[1].rstrip(b")") for line in said.split(b"\r\n") if b"UID" in line and line[:1] == b"*"
        ]

    def test_sets(self) -> None:
        """Ranges may be reversed, overlap, and use ``*``; each message is shown once, in order."""
        self.assertEqual(self.uids("FETCH 4:2,3,1 UID"), [b"1", b"2", b"3", b"4"])
        self.assertEqual(self.uids("FETCH * UID"), [b"5"])
        self.assertEqual(self.uids("FETCH *:4 UID"), [b"4", b"5"])
        self.assertEqual(self.uids("UID FETCH 4:99 (UID)"), [b"4", b"5"])
        self.assertEqual(self.uids("UID FETCH 77:* (UID)"), [b"5"])

    def test_uid_fetch_has_uid(self) -> None:
        """UID FETCH shows the UID, asked or not, once."""
        self.client.run(
            r"""
            C: 1 UID FETCH 2 FLAGS
            S: * 2 FETCH (UID 2 FLAGS (\Recent))
            S: 1 OK ...
            C: 2 UID FETCH 2 (FLAGS UID)
            S: * 2 FETCH (FLAGS (\Recent) UID 2)
            S: 2 OK ...
            """
        )

    def test_empty_mailbox(self) -> None:
        """In an empty mailbox a UID set finds nothing and a sequence number does not exist."""
        self.server.select("Trash").run("C: 1 UID FETCH 1:* FLAGS\nS: 1 OK ...\nC: 2 FETCH 1:* FLAGS\nS: 2 BAD ...")


class DateTests(SynchronousTestCase):
    """INTERNALDATE."""

    def test_dates(self) -> None:
        """Dates are shown in UTC, to the second, with two places for the day; before 1970 too."""
        for moment, shown in (
            (datetime(2026, 12, 31, 23, 59, 59, 999_000, UTC), b"31-Dec-2026 23:59:59 +0000"),
            (datetime(2026, 2, 3, tzinfo=UTC), b" 3-Feb-2026 00:00:00 +0000"),
            (datetime(1969, 12, 31, 23, 0, 1, tzinfo=UTC), b"31-Dec-1969 23:00:01 +0000"),
        ):
            self.assertEqual(date_time(to_milliseconds(moment)), shown)


class LargeTests(SynchronousTestCase):
    """More than one chunk."""

    def test_large_content(self) -> None:
        """A content larger than a chunk comes whole, mixed with small sections."""
        content = MESSAGE + b"0123456789" * 60_000
        server = Server()
        server.put(content)
        client = server.select()
        client.send(b"1 FETCH 1 (BODY.PEEK[HEADER.FIELDS (Subject)] BODY.PEEK[] BODY.PEEK[7])\r\n")
        said = client.answers()
        self.assertEqual(
            said,
            b"* 1 FETCH (BODY[HEADER.FIELDS (Subject)] {18}\r\nSubject: Hello\r\n\r\n"
            b" BODY[] {%d}\r\n%b BODY[7] NIL)\r\n1 OK FETCH completed\r\n" % (len(content), content),
        )

    def test_slow_reader(self) -> None:
        """A client that does not read gets no more until it does, and costs a chunk, not a message."""
        server = Server()
        server.put(MESSAGE + b"0123456789" * 200_000)
        client = server.select()
        writer = server_of(client).writer
        writer.pauseProducing()
        client.send(b"1 FETCH 1 BODY.PEEK[]\r\n2 NOOP\r\n")
        first = len(client.wire.value())
        self.assertLess(first, 300_000)
        for _ in range(20):
            writer.resumeProducing()
            writer.pauseProducing()
        self.assertTrue(client.wire.value().endswith(b"2 OK Completed\r\n"))
        client.lose()

    def test_slow_reader_is_cut_off(self) -> None:
        """A client that stops reading for half an hour is gone, in the middle of an answer."""
        server = Server()
        server.put(MESSAGE + b"0123456789" * 200_000)
        client = server.select()
        server_of(client).writer.pauseProducing()
        client.send(b"1 FETCH 1 BODY.PEEK[]\r\n")
        server.clock.advance(1800)
        self.assertTrue(client.wire.aborted)
        self.assertNotIn(b"BYE", client.answers())

    def test_many_messages(self) -> None:
        """A long answer comes in slices between which others have a turn."""
        server = Server()
        for _ in range(1500):
            server.put(b"Subject: x\r\n\r\n")
        client = server.select()
        client.send(b"1 FETCH 1:* UID\r\n")
        self.assertEqual(client.answers().count(b"\r\n"), 1000)
        server.clock.advance(0)
        self.assertEqual(client.answers().count(b"\r\n"), 501)
