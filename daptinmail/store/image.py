"""One mailbox in memory: UIDs, modseqs, flags, sizes, and the latest changes. Pure; a cache of what the rows say."""

import struct
import sys
from array import array
from bisect import bisect_left
from collections import deque
from collections.abc import Iterable, Sequence

from attrs import define, field, frozen

from daptinmail.interfaces.digest import Digest
from daptinmail.interfaces.messages import Change, Changes, Flags, Marked
from daptinmail.store.flags import from_column, to_column
from daptinmail.store.maildir import Stamp

MAX_LOGGED = 5000
"""Changes kept, for sessions that catch up."""

FEW = 16
"""So many messages are taken out one by one; for more the arrays are put together anew."""

UNKNOWN = (1 << 64) - 1
"""The size of a message whose size nobody has asked for yet."""

_HEAD = struct.Struct("<4sQQIII")  # mark, stamps of cur and new, messages, octets of palette, of an index
_MARK = b"dmi2"


@frozen
class Delta:
    """What one change of a mailbox did. ``modseq`` is the mailbox's afterwards; it was one less before.

    ``changed`` are new messages and those with new flags, ``expunged`` those that went, both in UID order.
    """

    mailbox_id: int
    modseq: int
    uidnext: int
    changed: Sequence[Change] = ()
    expunged: Sequence[int] = ()


@frozen
class Known:
    """Modseqs and flags of all messages between two UIDs, as they were at the mailbox's ``modseq``."""

    modseq: int
    modseqs: "array[int]"
    flags: list[Flags]


@define(eq=False)
class Image:
    """All messages of a mailbox at ``modseq``, in UID order. Reactor thread only.

    Once ``share`` was called the three sequences are never changed in place, only replaced.
    """

    modseq: int
    uidnext: int
    uids: "array[int]"
    modseqs: "array[int]"
    flags: list[Flags]
    drift: int = 0
    """Changes since the packed form in the database was made; all messages if there is none."""
    stamp: Stamp | None = None
    """How the folder looked when the packed form was made, if that was certain."""
    sizes: "array[int]" = field(factory=lambda: array("Q"))
    """Octets, or ``UNKNOWN``; as shared as the three."""
    _digest: "tuple[list[Flags], Digest] | None" = field(default=None, init=False)
    """Of flags that were shared, and so never change."""
    _log: "deque[Delta]" = field(factory=deque, init=False)
    _logged: int = field(default=0, init=False)
    _log_from: int = field(init=False)
    _shared: bool = field(default=False, init=False)

    def __attrs_post_init__(self) -> None:
        self._log_from = self.modseq
        self.sizes.extend([UNKNOWN] * (len(self.uids) - len(self.sizes)))

    def __len__(self) -> int:
        return len(self.uids)

    def share(self) -> "tuple[array[int], array[int], list[Flags]]":
        """The three sequences, for others to keep and nobody to change."""
        self._shared = True
        return self.uids, self.modseqs, self.flags

    def digest(self) -> Digest:
        """Of the flags that ``share`` answers."""
        self._shared = True
        if self._digest is None or self._digest[0] is not self.flags:
            self._digest = self.flags, Digest.of(self.flags)
        return self._digest[1]

    def stretch(self, uids: "array[int]") -> slice | None:
        """Where these messages stand if they are neighbours, all there and none between them."""
        first = bisect_left(self.uids, uids[0]) if uids else 0
        place = slice(first, first + len(uids))
        return place if uids and self.uids[place] == uids else None

    def known(self, uids: "array[int]") -> Known | None:
        """What stands here of these messages, if they are neighbours."""
        place = self.stretch(uids)
        return None if place is None else Known(self.modseq, self.modseqs[place], self.flags[place])

    def sizes_of(self, uids: Sequence[int]) -> "array[int] | None":
        """Octets of each of these ascending messages, or ``UNKNOWN``; ``None`` if some are not here."""
        place = self.stretch(uids) if isinstance(uids, array) else None
        if place is not None:
            return self.sizes[place]
        found, first = array("Q"), 0
        for uid in uids:
            first = bisect_left(self.uids, uid, first)
            if first == len(self.uids) or self.uids[first] != uid:
                return None
            found.append(self.sizes[first])
        return found

    def learn_sizes(self, sizes: Iterable[tuple[int, int]]) -> None:
        """Keep sizes of messages, given with their UIDs."""
        self._own()
        for uid, size in sizes:
            index = bisect_left(self.uids, uid)
            if index < len(self.uids) and self.uids[index] == uid:
                self.sizes[index] = size
                self.drift += 1

    def apply(self, delta: Delta) -> bool:
        """Follow one change; false if others came before it that are not known here."""
        if delta.modseq <= self.modseq:
            return True
        if delta.modseq != self.modseq + 1:
            return False
        self._take(delta.changed, delta.expunged, delta.modseq, delta.uidnext)
        self._log.append(delta)
        self._logged += len(delta.changed) + len(delta.expunged) + 1
        while self._logged > MAX_LOGGED and self._log:
            oldest = self._log.popleft()
            self._logged -= len(oldest.changed) + len(oldest.expunged) + 1
            self._log_from = oldest.modseq
        return True

    def catch_up(self, changes: Changes) -> None:
        """Follow what the database says happened since ``modseq``."""
        if changes.modseq <= self.modseq:
            return
        self._take(changes.changed, changes.expunged, changes.modseq, changes.uidnext)
        self._log.clear()
        self._logged, self._log_from = 0, self.modseq

    def changes(self, since: int) -> Changes | None:
        """What happened after ``since``; ``None`` if that is not known here any more."""
        if not self._log_from <= since <= self.modseq:
            return None
        deltas = self._after(since)
        if len(deltas) == 1:
            return Changes(self.modseq, self.uidnext, deltas[0].changed, list(deltas[0].expunged))
        changed: dict[int, Change] = {}
        expunged: list[int] = []
        for delta in deltas:
            for change in delta.changed:
                changed[change.uid] = change
            for uid in delta.expunged:
                changed.pop(uid, None)
            expunged += delta.expunged
        return Changes(self.modseq, self.uidnext, [changed[uid] for uid in sorted(changed)], sorted(expunged))

    def _after(self, since: int) -> list[Delta]:
        found = []
        for delta in reversed(self._log):
            if delta.modseq <= since:
                break
            found.append(delta)
        return found[::-1]

    def _take(self, changed: Sequence[Change], expunged: Sequence[int], modseq: int, uidnext: int) -> None:
        self._own()
        self._drop(expunged)
        place = self.stretch(changed.uids) if isinstance(changed, Marked) else None
        if place is not None and isinstance(changed, Marked):
            self.modseqs[place], self.flags[place] = changed.modseqs, changed.flags
        else:
            self._set_each(changed)
        self.modseq, self.uidnext = modseq, max(uidnext, self.uidnext)
        self.drift += len(changed) + len(expunged)

    def _set_each(self, changed: Sequence[Change]) -> None:
        index = -1
        for change in changed:
            index += 1  # a flag of many neighbours is changed more often than those of some
            if index >= len(self.uids) or self.uids[index] != change.uid:
                index = bisect_left(self.uids, change.uid)
            if index == len(self.uids):
                self.uids.append(change.uid)
                self.modseqs.append(change.modseq)
                self.flags.append(change.flags)
                self.sizes.append(UNKNOWN)
            elif self.uids[index] == change.uid:
                self.modseqs[index], self.flags[index] = change.modseq, change.flags
            else:  # adopted with a UID of its own
                self.uids.insert(index, change.uid)
                self.modseqs.insert(index, change.modseq)
                self.flags.insert(index, change.flags)
                self.sizes.insert(index, UNKNOWN)

    def _own(self) -> None:
        """Leave to others what was shared."""
        if self._shared:
            self.uids, self.modseqs = self.uids[:], self.modseqs[:]
            self.flags, self.sizes = self.flags[:], self.sizes[:]
            self._shared = False

    def _drop(self, expunged: Sequence[int]) -> None:
        if len(expunged) > FEW:
            gone = set(expunged)
            kept = [index for index, uid in enumerate(self.uids) if uid not in gone]
            self.uids = array("Q", [self.uids[index] for index in kept])
            self.modseqs = array("Q", [self.modseqs[index] for index in kept])
            self.flags = [self.flags[index] for index in kept]
            self.sizes = array("Q", [self.sizes[index] for index in kept])
            return
        for uid in expunged:
            index = bisect_left(self.uids, uid)
            if index < len(self.uids) and self.uids[index] == uid:
                del self.uids[index], self.modseqs[index], self.flags[index], self.sizes[index]


def pack(uids: "array[int]", modseqs: "array[int]", flags: Sequence[Flags], sizes: "array[int]", stamp: Stamp) -> bytes:
    """The packed form, which ``unpack`` reads; ``stamp`` is that of the folder, zeros if it is not certain."""
    palette = {one: number for number, one in enumerate(dict.fromkeys(flags))}
    texts = "\n".join(map(to_column, palette)).encode("ascii")
    index = array("B" if len(palette) <= 256 else "I", [palette[one] for one in flags])
    head = _HEAD.pack(_MARK, stamp.cur, stamp.new, len(uids), len(texts), index.itemsize)
    return b"".join((head, texts, *map(_octets, (uids, modseqs, sizes, index))))


def unpack(packed: bytes, modseq: int, uidnext: int) -> Image | None:
    """What was packed; ``None`` if it is not such a thing."""
    if len(packed) < _HEAD.size or not packed.startswith(_MARK):
        return None
    _, _, _, count, size, width = _HEAD.unpack_from(packed)
    if width not in {1, 4} or len(packed) != _HEAD.size + size + count * (24 + width):
        return None
    at = _HEAD.size + size
    palette = [from_column(text) for text in packed[_HEAD.size : at].decode("ascii").split("\n")]
    columns = memoryview(packed)[at:]
    uids, modseqs, sizes = (_array("Q", columns[8 * start * count : 8 * (start + 1) * count]) for start in range(3))
    index = _array("B" if width == 1 else "I", columns[24 * count :])
    try:
        flags = list(map(palette.__getitem__, index))
    except IndexError:
        return None
    return Image(modseq, uidnext, uids, modseqs, flags, stamp=packed_stamp(packed), sizes=sizes)


def packed_stamp(head: bytes) -> Stamp | None:
    """The stamp in the first octets of a packed form, if it was certain."""
    if len(head) < _HEAD.size or not head.startswith(_MARK):
        return None
    _, cur, new, *_ = _HEAD.unpack_from(head)
    return Stamp(cur, new) if cur else None


HEAD_SIZE = _HEAD.size


def _octets(numbers: "array[int]") -> bytes:
    if sys.byteorder == "big":
        numbers = numbers[:]
        numbers.byteswap()
    return numbers.tobytes()


def _array(code: str, octets: memoryview) -> "array[int]":
    numbers: array[int] = array(code)
    numbers.frombytes(octets)
    if sys.byteorder == "big":
        numbers.byteswap()
    return numbers
