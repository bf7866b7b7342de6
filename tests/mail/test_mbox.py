"""The mbox format."""

from datetime import UTC, datetime
from io import BytesIO

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from daptinmail.mail.mbox import MboxMessage, TooLarge, read_messages, write_message

WHEN = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
LARGEST = 1 << 20


def read(octets: bytes, largest: int = LARGEST) -> list[MboxMessage | TooLarge]:
    """All messages."""
    return list(read_messages(BytesIO(octets), largest))


class ReadingTests(SynchronousTestCase):
    """What other programs wrote."""

    def test_two_messages(self) -> None:
        """Messages are told apart by From_ lines after an empty line, and come with CRLF."""
        found = read(
            b"From ann@example.com Fri Jan  2 03:04:05 2026\nSubject: a\n\none\nFrom here it goes on\n\n"
            b"From carl Fri Jan  2 03:04 +0100 2026\nSubject: b\n\ntwo\n"
        )
        self.assertEqual(
            found,
            [
                MboxMessage(
                    b"Subject: a\r\n\r\none\r\nFrom here it goes on\r\n", frozenset(), WHEN, b"ann@example.com"
                ),
                MboxMessage(b"Subject: b\r\n\r\ntwo\r\n", frozenset(), WHEN.replace(second=0), b"carl"),
            ],
        )

    def test_state_fields(self) -> None:
        """Flags come from Status, X-Status and X-Keywords, which are no part of the message."""
        [found] = read(
            b"From a Fri Jan  2 03:04:05 2026\nStatus: RO\nSubject: a\nX-Status: AFDT\n"
            b"X-Keywords: $Junk work\nX-UID: 7\n\nb\n"
        )
        assert isinstance(found, MboxMessage)
        self.assertEqual(found.content, b"Subject: a\r\n\r\nb\r\n")
        expected = {rb"\Seen", rb"\Answered", rb"\Flagged", rb"\Deleted", rb"\Draft", b"$Junk", b"work"}
        self.assertEqual(found.flags, expected)

    def test_internal_data(self) -> None:
        """The message in which other programs keep their own data is none."""
        self.assertEqual(read(b"From M Fri Jan  2 03:04:05 2026\nSubject: INTERNAL\nX-IMAP: 1 2\n\ntext\n"), [])

    def test_too_large(self) -> None:
        """A message over the limit is told and passed over; the next one is read."""
        separator = b"From a Fri Jan  2 03:04:05 2026\n"
        found = read(separator + b"x" * 500 + b"\n\n" + separator + b"Subject: b\n\n", largest=100)
        self.assertEqual([type(one) for one in found], [TooLarge, MboxMessage])

    def test_no_mbox(self) -> None:
        """What is no mbox holds no messages."""
        self.assertEqual(read(b"\x00\xff" * 1000), [])
        self.assertEqual(read(b""), [])
        self.assertEqual(read(b"From nobody in particular\n\n"), [])


class RoundTripTests(SynchronousTestCase):
    """What is written is read again."""

    @given(
        st.lists(st.sampled_from([b"From x", b">From y", b">>From ", b"a: b", b"", b"text", b".", b"\xff\x80"])),
        st.frozensets(st.sampled_from([rb"\Seen", rb"\Flagged", rb"\Answered", rb"\Deleted", rb"\Draft", b"$Junk"])),
    )
    def test_round_trip(self, lines: list[bytes], flags: frozenset[bytes]) -> None:
        """Content, flags and date survive, whatever the lines look like."""
        content = b"Subject: x\r\n\r\n" + b"".join(line + b"\r\n" for line in lines)
        octets = write_message(content, flags, WHEN, b"a@example.com") * 2
        self.assertEqual(read(octets), [MboxMessage(content, flags, WHEN, b"a@example.com")] * 2)

    def test_without_body(self) -> None:
        """A message that is all header gets the empty line that mbox needs."""
        [found] = read(write_message(b"Subject: x\r\n", frozenset(), WHEN))
        assert isinstance(found, MboxMessage)
        self.assertEqual(found.content, b"Subject: x\r\n\r\n")

    @given(st.binary(max_size=2000))
    def test_anything(self, octets: bytes) -> None:
        """Whatever comes, reading ends."""
        read(octets)
        read(b"From a Fri Jan  2 03:04:05 2026\n" + octets)
