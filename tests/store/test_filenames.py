"""Names of message files."""

from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from daptinmail.interfaces.messages import FlagMode
from daptinmail.store.filenames import SYSTEM, FileName, base_of, letters_for, parse, unique_base, with_flags
from daptinmail.store.flags import ANSWERED, DELETED, DRAFT, FLAGGED, SEEN, canonical, changed, from_column, to_column

NOW = datetime(2026, 1, 2, 3, 4, 5, 678000, UTC)
numbers = st.integers(0, 2**63 - 1)
keywords = st.text("abcXYZ$,_-.", min_size=1, max_size=10).map(str.encode)


class FileNameTests(SynchronousTestCase):
    """Writing and reading names."""

    def test_form(self) -> None:
        """A name says size, UID and flags in the usual way."""
        base = unique_base(NOW, 42, 7, "mail.example.test/..")
        self.assertEqual(base, "1767323045.M678000P42Q7.mail.example.test..")
        name = str(FileName(base, 10, 11, 3, 99, letters_for({SEEN, DELETED, b"$x"})))
        self.assertEqual(name, base + ",S=10,W=11,U=3,V=99:2,ST")
        self.assertEqual(base_of(name), base + ",S=10,W=11,U=3,V=99")

    def test_all_flags(self) -> None:
        """D F R S T stand for the five system flags, in this order."""
        self.assertEqual(letters_for({DRAFT, FLAGGED, ANSWERED, SEEN, DELETED}), "DFRST")
        self.assertEqual(parse("x:2,DFRST").flags, SYSTEM)

    def test_foreign_letters_stay(self) -> None:
        """Keyword letters of other programs survive a change of flags."""
        self.assertEqual(with_flags("a,S=1:2,Sab", {FLAGGED}), "a,S=1:2,Fab")
        self.assertEqual(with_flags("a", {SEEN}), "a:2,S")

    def test_odd_names(self) -> None:
        """Any name can be read; what it does not say is not made up."""
        for name in ("", ":", "a:1,x", "a,U=", "a,U=-1", "a,U=1x", ",,,", "a:2", "\udce9"):
            self.assertEqual(parse(name).uid, None)
        self.assertIsNone(parse("a:1,S").letters)
        self.assertFalse(parse("\udce9").usable)

    @given(numbers, numbers, numbers, st.sets(st.sampled_from(sorted(SYSTEM))))
    def test_round_trip(self, size: int, uid: int, uidvalidity: int, flags: set[bytes]) -> None:
        """What is written is read."""
        name = FileName("1.M2P3Q4.h", size, size, uid, uidvalidity, letters_for(flags))
        self.assertEqual((parse(str(name)), parse(str(name)).flags), (name, flags))


class FlagTests(SynchronousTestCase):
    """Flags and their column."""

    def test_recent_is_never_stored(self) -> None:
        r"""\Recent belongs to sessions."""
        self.assertEqual(canonical({rb"\recent", rb"\sEEN"}), {SEEN})

    def test_spelling_of_keywords(self) -> None:
        """A keyword keeps the spelling it came with first; case does not make another."""
        before = canonical({b"$Work"})
        self.assertIs(changed(before, FlagMode.ADD, frozenset({b"$WORK"})), before)
        self.assertEqual(changed(before, FlagMode.REMOVE, frozenset({b"$work"})), frozenset())
        self.assertEqual(changed(before, FlagMode.REPLACE, frozenset({b"$work", SEEN})), {b"$Work", SEEN})

    @given(st.sets(keywords, max_size=5), st.sets(st.sampled_from(sorted(SYSTEM))))
    def test_column(self, words: set[bytes], system: set[bytes]) -> None:
        """The column gives back what was put in, commas and all."""
        flags = canonical(words | system)
        self.assertEqual(from_column(to_column(flags)), flags)
