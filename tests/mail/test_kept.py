"""The fields kept apart, and what is chosen from them."""

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from daptinmail.mail.header import choose_fields, field_pattern, select_fields
from daptinmail.mail.kept import KEPT_FIELDS, KeptChoice, pack_kept

WORDS = [
    b"From",
    b"subject",
    b"X-Other",
    b":",
    b" ",
    b"a",
    b"\0",
    b"\r\n",
    b"\n",
    b"\r\n ",
    b"Date: now\r\n",
    b"junk\r\n",
]
SECTIONS = st.lists(st.sampled_from(WORDS)).map(b"".join)
NAMES = st.sets(st.sampled_from([b"FROM", b"Subject", b"date", b"to"]), min_size=1)


class KeptTests(SynchronousTestCase):
    """The lines kept apart answer for the whole header section."""

    @given(st.lists(SECTIONS), NAMES)
    def test_same_answer(self, sections: list[bytes], names: set[bytes]) -> None:
        """Fields chosen from what is kept of many messages are those chosen from their whole sections."""
        choice, pattern = KeptChoice(names), field_pattern(names)
        for raw in sections:
            wanted = select_fields(raw, names)
            self.assertEqual(choice.choose(pack_kept(raw)), wanted)
            self.assertEqual(choose_fields(raw, pattern), wanted)

    def test_stretches(self) -> None:
        """Fields that do not stand together come in their order, each as it was written."""
        raw = b"Received: x\r\nTO: a,\r\n\tb\r\nDate: d\r\nfrom : c\r\nX-Other: no\r\nSubject: s\r\nTo: e\r\n\r\n"
        packed = pack_kept(raw)
        self.assertEqual(KeptChoice([b"To", b"From"]).choose(packed), b"TO: a,\r\n\tb\r\nfrom : c\r\nTo: e\r\n\r\n")
        self.assertEqual(KeptChoice([b"Lines"]).choose(packed), b"\r\n")
        self.assertNotIn(b"X-Other", packed)

    def test_large(self) -> None:
        """More lines, or longer ones, than can be numbered are answered all the same."""
        for raw in (b"To: a\r\nDate: d\r\n" * 300 + b"\r\n", b"To: " + b"a" * 70_000 + b"\r\nDate: d\r\n\r\n"):
            packed = pack_kept(raw)
            for names in ([b"To"], [b"Date"], [b"Lines"]):
                self.assertEqual(KeptChoice(names).choose(packed), select_fields(raw, names))

    def test_many_sequences(self) -> None:
        """What a command remembers of the sequences of names it met has a bound."""
        choice = KeptChoice([b"To"])
        names = sorted(KEPT_FIELDS)[:12]
        for number in range(1 << 11):
            raw = (
                b"".join([name + b": x\r\n" for place, name in enumerate(names) if number >> place & 1]) + b"To: y\r\n"
            )
            self.assertEqual(choice.choose(pack_kept(raw)), b"To: y\r\n")
        self.assertLess(len(choice._cuts), 1001)

    def test_names(self) -> None:
        """Names are looked up in lower case."""
        self.assertEqual({name.lower() for name in KEPT_FIELDS}, KEPT_FIELDS)
