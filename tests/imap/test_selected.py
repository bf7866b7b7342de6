"""A view of a mailbox: its numbers, and what is told of it."""

from array import array
from uuid import UUID

from hypothesis import given, settings
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from daptinmail.imap.selected import SelectedMailbox
from daptinmail.imap.sequences import parse_sequence_set
from daptinmail.imap.telling import Dialect, change_lines, expunge_lines, fetch_block, fetch_line, vanished_lines
from daptinmail.interfaces.messages import Change, Changes, Mailbox, Snapshot

SEEN, PLAIN = frozenset({rb"\Seen"}), frozenset[bytes]()
DIALECTS = [
    Dialect(),
    Dialect(modseqs=True, vanished=True),
    Dialect(recent=False),
    Dialect(vanished=True, uidonly=True),
]


def snapshot(uids: list[int]) -> Snapshot:
    """Messages with these UIDs, at modseq 1,000."""
    box = Mailbox(1, UUID(int=1), 1, "INBOX", True, None, 7, 10_000, 1000)
    count = len(uids)
    return Snapshot(box, array("Q", uids), array("Q", range(1, count + 1)), [PLAIN] * count, 10_000)


UIDS = st.lists(st.integers(1, 300), unique=True, max_size=80).map(sorted)


class ViewTests(SynchronousTestCase):
    """Numbers and memory."""

    @settings(deadline=None)
    @given(UIDS, st.sets(st.integers(1, 300)), st.sampled_from(DIALECTS))
    def test_expunge(self, uids: list[int], gone: set[int], dialect: Dialect) -> None:
        """However many go, and wherever they stand: the rest stays in order, and each is told once."""
        before = snapshot(uids)
        view = SelectedMailbox.of(before, read_only=False)
        view.note_expunged(gone)
        lines = [line for piece in expunge_lines(view, dialect) for line in piece]
        self.assertEqual(list(view.uids), [uid for uid in uids if uid not in gone])
        self.assertEqual(len(view.uids), len(view.flags))
        self.assertEqual(list(view.modseqs), [n for n, uid in enumerate(uids, 1) if uid not in gone])
        self.assertEqual(list(before.uids), uids)
        if not dialect.vanished:
            replayed = list(uids)
            for line in lines:
                del replayed[int(line.split()[0]) - 1]
            self.assertEqual(replayed, list(view.uids))
        elif lines:
            told = parse_sequence_set(lines[0].removeprefix(b"VANISHED ")).resolve(0)
            self.assertEqual({n for low, high in told for n in range(low, high + 1)}, gone.intersection(uids))

    @settings(deadline=None)
    @given(UIDS, st.sampled_from(DIALECTS))
    def test_block_is_lines(self, uids: list[int], dialect: Dialect) -> None:
        """Many answers made at once are those made one by one."""
        view = SelectedMailbox.of(snapshot(uids), read_only=False)
        view.recent_from = 150
        names = [b"FLAGS", b"MODSEQ"] if dialect.modseqs else [b"FLAGS"]
        names = names if dialect.uidonly else [b"UID", *names]
        lines = [b"* %b\r\n" % fetch_line(view, index, dialect) for index in range(len(view))]
        self.assertEqual(fetch_block(view, range(len(view)), names, dialect.uidonly), b"".join(lines))

    def test_snapshot_is_shared_until_something_changes(self) -> None:
        """A session that changes nothing keeps nothing of its own, and never changes what it shares."""
        before = snapshot([1, 2, 3])
        view = SelectedMailbox.of(before, read_only=False)
        self.assertIs(view.uids, before.uids)
        list(change_lines(view, Changes(1001, 10_000, [Change(2, 1001, SEEN)], []), Dialect()))
        self.assertEqual((before.flags, view.flags), ([PLAIN] * 3, [PLAIN, SEEN, PLAIN]))
        self.assertFalse(view.shares)
        view.share(snapshot([1, 2, 3]))
        self.assertFalse(view.shares, "another modseq")

    def test_modseqs_never_go_back(self) -> None:
        """What comes late and is older than what is known is passed over."""
        view = SelectedMailbox.of(snapshot([1, 2, 3]), read_only=False)
        self.assertEqual(view.take_flags([Change(2, 1001, SEEN)]), [1])
        self.assertEqual(view.take_flags([Change(2, 999, PLAIN)]), [])
        self.assertEqual((view.modseqs[1], view.flags[1]), (1001, SEEN))

    def test_long_changes_come_in_pieces(self) -> None:
        """10,000 changes are not one piece of work."""
        view = SelectedMailbox.of(snapshot(list(range(1, 10_001))), read_only=False)
        changes = Changes(1001, 10_001, [Change(uid, 1001, SEEN) for uid in range(1, 10_001)], [])
        pieces = list(change_lines(view, changes, Dialect()))
        self.assertEqual((len(pieces), max(map(len, pieces))), (10, 1000))

    def test_vanished_lines_are_short(self) -> None:
        """No line of VANISHED is longer than clients can bear."""
        lines = [
            line for piece in vanished_lines([(n, n) for n in range(1_000_000_000, 1_000_020_000, 2)]) for line in piece
        ]
        self.assertLess(max(map(len, lines)), 8192)
        self.assertEqual(len(lines), 20)
