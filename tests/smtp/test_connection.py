"""Limits, time, order and pressure on a connection."""

from typing import Any, cast

from attrs import evolve
from twisted.trial.unittest import SynchronousTestCase

from daptinmail.smtp.limits import Limits
from tests.smtp.listening import LIMITS, SERVER, Listener, listening


class Counts(SynchronousTestCase):
    """How much a client may do."""

    def test_max_clients(self) -> None:
        """One client too many is told so and nothing else; when one leaves there is room again."""
        listener = listening(max_clients=2)
        first = listener.connect()
        listener.connect()
        listener.connect().run("S: 421 4.3.2 Too many connections\nS! closed\nC: NOOP\nS! silent").lose()
        self.assertEqual(len(listener.factory.sessions), 2)
        first.lose()
        listener.connect().run("S: 220 ...")

    def test_errors(self) -> None:
        """After twenty refusals the connection ends, also those of recipients."""
        dialogue = Listener().greeted().run("C: MAIL FROM:<>\nS: 250 ...")
        for number in range(19):
            dialogue.run(f"C: RCPT TO:<r{number}@far.test>\nS: 550 ...")
        dialogue.run("C: WHAT\nS: 500 ...\nS: 421 4.7.0 Too many errors\nS! closed")

    def test_commands_without_a_message(self) -> None:
        """Endless NOOPs end the connection."""
        dialogue = Listener(limits=Limits(commands=10)).connect().run("S: 220 ...")
        for _ in range(9):
            dialogue.run("C: NOOP\nS: 250 ...")
        dialogue.run("C: NOOP\nS: 250 ...\nS: 421 4.7.0 ...\nS! closed")

    def test_transactions(self) -> None:
        """MAILMAX is kept (RFC 9422)."""
        dialogue = Listener(limits=Limits(transactions=2)).connect()
        dialogue.run("""
            S: 220 ...
            C: EHLO c
            S* 250-LIMITS RCPTMAX=100 MAILMAX=2
            S: 250 HELP
            C: MAIL FROM:<>
            S: 250 ...
            C: RSET
            S: 250 ...
            C: MAIL FROM:<>
            S: 250 ...
            C: RSET
            S: 250 ...
            C: MAIL FROM:<>
            S: 421 4.7.0 ...
            S! closed
        """)

    def test_long_lines(self) -> None:
        """A command line has its limit, a login line a larger one, and neither takes memory beyond it."""
        dialogue = Listener(implicit_tls=True).greeted()
        dialogue.send(b"NOOP " + b"x" * 2041 + b"\r\nNOOP " + b"x" * 2042 + b"\r\n")
        dialogue.run("S: 250 ...\nS: 500 5.5.2 Line too long")
        dialogue.send(b"AUTH PLAIN " + b"A" * 12272 + b"\r\n")
        dialogue.run("S: 501 ...\nC: AUTH PLAIN\nS: 334 ")
        dialogue.send(b"A" * 12300 + b"\r\n")
        dialogue.run("S: 500 5.5.2 Line too long\nC: NOOP\nS: 250 ...")


class Times(SynchronousTestCase):
    """How long a client may take."""

    def test_command(self) -> None:
        """A command may take five minutes; single octets do not buy more time."""
        listener = Listener()
        dialogue = listener.greeted()
        for _ in range(4):
            listener.clock.advance(70)
            dialogue.send(b"N")
        dialogue.run("S! silent")
        listener.clock.advance(21)
        dialogue.run("S: 421 4.4.2 Timed out\nS! closed")

    def test_each_command_has_its_own_time(self) -> None:
        """Who goes on speaking is not interrupted."""
        listener = Listener()
        dialogue = listener.greeted()
        for _ in range(5):
            listener.clock.advance(290)
            dialogue.run("C: NOOP\nS: 250 ...")

    def test_slow_content(self) -> None:
        """Content that only drips is cut off, and nothing of it remains."""
        listener = Listener()
        dialogue = listener.in_content()
        for _ in range(3):
            dialogue.send(b"x" * 60_000 + b"\r\n")
            listener.clock.advance(180)
        for _ in range(60):
            dialogue.send(b"x")
            listener.clock.advance(3)
        dialogue.run("S: 421 4.4.2 Content comes too slowly\nS! closed").lose()
        self.assertEqual(listener.spool.open, set())

    def test_our_own_slowness_is_not_the_clients(self) -> None:
        """While the server works on a message, no time runs out."""
        listener = Listener()
        dialogue = listener.in_content()
        listener.reception.gate.shut()
        dialogue.run("C: .")
        listener.clock.pump([200] * 10)
        dialogue.run("S! silent")
        listener.reception.gate.open()
        dialogue.run("S: 250 ...")

    def test_a_slow_disk_is_not_a_slow_client(self) -> None:
        """Time in which the server did not read is not held against the client."""
        listener = Listener()
        dialogue = listener.in_content()
        listener.clock.advance(1)
        listener.spool.gate.shut()
        dialogue.send(b"x" * 60_000 + b"\r\n")
        listener.clock.pump([170, 9, 5, 290])
        listener.spool.gate.open()
        listener.clock.advance(179)
        dialogue.run("S! silent\nC: .\nS: 250 ...")

    def test_closing_takes_no_longer_than_lingering(self) -> None:
        """A client that does not close its side is cut."""
        listener = Listener()
        dialogue = listener.greeted().run("C: QUIT\nS: 221 ...\nS! closed")
        self.assertFalse(dialogue.wire.aborted)
        listener.clock.advance(LIMITS.linger)
        self.assertTrue(dialogue.wire.aborted)
        dialogue.lose()
        self.assertEqual(listener.clock.getDelayedCalls(), [])


class Pressure(SynchronousTestCase):
    """Memory stays bounded in both directions."""

    def test_spool_slower_than_the_wire(self) -> None:
        """While the spool writes, nothing is read."""
        listener = Listener()
        dialogue = listener.in_content()
        listener.spool.gate.shut()
        dialogue.send(b"x" * 998 + b"\r\n")
        self.assertEqual(dialogue.wire.producerState, "paused")
        listener.spool.gate.open()
        self.assertEqual(dialogue.wire.producerState, "producing")
        dialogue.run("C: .\nS: 250 ...")

    def test_large_message_is_never_whole_in_memory(self) -> None:
        """50 MB pass through in pieces no larger than what was read."""
        listener = Listener()
        listener.spool.keep = False
        dialogue = listener.in_content()
        block = (b"x" * 998 + b"\r\n") * 50
        for _ in range(1000):
            dialogue.send(block)
        spooled = listener.spool.last
        assert spooled is not None
        self.assertEqual(spooled.size, 50_000_000 - 2)
        self.assertLessEqual(spooled.largest, len(block) + 4)
        dialogue.run("C: .\nS: 250 ...")

    def test_commands_that_wait_are_bounded(self) -> None:
        """A client that pipelines without end is not read while a command is being worked on."""
        listener = Listener(limits=Limits(commands=10**6, pipelined=1000))
        dialogue = listener.greeted()
        listener.reception.gate.shut()
        dialogue.run("C: MAIL FROM:<>")
        dialogue.send(b"NOOP\r\n" * 100)
        self.assertEqual(dialogue.wire.producerState, "producing")
        dialogue.send(b"NOOP\r\n" * 100)
        self.assertEqual(dialogue.wire.producerState, "paused")
        listener.reception.gate.open()
        self.assertEqual(dialogue.wire.producerState, "producing")
        self.assertEqual(len(dialogue.lines()), 201)

    def test_client_that_does_not_read(self) -> None:
        """Replies that nobody reads stop the reading of commands, and time runs out."""
        listener = Listener()
        dialogue = listener.greeted()
        transport: Any = dialogue.wire
        transport.producer.pauseProducing()  # what the transport does when its buffer is full
        self.assertEqual(dialogue.wire.producerState, "paused")
        dialogue.run("C: NOOP\nC: NOOP\nS! silent")
        transport.producer.resumeProducing()
        dialogue.run("S: 250 ...\nS: 250 ...")
        self.assertEqual(dialogue.wire.producerState, "producing")
        transport.producer.pauseProducing()
        listener.clock.advance(LIMITS.command_timeout)
        listener.clock.advance(LIMITS.linger)
        self.assertTrue(dialogue.wire.aborted)

    def test_replies_go_out_together(self) -> None:
        """All replies to one segment are one write (RFC 2920 §3.2)."""
        dialogue = Listener().greeted()
        before = dialogue.wire.writes
        dialogue.send(b"NOOP\r\n" * 50)
        self.assertEqual((dialogue.wire.writes - before, len(dialogue.lines())), (1, 50))


class Endings(SynchronousTestCase):
    """How connections end."""

    def test_lost_in_content(self) -> None:
        """An unfinished content leaves nothing."""
        listener = Listener()
        listener.in_content().run("C: half a mess").lose()
        self.assertEqual((listener.spool.open, listener.reception.received), (set(), []))

    def test_lost_while_reception_works(self) -> None:
        """The message is still taken or refused as a whole; its answer goes nowhere."""
        listener = Listener()
        dialogue = listener.in_content()
        listener.reception.gate.shut()
        dialogue.run("C: text\nC: .\nS! silent").lose()
        self.assertEqual(len(listener.spool.open), 1)
        listener.reception.gate.open()
        self.assertEqual((listener.spool.open, len(listener.reception.received)), (set(), 1))
        dialogue.run("S! silent")
        self.assertEqual(listener.clock.getDelayedCalls(), [])

    def test_lost_while_the_spool_writes(self) -> None:
        """A content that was being written is discarded."""
        listener = Listener()
        dialogue = listener.in_content()
        listener.spool.gate.shut()
        dialogue.run("C: text").lose()
        listener.spool.gate.open()
        self.assertEqual((listener.spool.open, listener.factory.sessions), (set(), set()))

    def test_listener_dropped(self) -> None:
        """Idle sessions hear 421; one in a transaction finishes its message first."""
        listener = Listener()
        idle, busy, open_, halfway = (listener.greeted() for _ in range(4))
        busy.run("C: MAIL FROM:<>\nS: 250 ...\nC: RCPT TO:<ann@example.test>\nS: 250 ...\nC: DATA\nS: 354 ...")
        open_.run("C: MAIL FROM:<>\nS: 250 ...")
        listener.reception.gate.shut()
        halfway.run("C: MAIL FROM:<>")
        listener.factory.close_sessions()
        idle.run("S: 421 4.3.2 Service shutting down\nS! closed")
        listener.reception.gate.open()
        busy.run("S! silent\nC: .\nS: 250 2.0.0 OK: queued as ...\nS: 421 4.3.2 ...\nS! closed")
        open_.run("C: RSET\nS: 250 ...\nS: 421 4.3.2 ...\nS! closed")
        halfway.run("S: 250 ...\nC: RSET\nS: 250 ...\nS: 421 4.3.2 ...\nS! closed")

    def test_new_settings_for_new_sessions(self) -> None:
        """A restart changes what new sessions see; the others keep their own."""
        listener = Listener()
        old = listener.connect()
        listener.factory.server = evolve(SERVER, hostname="new.example.test", max_size=5)
        old.run("S: 220 mail.example.test ...\nC: EHLO c\nS: 250-mail.example.test ...\nS: 250-SIZE 104857600")
        listener.factory.tls = cast(Any, object())
        old.run("S* 250 HELP\nC: STARTTLS\nS: 502 ...")
        listener.connect().run("S: 220 ...\nC: EHLO c\nS* 250-STARTTLS")
        listener.connect().run("S: 220 new.example.test ...\nC: EHLO c\nS: 250-new...\nS: 250-SIZE 5")
