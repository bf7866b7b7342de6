"""Arguments of SELECT and STORE, and the modifiers of FETCH."""

from collections.abc import Callable

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from daptinmail.errors import DaptinmailError, Malformed
from daptinmail.imap.answers import Declined
from daptinmail.imap.cursor import Cursor
from daptinmail.imap.modifiers import fetch_modifiers, select, store
from daptinmail.imap.search_partial import Partial
from daptinmail.imap.sequences import SequenceSet
from daptinmail.imap.values import FetchModifiers, Resync, Select

WORDS = b" INBOX| (| (CONDSTORE| QRESYNC| (1| 1|)|,1:2|1:*| 9223372036854775808| VANISHED|CHANGEDSINCE 1| PARTIAL 1:2|"
WORDS += b"-1:-2| FLAGS| 1| (UNCHANGEDSINCE 1)| +FLAGS (x)|$"


class ModifierTests(SynchronousTestCase):
    """Values."""

    def test_select(self) -> None:
        """Every optional part may be missing."""
        self.assertEqual(select(Cursor([b" x"])), Select("x"))
        self.assertEqual(select(Cursor([b" x (condstore)"])), Select("x", condstore=True))
        resync = Resync(7, 9, SequenceSet(((1, 5),)), (SequenceSet(((1, 1),)), SequenceSet(((3, 3),))))
        self.assertEqual(
            select(Cursor([b" x (CONDSTORE QRESYNC (7 9 1:5 (1 3)))"])), Select("x", condstore=True, resync=resync)
        )
        self.assertEqual(select(Cursor([b" x (QRESYNC (7 9))"])).resync, Resync(7, 9))
        self.assertEqual(select(Cursor([b" x (QRESYNC (7 9 (1 3)))"])).resync, Resync(7, 9, None, resync.samples))

    def test_fetch(self) -> None:
        """In any order."""
        both = FetchModifiers(changed_since=0, vanished=True, partial=Partial(-1, -5))
        self.assertEqual(fetch_modifiers(Cursor([b" (VANISHED PARTIAL -1:-5 CHANGEDSINCE 0)"])), both)
        self.assertEqual(fetch_modifiers(Cursor([b""])), FetchModifiers())
        with self.assertRaises(Malformed):
            fetch_modifiers(Cursor([b" (VANISHED)"]))

    @settings(deadline=None)
    @given(
        st.sampled_from([select, store, fetch_modifiers]),
        st.lists(st.one_of(st.sampled_from(WORDS.split(b"|")), st.binary(max_size=3)), max_size=9),
    )
    def test_any_octets(self, parse: Callable[[Cursor], object], words: list[bytes]) -> None:
        """Any octets are a value or an answer to the client, nothing else."""
        try:
            parse(Cursor([b"".join(words)]))
        except DaptinmailError as error:
            self.assertIsInstance(error, Malformed | Declined)
