"""Replies as hosts send them, and as they should not."""

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from daptinmail.mail.reply import Reply
from daptinmail.smtp.client_reply import HostFailed, ReplyReader


class ReplyReaderTests(SynchronousTestCase):
    """Octets become replies."""

    def test_replies(self) -> None:
        """Continuation lines are one reply; the enhanced status is taken out."""
        found = ReplyReader().feed(b"250-mx\r\n250 SIZE 1\r\n550 5.1.1 no\r\n250\r\n354 go\r\n")
        self.assertEqual(
            found,
            [Reply(250, None, "mx\nSIZE 1"), Reply(550, "5.1.1", "no"), Reply(250, None, ""), Reply(354, None, "go")],
        )

    def test_foreign_status(self) -> None:
        """A status of another class than the code is just text."""
        self.assertEqual(ReplyReader().feed(b"550 2.0.0 odd\r\n"), [Reply(550, None, "2.0.0 odd")])

    def test_control_characters(self) -> None:
        """A reply cannot bring control characters into logs and notifications."""
        self.assertEqual(ReplyReader().feed(b"550 a\x1b[2J\rb\xff\r\n")[0].text, "a?[2J?b\ufffd")

    def test_hostile_replies(self) -> None:
        """Endless lines, endless replies and no SMTP at all end the connection."""
        for data in (
            b"x" * 3000,
            b"220 " + b"x" * 3000 + b"\r\n",
            b"250-x\r\n" * 200,
            b"HTTP/1.1 200\r\n",
            b"250-a\r\n550 b\r\n",
        ):
            with self.assertRaises(HostFailed):
                ReplyReader().feed(data)

    @given(st.binary(max_size=300), st.integers(0, 300))
    def test_any_octets(self, data: bytes, cut: int) -> None:
        """Nothing else than ``HostFailed`` is raised, and cuts between segments do not matter."""
        outcomes = []
        for chunks in ((data,), (data[:cut], data[cut:])):
            reader, found = ReplyReader(), []
            try:
                for chunk in chunks:
                    found += reader.feed(chunk)
            except HostFailed:
                found = []
            outcomes.append(found)
        self.assertTrue(outcomes[0] == outcomes[1] or not outcomes[0])
