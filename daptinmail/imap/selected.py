"""A session's view of its mailbox: the messages it knows by number, and what it must still be told."""

from array import array
from bisect import bisect_left
from collections.abc import Iterable, Sequence
from functools import lru_cache
from operator import lt
from typing import TypeVar

from attrs import define, field

from daptinmail.errors import Malformed
from daptinmail.imap.grammar import SYSTEM_FLAGS
from daptinmail.imap.sequences import SequenceSet, indexes_in, joined
from daptinmail.interfaces.digest import Digest
from daptinmail.interfaces.messages import Change, Flags, Mailbox, Marked, Snapshot
from daptinmail.interfaces.sharing import ALL, Rights

T = TypeVar("T")

FLAG_ORDER: dict[bytes, int] = {flag: rank for rank, flag in enumerate(SYSTEM_FLAGS)}
NONE_RECENT = 1 << 32
"""No UID is as large."""
FEW_GAPS = 8
"""So many stretches are cut out in place; with more of them the arrays are put together anew."""


def values_at(values: Sequence[T], indexes: Sequence[int]) -> Sequence[T]:
    """The values at some places."""
    if isinstance(indexes, range) and indexes.step == 1:
        return values[indexes.start : indexes.stop]
    return [values[index] for index in indexes]


def flag_names(flags: Iterable[bytes]) -> bytes:
    """System flags first, then keywords by name."""
    ranked = sorted((FLAG_ORDER.get(flag, len(FLAG_ORDER)), flag) for flag in flags)
    return b" ".join([flag for _, flag in ranked])


@lru_cache(maxsize=4096)
def render_flags(flags: Flags, recent: bool) -> bytes:
    """``FLAGS (...)``; the same for all sessions."""
    names = flag_names(flags)
    if recent:
        names = rb"%b \Recent" % names if names else rb"\Recent"
    return b"FLAGS (%b)" % names


@define(eq=False)
class SelectedMailbox:
    """The messages in UID order; index ``i`` has sequence number ``i + 1``.

    A message that another session expunged keeps its number, in ``gone``, until EXPUNGE may be told
    (RFC 3501 §7.4.1). The three sequences are the snapshot's own until something changes: do not change them.

    ``name`` is what this client calls the mailbox. ``digest`` is of the snapshot.
    ``modseq``: all changes up to here are in the view. ``told``: all up to here have been told, expunges included.
    ``heard``: the mailbox has got as far as this. ``looked``: when the store was asked last, in seconds of the clock.
    """

    mailbox: Mailbox
    read_only: bool
    modseq: int
    uids: "array[int]"
    modseqs: "array[int]"
    flags: list[Flags]
    recent_from: int
    digest: Digest
    keywords: set[bytes]
    told: int
    name: str
    rights: Rights = ALL
    gone: set[int] = field(factory=set)
    arrived: bool = False
    deleted: bool = False
    heard: int = 0
    looked: float = 0.0
    settled: float = 0.0
    _shared: bool = True

    @classmethod
    def of(cls, snapshot: Snapshot, read_only: bool) -> "SelectedMailbox":
        """The view at a snapshot."""
        return cls(
            mailbox=snapshot.mailbox,
            read_only=read_only,
            modseq=snapshot.modseq,
            uids=snapshot.uids,
            modseqs=snapshot.modseqs,
            flags=snapshot.flags,
            recent_from=snapshot.first_recent_uid,
            digest=snapshot.digest,
            keywords=set(snapshot.digest.keywords),
            told=snapshot.modseq,
            name=snapshot.mailbox.name,
        )

    def __len__(self) -> int:
        return len(self.uids)

    @property
    def dirty(self) -> bool:
        """True if there is something to catch up with."""
        return self.heard > self.modseq

    @property
    def uidnext(self) -> int:
        """Above all UIDs that the client may know."""
        return max(self.mailbox.uidnext, self.uids[-1] + 1 if self.uids else 1)

    # Numbers

    def indexes(self, messages: SequenceSet, uid: bool, saved: Sequence[int] = ()) -> Sequence[int]:
        """The messages that a set names. UIDs that do not exist are passed over. ``saved`` is what ``$`` stands for.

        Raises:
            Malformed: a sequence number that is not in use (RFC 3501 §9, ``seq-number``).
        """
        if messages.saved:
            return [index for number in saved if (index := self.index_of(number)) is not None]
        if uid:
            return indexes_in(messages.resolve(self.uids[-1] if self.uids else 0), self.uids)
        count = len(self.uids)
        ranges = messages.resolve(count)
        if ranges[0][0] < 1 or ranges[-1][1] > count:
            raise Malformed("No message has that sequence number")
        return joined([range(low - 1, high) for low, high in ranges])

    def index_of(self, uid: int) -> int | None:
        """Where a UID stands."""
        index = bisect_left(self.uids, uid)
        return index if index < len(self.uids) and self.uids[index] == uid else None

    def stretch(self, uids: "array[int]") -> range | None:
        """Where these messages stand if they are neighbours, all there and none between them."""
        first = bisect_left(self.uids, uids[0]) if uids else 0
        last = first + len(uids)
        return range(first, last) if uids and self.uids[first:last] == uids else None

    def indexes_of(self, uids: Iterable[int]) -> Sequence[int]:
        """Where those of some ascending UIDs stand that are there. Neighbours cost no search."""
        place = self.stretch(uids) if isinstance(uids, array) else None
        if place is not None:
            return place
        found, at, known = list[int](), 0, self.uids
        for uid in uids:
            if at == len(known) or known[at] != uid:
                at = bisect_left(known, uid, at)
                if at == len(known) or known[at] != uid:
                    continue
            found.append(at)
            at += 1
        return found

    # Flags

    def is_recent(self, index: int) -> bool:
        r"""True if the message is \Recent to this session."""
        return self.uids[index] >= self.recent_from

    @property
    def recent(self) -> int:
        r"""How many are \Recent."""
        return len(self.uids) - bisect_left(self.uids, self.recent_from)

    @property
    def first_unseen(self) -> int | None:
        r"""The sequence number of the first message without \Seen."""
        first = (self.digest if self._shared else Digest.of(self.flags)).first_unseen
        return None if first is None else first + 1

    def rendered_flags(self, index: int) -> bytes:
        """``FLAGS (...)`` of one message."""
        return render_flags(self.flags[index], self.uids[index] >= self.recent_from)

    def flags_line(self) -> bytes:
        """``FLAGS`` with every flag in use."""
        return b"FLAGS (%b)" % flag_names((*SYSTEM_FLAGS, *self.keywords))

    def new_keyword_lines(self, indexes: Sequence[int]) -> list[bytes]:
        """A new ``FLAGS`` line if these messages carry keywords not told before (RFC 3501 §7.2.6)."""
        known = len(self.keywords)
        for flags in set(values_at(self.flags, indexes)):
            self.keywords.update(flag for flag in flags if flag not in FLAG_ORDER)
        return [self.flags_line()] if len(self.keywords) > known else []

    # Changes

    def take_flags(self, changes: Iterable[Change], every: bool = False) -> Sequence[int]:
        """Note what became of known messages; the indexes of those whose flags are others now.

        ``every``: also of those whose modseq alone is another.
        """
        place = self.stretch(changes.uids) if isinstance(changes, Marked) and not self.gone else None
        if place is None or not isinstance(changes, Marked):
            return self._take_each(changes, every)
        part = slice(place.start, place.stop)
        if not all(map(lt, self.modseqs[part], changes.modseqs)):
            return self._take_each(changes, every)
        self._own()
        before = self.flags[part]
        self.modseqs[part], self.flags[part] = changes.modseqs, changes.flags
        if every:
            return place
        return [index for index, old, new in zip(place, before, changes.flags, strict=True) if old != new]

    def _take_each(self, changes: Iterable[Change], every: bool) -> list[int]:
        changed: list[int] = []
        index: int | None = -1
        for change in changes:
            index = self._index_after(index, change.uid)
            if index is None or change.modseq <= self.modseqs[index] or change.uid in self.gone:
                continue
            self._own()
            self.modseqs[index] = change.modseq
            if every or self.flags[index] != change.flags:
                changed.append(index)
            self.flags[index] = change.flags
        return changed

    def _index_after(self, before: int | None, uid: int) -> int | None:
        """``index_of``, quicker for the neighbour of the message asked for before."""
        if before is not None and before + 1 < len(self.uids) and self.uids[before + 1] == uid:
            return before + 1
        return self.index_of(uid)

    def follow(self, steps: Sequence[int]) -> None:
        """The view has all that happened at these modseqs of the mailbox."""
        for step in steps:
            self.heard = max(self.heard, step)
            if step == self.modseq + 1:
                self.modseq = step

    def take_new(self, changes: Sequence[Change]) -> None:
        """Messages that came; their UIDs are above all known."""
        self._own()
        self.uids.extend([change.uid for change in changes])
        self.modseqs.extend([change.modseq for change in changes])
        self.flags.extend([change.flags for change in changes])
        self.arrived = True

    def note_expunged(self, uids: Iterable[int]) -> None:
        """These are gone; the client may be told later."""
        self.gone.update(uid for uid in uids if self.index_of(uid) is not None)

    def drop_gone(self) -> tuple[list[int], list[int]]:
        """Let go of the messages that are gone; their indexes and UIDs, ascending."""
        uids = sorted(self.gone)
        indexes = [bisect_left(self.uids, uid) for uid in uids]
        self.gone.clear()
        self._own()
        gaps = _runs(indexes)
        if len(gaps) <= FEW_GAPS:
            self._cut(gaps)
        else:
            self._join(gaps)
        return indexes, uids

    @property
    def shares(self) -> bool:
        """True while nothing has changed since the snapshot."""
        return self._shared

    def share(self, snapshot: Snapshot) -> None:
        """Use the snapshot's sequences again if they say the same as ours."""
        if snapshot.modseq == self.modseq and not self.gone and len(snapshot.uids) == len(self.uids):
            self.uids, self.modseqs, self.flags = snapshot.uids, snapshot.modseqs, snapshot.flags
            self.digest, self._shared = snapshot.digest, True

    def _own(self) -> None:
        """From now on the sequences differ from the snapshot's."""
        if self._shared:
            self._shared = False
            self.uids, self.modseqs, self.flags = self.uids[:], self.modseqs[:], self.flags[:]

    def _cut(self, gaps: Sequence[tuple[int, int]]) -> None:
        for start, stop in reversed(gaps):
            del self.uids[start:stop], self.modseqs[start:stop], self.flags[start:stop]

    def _join(self, gaps: Sequence[tuple[int, int]]) -> None:
        """Copy what stays, stretch by stretch: memory is copied, not numbers."""
        uids, modseqs, flags = array("Q"), array("Q"), list[Flags]()
        kept = 0
        for start, stop in (*gaps, (len(self.uids), len(self.uids))):
            uids.extend(self.uids[kept:start])
            modseqs.extend(self.modseqs[kept:start])
            flags.extend(self.flags[kept:start])
            kept = stop
        self.uids, self.modseqs, self.flags = uids, modseqs, flags


def _runs(indexes: Iterable[int]) -> list[tuple[int, int]]:
    """Ascending indexes as half-open stretches."""
    runs: list[tuple[int, int]] = []
    for index in indexes:
        if runs and runs[-1][1] == index:
            runs[-1] = (runs[-1][0], index + 1)
        else:
            runs.append((index, index + 1))
    return runs
