"""The faults of ``twisted.mail.imap4.IMAP4Server`` that we replace, one by one.

A future Twisted that repairs one of them lets us delete the override; these tests must pass all the same.
"""

from twisted.mail.imap4 import IMAP4Server
from twisted.trial.unittest import SynchronousTestCase

from daptinmail.imap.commands import COMMANDS
from daptinmail.imap.protocol import ImapServer
from tests.imap.session import MESSAGE, Server, server_of
from tests.support.cost import lines_of
from tests.support.dialogue import Dialogue


def one(content: bytes = MESSAGE) -> Dialogue:
    """A session with one message selected."""
    server = Server()
    server.put(content)
    return server.select()


class WireFaultTests(SynchronousTestCase):
    """Octets taken for commands, or lost."""

    def test_nonsynchronizing_literal_ran_as_command(self) -> None:
        """The text of ``{n+}`` is never taken for a command."""
        client = Server().login()
        client.send(b"1 APPEND INBOX {14+}\r\n2 DELETE Trash\r\n3 NOOP\r\n")
        client.run("S: 1 OK [APPENDUID ...\nS: 3 OK ...\nC: 4 STATUS Trash (MESSAGES)\nS: * STATUS ...\nS: 4 OK ...")

    def test_refused_literal_ran_as_command(self) -> None:
        """Nor when the command it belongs to is wrong."""
        client = Server().login()
        client.send(b"1 FROB {14+}\r\n2 DELETE Trash\r\n3 NOOP\r\n")
        client.run("S: 1 BAD ...\nS: 3 OK ...\nC: 4 STATUS Trash (MESSAGES)\nS: * STATUS ...\nS: 4 OK ...")

    def test_literals_inside_arguments(self) -> None:
        """Literals may stand in SEARCH, STATUS, LIST, FETCH and anywhere else a string may."""
        client = one()
        client.send(b"1 SEARCH SUBJECT {5+}\r\nhello SEEN\r\n")
        client.run("S: * SEARCH\nS: 1 OK ...")
        client.send(b"2 STATUS {5+}\r\nINBOX (MESSAGES)\r\n3 LIST {0+}\r\n {5+}\r\nINBOX\r\n")
        client.run('S: * STATUS "INBOX" (MESSAGES 1)\nS: 2 OK ...\nS: * LIST ... "INBOX"\nS: 3 OK ...')
        client.send(b"4 FETCH 1 BODY.PEEK[HEADER.FIELDS ({7+}\r\nSubject {2+}\r\nTo)]\r\n")
        client.run("S: * 1 FETCH (BODY[HEADER.FIELDS (Subject To)] {39}\nS* )\nS: 4 OK ...")

    def test_empty_literal(self) -> None:
        """``{0}`` is asked for like any other."""
        Server().connect().run(
            "S: * OK ...\nC: 1 LOGIN {0}\nS: + Go ahead\nC:  {0}\nS: + Go ahead\nC: \n"
            "S: 1 NO [AUTHENTICATIONFAILED] ..."
        )

    def test_huge_literal_was_accepted(self) -> None:
        """``{99999999999}`` is refused at once; sent without asking, it ends the connection."""
        Server().login().run(
            """
            C: 1 APPEND INBOX {99999999999}
            S: 1 NO [TOOBIG] ...
            C: 2 SELECT {99999999999999999999999999999999}
            S: 2 BAD [TOOBIG] ...
            C: 3 NOOP
            S: 3 OK ...
            C: 4 APPEND INBOX {99999999999+}
            S: 4 NO [TOOBIG] ...
            S: * BYE ...
            S! closed
            """
        )

    def test_quoted_strings_with_escapes(self) -> None:
        """Escapes in quoted strings are understood."""
        Server().connect().run(
            'S: * OK ...\nC: 1 LOGIN "ann@example.com" "pass\\"word"\nS: 1 NO [AUTHENTICATIONFAILED] ...'
        )

    def test_long_line_disconnected_without_a_word(self) -> None:
        """A long UID set is a command like any other; one that is too long is told so."""
        client = one()
        client.send(b"1 UID FETCH " + b",".join(b"%d" % uid for uid in range(1, 9000)) + b" FLAGS\r\n")
        client.run("S: * 1 FETCH ...\nS: 1 OK ...")
        client.send(b"2 UID FETCH " + b"1," * 500_000 + b"1 FLAGS\r\n3 NOOP\r\n")
        client.run("S: 2 BAD Line too long\nS: 3 OK ...")

    def test_internal_error_was_shown(self) -> None:
        """What goes wrong inside is logged, not told."""
        server = Server()
        client = server.select()
        del server.factory.store
        client.run("C: 1 STATUS INBOX (MESSAGES)\nS: 1 NO [SERVERBUG] Internal failure, the log tells more")
        self.assertEqual(len(self.flushLoggedErrors(AttributeError)), 1)

    def test_inherited_commands_are_unreachable(self) -> None:
        """Only the table is consulted: no ``auth_LIST`` by inheritance, no dunder, no other state."""
        self.assertTrue(hasattr(IMAP4Server, "auth_LIST"))
        client = Server().connect().run("S: * OK ...")
        for name in ("__INIT__", "LIST", "DO_NOOP", "UID", "UID NOOP"):
            client.run(f"C: 1 {name} x\nS: 1 BAD ...")
        self.assertTrue(issubclass(ImapServer, IMAP4Server))
        self.assertEqual({state for state, _ in COMMANDS}, {"unauth", "auth", "select"})


class OrderFaultTests(SynchronousTestCase):
    """Pipelining."""

    def test_pipelined_select_and_fetch(self) -> None:
        """FETCH sent together with SELECT waits for it."""
        server = Server()
        server.put()
        client = server.login()
        client.send(b"1 SELECT INBOX\r\n2 FETCH 1 UID\r\n3 UNSELECT\r\n4 SELECT Trash\r\n5 NOOP\r\n")
        client.run("S* 1 OK ...\nS: * 1 FETCH (UID 1)\nS: 2 OK ...\nS: 3 OK ...\nS* 4 OK ...\nS: 5 OK ...")

    def test_slow_command_holds_the_next(self) -> None:
        """Answers come in the order of the commands, however slow one is; input in excess is not read."""
        server = Server()
        client = server.login()
        server.spool.gate.shut()
        client.send(b"1 APPEND INBOX {4+}\r\nA: b\r\n2 NOOP\r\n")
        client.run("S! silent")
        client.send(b"3 NOOP\r\n" * 9000)
        self.assertEqual(client.wire.producerState, "paused")
        server.spool.gate.open()
        while b"\r\n3 NOOP" in b"\r\n" + bytes(server_of(client).reader._buffer):
            server.clock.advance(0)
        lines = client.lines()
        self.assertEqual([line.split()[0] for line in lines], ["1", "2", *["3"] * 9000])
        self.assertEqual(client.wire.producerState, "producing")

    def test_pipelined_noops_were_quadratic(self) -> None:
        """Many commands in one piece take time in proportion, and let others have a turn."""
        server = Server()
        client = server.login()
        client.send(b"1 NOOP\r\n" * 1000)
        self.assertEqual(len(client.lines()), 100)
        for _ in range(10):
            server.clock.advance(0)
        self.assertEqual(len(client.lines()), 900)

    def test_idle_ended_on_any_line(self) -> None:
        """Only DONE ends IDLE well."""
        one().run("C: 1 IDLE\nS: + idling\nC: 2 SELECT INBOX\nS: 1 BAD ...")


class FetchFaultTests(SynchronousTestCase):
    """Answers that were wrong."""

    def test_partial_returned_everything(self) -> None:
        """``<0.5>`` is five octets, labelled ``<0>``."""
        client = one()
        client.send(b"1 FETCH 1 BODY.PEEK[]<0.5>\r\n")
        self.assertEqual(client.answers(), b"* 1 FETCH (BODY[]<0> {5}\r\nFrom:)\r\n1 OK FETCH completed\r\n")

    def test_trailing_semicolon_dropped_the_connection(self) -> None:
        """Odd header fields are shown as well as can be."""
        client = one(b"Subject: caf\xe9\r\nContent-Type: text/plain;\r\n\r\nx\r\n")
        client.send(b"1 FETCH 1 (ENVELOPE BODYSTRUCTURE BODY.PEEK[HEADER])\r\n2 NOOP\r\n")
        said = client.answers()
        self.assertIn(b"BODYSTRUCTURE (", said)
        self.assertTrue(said.endswith(b"1 OK FETCH completed\r\n2 OK Completed\r\n"), said)

    def test_headers_were_rebuilt(self) -> None:
        """Repeated fields and their spelling survive."""
        client = one(b"Received: one\r\nRECEIVED: two\r\nSubject: x\r\n\r\n")
        client.send(b"1 FETCH 1 BODY.PEEK[HEADER.FIELDS (received)]\r\n")
        self.assertIn(b"{32}\r\nReceived: one\r\nRECEIVED: two\r\n\r\n)", client.answers())

    def test_default_type(self) -> None:
        """A message without Content-Type is text/plain in BODYSTRUCTURE."""
        client = one()
        client.send(b"1 FETCH 1 BODYSTRUCTURE\r\n")
        self.assertIn(b'("text" "plain" ("charset" "us-ascii")', client.answers().lower())

    def test_body_did_not_set_seen(self) -> None:
        r"""BODY[] sets \Seen."""
        client = one()
        client.send(b"1 FETCH 1 BODY[]<0.1>\r\n2 SEARCH SEEN\r\n")
        self.assertTrue(client.answers().endswith(b"* SEARCH 1\r\n2 OK SEARCH completed\r\n"))


class AnswerFaultTests(SynchronousTestCase):
    """Replies that raised."""

    def test_trycreate(self) -> None:
        """APPEND and COPY to a mailbox that is not there say TRYCREATE."""
        client = one()
        client.send(b"1 APPEND Nope {4+}\r\nA: b\r\n2 COPY 1 Nope\r\n")
        client.run("S: 1 NO [TRYCREATE] ...\nS: 2 NO [TRYCREATE] ...")

    def test_search_of_header_raised(self) -> None:
        """SUBJECT, FROM and SINCE work, and an empty result is said."""
        one().run(
            "C: 1 SEARCH SUBJECT hello FROM ann SINCE 1-Jan-2020\nS: * SEARCH 1\nS: 1 OK ...\n"
            "C: 2 SEARCH SUBJECT nothing\nS: * SEARCH\nS: 2 OK ..."
        )

    def test_select_lacked_codes(self) -> None:
        """SELECT tells UNSEEN, UIDNEXT and PERMANENTFLAGS."""
        server = Server()
        server.put()
        client = server.login()
        client.send(b"1 SELECT INBOX\r\n")
        said = client.answers()
        for code in (b"[UNSEEN 1]", b"[UIDNEXT 2]", b"[PERMANENTFLAGS (", b"[UIDVALIDITY "):
            self.assertIn(code, said)


class TimeFaultTests(SynchronousTestCase):
    """Input that blocked the reactor."""

    def test_four_thousand_ids(self) -> None:
        """4,000 scattered UIDs are understood at once (it took 10 seconds): four times as many, four times the work."""
        server = Server()
        server.put()
        client = server.select()

        def fetch(count: int) -> None:
            uids = b",".join(b"%d" % uid for uid in range(2 * count, 1, -2))
            client.send(b"1 UID FETCH %b FLAGS\r\n" % uids)
            client.run("S: 1 OK ...")

        self.assertLess(lines_of(lambda: fetch(4000)), 5 * lines_of(lambda: fetch(1000)))

    def test_nested_parentheses(self) -> None:
        """Deep nesting is refused, not followed."""
        client = one()
        for program in (b"(" * 30_000, b"NOT " * 10_000 + b"ALL", b"OR " * 9000 + b"ALL"):
            client.send(b"1 SEARCH " + program + b"\r\n")
            client.run("S: 1 BAD Search nested too deeply")
        client.send(b"2 FETCH 1 " + b"(" * 30_000 + b"\r\n")
        client.run("S: 2 BAD ...")
