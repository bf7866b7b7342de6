"""The conversation runner itself: it must notice what is not as written."""

from twisted.protocols.basic import LineOnlyReceiver
from twisted.trial.unittest import SynchronousTestCase

from tests.support.dialogue import Dialogue, NotAsWritten


class Echo(LineOnlyReceiver):
    """Says every line back, and closes at "bye"."""

    def lineReceived(self, line: bytes) -> None:
        """One line."""
        self.sendLine(b"you said " + line)
        if line == b"bye" and self.transport is not None:
            self.transport.loseConnection()


class Conversations(SynchronousTestCase):
    """``Dialogue``."""

    def test_as_written(self) -> None:
        """Literal lines, holes, patterns, raw octets, skipped lines, endings."""
        dialogue = Dialogue(Echo()).run(r"""
            # a remark
            C: one
            S: you said one
            C< tw\x6f\r\nthree\r\nfour\r\n
            S: you ... two
            S* you said four
            C: 55
            S~ you said \d+
            S! silent
            C: bye
            S: ...
            S! closed
        """)
        self.assertEqual(dialogue.lines(), [])

    def test_not_as_written(self) -> None:
        """Another line, a missing line, a line too many, an open connection: each is noticed."""
        for script in ("C: a\nS: you said b", "S: more", "C: a\nS! silent", "S! closed", "C: a\nS* you said b"):
            self.assertRaises(NotAsWritten, Dialogue(Echo()).run, script)
        self.assertRaises(ValueError, Dialogue(Echo()).run, "X: what")
