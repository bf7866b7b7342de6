"""STORE, EXPUNGE, COPY, MOVE, APPEND."""

from twisted.trial.unittest import SynchronousTestCase

from daptinmail.errors import OverQuota
from daptinmail.imap.server import ImapFactory
from tests.imap.session import MESSAGE, Server


def three() -> Server:
    """Three messages in INBOX."""
    server = Server()
    for _ in range(3):
        server.put()
    server.select().run("C: 1 LOGOUT\nS* 1 OK ...")
    return server


class StoreTests(SynchronousTestCase):
    """Flags."""

    def test_modes(self) -> None:
        """Flags are added, removed, replaced; silently if so asked; system flags in any case."""
        three().select().run(
            r"""
            C: 1 STORE 1:2 +FLAGS (\seen $Work)
            S: * FLAGS (\Answered \Flagged \Deleted \Seen \Draft $Work)
            S: * 1 FETCH (FLAGS (\Seen $Work))
            S: * 2 FETCH (FLAGS (\Seen $Work))
            S: 1 OK ...
            C: 2 STORE 1 -FLAGS \Seen
            S: * 1 FETCH (FLAGS ($Work))
            S: 2 OK ...
            C: 3 STORE 2 FLAGS (\Flagged)
            S: * 2 FETCH (FLAGS (\Flagged))
            S: 3 OK ...
            C: 4 STORE 3 FLAGS.SILENT (\Answered)
            S: 4 OK ...
            C: 5 UID STORE 3 FLAGS ()
            S: * 3 FETCH (UID 3 FLAGS ())
            S: 5 OK ...
            C: 6 STORE 3 +FLAGS \Draft \Deleted
            S: * 3 FETCH (FLAGS (\Deleted \Draft))
            S: 6 OK ...
            C: 7 UID STORE 99 +FLAGS (\Seen)
            S: 7 OK ...
            """
        )

    def test_bad_spelling(self) -> None:
        r"""Unknown system flags, \Recent and odd items are BAD."""
        client = three().select()
        for arguments in (
            r"1 +FLAGS (\Recent)",
            r"1 +FLAGS (\Frob)",
            r"1 +FLAGS (\*)",
            r"1 FLAGZ (\Seen)",
            r"1 +FLAGS",
            r"1 +FLAGS (\Seen",
            r"9 +FLAGS (\Seen)",
            r"+FLAGS (\Seen)",
        ):
            client.run(f"C: b STORE {arguments}\nS: b BAD ...\nC: n NOOP\nS: n OK ...")

    def test_long_keyword(self) -> None:
        """Keywords have a longest length."""
        three().select().run(f"C: 1 STORE 1 +FLAGS ({'x' * 101})\nS: 1 NO [LIMIT] ...")


class ExpungeTests(SynchronousTestCase):
    """Removing messages."""

    def test_expunge(self) -> None:
        """Each EXPUNGE line counts with those before it."""
        three().select().run(
            r"""
            C: 1 STORE 1,3 +FLAGS.SILENT (\Deleted)
            S: 1 OK ...
            C: 2 EXPUNGE
            S: * 3 EXPUNGE
            S: * 1 EXPUNGE
            S: 2 OK ...
            C: 3 FETCH 1:* UID
            S: * 1 FETCH (UID 2)
            S: 3 OK ...
            """
        )

    def test_uid_expunge(self) -> None:
        """UID EXPUNGE removes only the deleted ones among those named."""
        three().select().run(
            r"""
            C: 1 STORE 1:2 +FLAGS.SILENT (\Deleted)
            S: 1 OK ...
            C: 2 UID EXPUNGE 2:3
            S: * 2 EXPUNGE
            S: 2 OK ...
            C: 3 UID EXPUNGE
            S: 3 BAD ...
            """
        )


class CopyTests(SynchronousTestCase):
    """COPY and MOVE."""

    def test_copy(self) -> None:
        """COPY answers which UID became which, and keeps flags and date."""
        three().select().run(
            r"""
            C: 1 STORE 2 +FLAGS.SILENT (\Flagged)
            S: 1 OK ...
            C: 2 COPY 1:2 Trash
            S~ 2 OK \[COPYUID \d+ 1:2 1:2\] COPY completed
            C: 3 UID COPY 3 Trash
            S~ 3 OK \[COPYUID \d+ 3 3\] COPY completed
            C: 4 UID COPY 77 Trash
            S: 4 OK No messages to copy
            C: 5 SELECT Trash
            S* * 3 EXISTS
            S* 5 OK ...
            C: 6 FETCH 2 FLAGS
            S: * 2 FETCH (FLAGS (\Flagged \Recent))
            S: 6 OK ...
            """
        )

    def test_missing_target(self) -> None:
        """A target that does not exist may be created: TRYCREATE."""
        three().select().run(
            """
            C: 1 COPY 1 Nope
            S: 1 NO [TRYCREATE] ...
            C: 2 MOVE 1 Nope
            S: 2 NO [TRYCREATE] ...
            C: 3 UID COPY 1 Nope
            S: 3 NO [TRYCREATE] ...
            C: 4 COPY 9 Trash
            S: 4 BAD ...
            """
        )

    def test_move(self) -> None:
        """MOVE tells COPYUID before the EXPUNGEs."""
        three().select().run(
            r"""
            C: 1 MOVE 1,3 Trash
            S~ \* OK \[COPYUID \d+ 1,3 1:2\] Moved
            S: * 3 EXPUNGE
            S: * 1 EXPUNGE
            S: 1 OK ...
            C: 2 UID MOVE 2 Trash
            S~ \* OK \[COPYUID \d+ 2 3\] Moved
            S: * 1 EXPUNGE
            S: 2 OK ...
            C: 3 UID MOVE 2 Trash
            S: 3 OK No messages to move
            """
        )

    def test_move_onto_itself(self) -> None:
        """Messages moved to where they are get new UIDs, as a copy there would (RFC 6851 §3.1)."""
        three().select().run(
            """
            C: 1 MOVE 1 INBOX
            S: * OK [COPYUID ... 1 4] ...
            S: * 4 EXISTS
            S: * 1 RECENT
            S: * 1 EXPUNGE
            S: 1 OK ...
            C: 2 FETCH 1:* UID
            S: * 1 FETCH (UID 2)
            S: * 2 FETCH (UID 3)
            S: * 3 FETCH (UID 4)
            S: 2 OK ...
            """
        )

    def test_copy_what_another_session_expunged(self) -> None:
        """COPY by sequence number copies nothing and says so if a message is gone, told of or not (RFC 3501 §6.4.7)."""
        server = three()
        ann, other = server.select(), server.select()
        other.run("C: 1 STORE 1 +FLAGS.SILENT (\\Deleted)\nS: 1 OK ...\nC: 2 EXPUNGE\nS: * 1 EXPUNGE\nS: 2 OK ...")
        ann.run("C: 1 COPY 1:2 Trash\nS: * 1 EXPUNGE\nS: 1 NO [EXPUNGEISSUED] ...")
        ann.run("C: 2 STATUS Trash (MESSAGES)\nS: * STATUS ... (MESSAGES 0)\nS: 2 OK ...")

    def test_copy_onto_itself(self) -> None:
        """Copying into the same mailbox makes new messages that are announced."""
        three().select().run("C: 1 COPY 1 INBOX\nS: * 4 EXISTS\nS: * 1 RECENT\nS: 1 OK [COPYUID ... 1 4] ...")


class AppendTests(SynchronousTestCase):
    """APPEND."""

    def append(self, server: Server, arguments: str, content: bytes = MESSAGE) -> bytes:
        """Send an APPEND with a non-synchronizing literal; what the server says."""
        client = server.login()
        client.send(b"1 APPEND %b {%d+}\r\n%b\r\n" % (arguments.encode(), len(content), content))
        return client.answers()

    def test_flags_and_date(self) -> None:
        """Flags and date are kept."""
        server = Server()
        said = self.append(server, r'Sent (\Seen $Mine) " 5-Mar-2024 06:07:08 -0330"')
        self.assertIn(b"1 OK [APPENDUID", said)
        server.select("Sent").run(
            r"""
            C: 1 FETCH 1 (INTERNALDATE FLAGS BODY.PEEK[])
            S~ \* 1 FETCH \(INTERNALDATE "( 5-Mar-2024 06:07:08 -0330| 5-Mar-2024 09:37:08 \+0000)" FLAGS .*
            S* 1 OK ...
            """
        )

    def test_into_selected(self) -> None:
        """A message appended to the selected mailbox is announced before the OK."""
        client = Server().select()
        client.send(b"1 APPEND INBOX {%d+}\r\n%b\r\n" % (len(MESSAGE), MESSAGE))
        client.run("S: * 1 EXISTS\nS: * 1 RECENT\nS: 1 OK [APPENDUID ... 1] ...")

    def test_mailbox_as_literal(self) -> None:
        """The name of the mailbox may be a literal too."""
        client = Server().login()
        client.send(b"1 APPEND {4+}\r\nSent {%d+}\r\n%b\r\n" % (len(MESSAGE), MESSAGE))
        client.run("S: 1 OK [APPENDUID ... 1] ...")

    def test_missing_target(self) -> None:
        """A mailbox that does not exist may be created; nothing of the message stays behind."""
        server = Server()
        self.assertIn(b"1 NO [TRYCREATE] ", self.append(server, "Nope"))
        self.assertEqual(server.spool.open, set())

    def test_bad_spelling(self) -> None:
        """A malformed APPEND takes its literal along and leaves no trace."""
        server = Server()
        for arguments in (r"Sent (\Frob)", 'Sent "31-Feb-2024 06:07:08 +0000"', "Sent (", r"Sent \Seen", "Sent x"):
            said = self.append(server, arguments)
            self.assertTrue(said.startswith(b"1 BAD "), (arguments, said))
            self.assertEqual(said.count(b"\r\n"), 1)
        self.assertEqual(server.spool.open, set())

    def test_empty_message(self) -> None:
        """Nothing is no message."""
        self.assertIn(b"1 NO [CANNOT]", self.append(Server(), "Sent", b""))

    def test_nul(self) -> None:
        """NUL octets are refused; the connection goes on."""
        self.assertIn(b"1 NO [CANNOT]", self.append(Server(), "Sent", b"Subject: \x00\r\n\r\n"))

    def test_too_large(self) -> None:
        """A client that asks first is refused at once; one that does not, after its message was read away."""
        server = Server()
        server.factory.append_limit = 100
        client = server.login().run("C: 1 APPEND Sent {101}\nS: 1 NO [TOOBIG] ...\nC: 2 NOOP\nS: 2 OK ...")
        client.send(b"3 APPEND Sent {101+}\r\n" + b"x" * 101 + b"\r\n4 NOOP\r\n")
        client.run("S: 3 NO [TOOBIG] ...\nS: 4 OK ...")

    def test_slow_disk(self) -> None:
        """While the disk is busy nothing more is read from the client."""
        server = Server()
        client = server.login()
        server.spool.gate.shut()
        client.send(b"1 APPEND Sent {400000+}\r\n" + b"x" * 1000)
        for _ in range(7):
            client.send(b"x" * 10_000)
        self.assertEqual(client.wire.producerState, "paused")
        server.spool.gate.open()
        self.assertEqual(client.wire.producerState, "producing")
        client.send(b"x" * 329_000 + b"\r\n")
        client.run("S: 1 OK [APPENDUID ...")

    def test_lost_connection(self) -> None:
        """A message cut off in the middle is forgotten."""
        server = Server()
        client = server.login()
        client.send(b"1 APPEND Sent {400000+}\r\nhalf")
        client.lose()
        self.assertEqual(server.spool.open, set())
        server.login().run('C: 3 STATUS Sent (MESSAGES)\nS: * STATUS "Sent" (MESSAGES 0)\nS: 3 OK ...')

    def test_full_disk(self) -> None:
        """A full disk or mailbox is said with its code, after the literal."""
        server = Server()
        server.spool.write_fails = OverQuota()
        self.assertIn(b"1 NO [OVERQUOTA] ", self.append(server, "Sent"))
        self.assertEqual(server.spool.open, set())

    def test_limit_is_the_factory_s(self) -> None:
        """The largest message is an attribute of the listener."""
        self.assertIsInstance(Server().factory, ImapFactory)
        self.assertGreaterEqual(Server().factory.append_limit, 50 * 1024 * 1024)
