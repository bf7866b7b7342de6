"""Quick resynchronization: which changes a client that knew the mailbox before must hear of (RFC 7162 §3.2.5)."""

from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence

from daptinmail.errors import Malformed
from daptinmail.imap.limits import SAMPLES, VIEW_SLICE
from daptinmail.imap.selected import SelectedMailbox
from daptinmail.imap.sequences import SequenceSet, contains, indexes_in, numbers_of, runs
from daptinmail.imap.session import Session
from daptinmail.imap.telling import Dialect, news_rows, vanished_lines
from daptinmail.imap.values import Resync
from daptinmail.interfaces.messages import Changes

Ranges = Sequence[tuple[int, int]]


def samples_of(resync: Resync) -> list[tuple[int, int]]:
    """Pairs of a sequence number and the UID it had, ascending (RFC 7162 §3.2.5.2).

    Raises:
        Malformed: the sets differ in size, do not ascend, or are too large.
    """
    if resync.samples is None:
        return []
    numbers, uids = (numbers_of(part, SAMPLES) for part in resync.samples)
    if len(numbers) != len(uids) or numbers != sorted(set(numbers)) or uids != sorted(set(uids)):
        raise Malformed("Sequence match data must be two ascending lists of one length")
    return list(zip(numbers, uids, strict=True))


async def tell_changes(session: Session, view: SelectedMailbox, resync: Resync) -> None:
    """What happened since the client was here: VANISHED (EARLIER), then FETCH."""
    if resync.uidvalidity != view.mailbox.uidvalidity:
        return
    known: Ranges = [(1, view.uidnext - 1)] if resync.known is None else resync.known.resolve(0)
    samples = samples_of(resync)
    if resync.modseq >= view.modseq:
        return
    changes = await session.store.changes(view.mailbox.id, resync.modseq)
    above = 0 if changes.complete else agreed(view, samples)
    await session.send(vanished_lines(vanished(view, changes, known, above), earlier=True))
    await session.send(changed_lines(view, resync.modseq, known, session.dialect))


async def tell_vanished(session: Session, view: SelectedMailbox, since: int, messages: SequenceSet) -> None:
    """VANISHED (EARLIER) of those UIDs that were expunged after ``since`` (RFC 7162 §3.2.6).

    ``*`` is the last UID that there was, not the last that is left: the client asks what became of those it knows.
    """
    if since >= view.modseq:
        return
    known = list(runs(session.saved)) if messages.saved else messages.resolve(view.uidnext - 1)
    changes = await session.store.changes(view.mailbox.id, since)
    await session.send(vanished_lines(vanished(view, changes, known, 0), earlier=True))


def agreed(view: SelectedMailbox, samples: Sequence[tuple[int, int]]) -> int:
    """The highest UID up to which the client knows of all expunges: one of ``samples`` is as it was."""
    return max((uid for number, uid in samples if number <= len(view) and view.uids[number - 1] == uid), default=0)


def vanished(view: SelectedMailbox, changes: Changes, known: Ranges, above: int) -> list[tuple[int, int]]:
    """The UIDs among ``known`` that the client must forget, as ascending ranges.

    If the store has forgotten some expunges these are all over ``above`` that are not there.
    """
    if not changes.complete:
        return list(_gaps(view, known, above))
    return list(runs(uid for uid in changes.expunged if contains(known, uid) and view.index_of(uid) is None))


def _gaps(view: SelectedMailbox, known: Ranges, above: int) -> Iterator[tuple[int, int]]:
    for low, high in known:
        following, last = max(low, above + 1), min(high, view.uidnext - 1)
        for uid in view.uids[bisect_left(view.uids, following) : bisect_right(view.uids, last)]:
            if following < uid:
                yield following, uid - 1
            following = uid + 1
        if following <= last:
            yield following, last


def changed_lines(view: SelectedMailbox, since: int, known: Ranges, dialect: Dialect) -> Iterator[list[bytes]]:
    """FETCH of flags and modseq of those among ``known`` that changed after ``since``."""
    changed = [index for index in indexes_in(known, view.uids) if view.modseqs[index] > since]
    for start in range(0, len(changed), VIEW_SLICE):
        yield news_rows(view, changed[start : start + VIEW_SLICE], dialect)
