"""A session's view of its mailbox: the messages it knows by number, and what it must still be told."""

from array import array
from bisect import bisect_left
from collections.abc import Iterable, Sequence

from attrs import define, field

from daptinmail.errors import Malformed
from daptinmail.imap.grammar import SYSTEM_FLAGS
from daptinmail.imap.sequences import SequenceSet, indexes_in
from daptinmail.interfaces.messages import Change, Changes, Flags, Mailbox, Snapshot

FLAG_ORDER: dict[bytes, int] = {flag: rank for rank, flag in enumerate(SYSTEM_FLAGS)}
RENDERED_FLAGS_KEPT = 1000


def flag_names(flags: Iterable[bytes]) -> bytes:
    """System flags first, then keywords by name."""
    ranked = sorted((FLAG_ORDER.get(flag, len(FLAG_ORDER)), flag) for flag in flags)
    return b" ".join([flag for _, flag in ranked])


@define(eq=False)
class SelectedMailbox:
    """The messages in UID order; index ``i`` has sequence number ``i + 1``.

    A message that another session expunged keeps its number, in ``gone``, until ``expunge_lines`` may tell
    (RFC 3501 §7.4.1).
    """

    mailbox: Mailbox
    read_only: bool
    modseq: int
    uids: "array[int]"
    flags: list[Flags]
    recent_from: int
    keywords: set[bytes]
    gone: set[int] = field(factory=set)
    arrived: bool = False
    dirty: bool = False
    deleted: bool = False
    _rendered: dict[tuple[Flags, bool], bytes] = field(factory=dict)

    @classmethod
    def of(cls, snapshot: Snapshot, read_only: bool) -> "SelectedMailbox":
        """The view at a snapshot."""
        keywords = {flag for flags in set(snapshot.flags) for flag in flags if flag not in FLAG_ORDER}
        return cls(
            mailbox=snapshot.mailbox,
            read_only=read_only,
            modseq=snapshot.modseq,
            uids=array("Q", snapshot.uids),
            flags=list(snapshot.flags),
            recent_from=snapshot.first_recent_uid,
            keywords=keywords,
        )

    def __len__(self) -> int:
        return len(self.uids)

    # Numbers

    def indexes(self, messages: SequenceSet, uid: bool) -> list[int]:
        """The messages that a set names. UIDs that do not exist are passed over.

        Raises:
            Malformed: a sequence number that is not in use (RFC 3501 §9, ``seq-number``).
        """
        if uid:
            return indexes_in(messages.resolve(self.uids[-1] if self.uids else 0), self.uids)
        count = len(self.uids)
        ranges = messages.resolve(count)
        if ranges[0][0] < 1 or ranges[-1][1] > count:
            raise Malformed("No message has that sequence number")
        return [index for low, high in ranges for index in range(low - 1, high)]

    def index_of(self, uid: int) -> int | None:
        """Where a UID stands."""
        index = bisect_left(self.uids, uid)
        return index if index < len(self.uids) and self.uids[index] == uid else None

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
        return next((index + 1 for index, flags in enumerate(self.flags) if rb"\Seen" not in flags), None)

    def rendered_flags(self, index: int) -> bytes:
        """``FLAGS (...)`` of one message."""
        key = self.flags[index], self.is_recent(index)
        rendered = self._rendered.get(key)
        if rendered is None:
            if len(self._rendered) >= RENDERED_FLAGS_KEPT:
                self._rendered.clear()
            names = flag_names(key[0])
            if key[1]:
                names = rb"%b \Recent" % names if names else rb"\Recent"
            rendered = self._rendered[key] = b"FLAGS (%b)" % names
        return rendered

    def flags_line(self) -> bytes:
        """``FLAGS`` with every flag in use."""
        return b"FLAGS (%b)" % flag_names((*SYSTEM_FLAGS, *self.keywords))

    def fetch_line(self, index: int, with_uid: bool) -> bytes:
        """The untagged FETCH that tells the flags of one message."""
        uid = b"UID %d " % self.uids[index] if with_uid else b""
        return b"%d FETCH (%b%b)" % (index + 1, uid, self.rendered_flags(index))

    # Changes

    def take_flags(self, changes: Iterable[Change]) -> list[int]:
        """Note new flags of known messages; the indexes of those that really changed."""
        changed: list[int] = []
        for change in changes:
            index = self.index_of(change.uid)
            if index is None or change.uid in self.gone or self.flags[index] == change.flags:
                continue
            self.flags[index] = change.flags
            changed.append(index)
        return changed

    def catch_up(self, changes: Changes) -> list[bytes]:
        """Take over what happened; the untagged lines to send, without EXPUNGE (see ``expunge_lines``)."""
        self.note_expunged(changes.expunged)
        indexes = self.take_flags(changes.changed)
        before = len(self.uids)
        newest = self.uids[-1] if self.uids else 0
        for change in changes.changed:
            if change.uid > newest:
                self.uids.append(change.uid)
                self.flags.append(change.flags)
        self.modseq = max(self.modseq, changes.modseq)
        lines = self.new_keyword_lines((*indexes, *range(before, len(self.uids))))
        if len(self.uids) != before:
            self.arrived = True
            lines += [b"%d EXISTS" % len(self.uids), b"%d RECENT" % self.recent]
        return lines + [self.fetch_line(index, with_uid=True) for index in indexes]

    def new_keyword_lines(self, indexes: Iterable[int]) -> list[bytes]:
        """A FLAGS line if these messages carry keywords not told of before."""
        known = len(self.keywords)
        for flags in {self.flags[index] for index in indexes}:
            self.keywords.update(flag for flag in flags if flag not in FLAG_ORDER)
        return [self.flags_line()] if len(self.keywords) > known else []

    def note_expunged(self, uids: Sequence[int]) -> None:
        """Messages that exist no more; the client does not know yet."""
        self.gone.update(uid for uid in uids if self.index_of(uid) is not None)

    def expunge_lines(self) -> list[bytes]:
        """Drop the messages that are gone, with the untagged EXPUNGE lines, highest number first."""
        if not self.gone:
            return []
        lines = [
            b"%d EXPUNGE" % (index + 1) for index in range(len(self.uids) - 1, -1, -1) if self.uids[index] in self.gone
        ]
        kept = [(uid, flags) for uid, flags in zip(self.uids, self.flags, strict=True) if uid not in self.gone]
        self.uids = array("Q", [uid for uid, _ in kept])
        self.flags = [flags for _, flags in kept]
        self.gone.clear()
        return lines
