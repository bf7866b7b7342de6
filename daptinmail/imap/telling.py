"""What a client is told of its messages, in the dialect it has switched on."""

from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence

from attrs import frozen

from daptinmail.imap.limits import VIEW_SLICE
from daptinmail.imap.selected import SelectedMailbox, render_flags, values_at
from daptinmail.imap.sequences import format_ranges, runs
from daptinmail.interfaces.messages import Changes

IN_BLOCK = {b"FLAGS": b"%b", b"UID": b"UID %d", b"MODSEQ": b"MODSEQ (%d)"}
SIZE = b"RFC822.SIZE"
_IN_ROWS = {**IN_BLOCK, SIZE: b"RFC822.SIZE %d"}

VANISHED_RANGES = 500
"""Ranges in one line of VANISHED: some kilobytes."""


@frozen
class Dialect:
    """``recent``: as IMAP4rev1 (RFC 3501 §2.3.2). ``modseqs``: UID and MODSEQ in every FETCH that was not asked for
    (RFC 7162 §3.2.4). ``vanished``: VANISHED, not EXPUNGE (RFC 7162 §3.2.10). ``uidonly``: UIDFETCH, no numbers
    (RFC 9586 §3).
    """

    recent: bool = True
    modseqs: bool = False
    vanished: bool = False
    uidonly: bool = False

    @classmethod
    def of(cls, enabled: "set[bytes]") -> "Dialect":
        """The dialect of a client that has switched this on."""
        uidonly = b"UIDONLY" in enabled
        return cls(b"IMAP4REV2" not in enabled, b"CONDSTORE" in enabled, uidonly or b"QRESYNC" in enabled, uidonly)


def fetch_line(view: SelectedMailbox, index: int, dialect: Dialect, with_uid: bool = True, flags: bool = True) -> bytes:
    """The untagged FETCH that tells what became of one message. Without ``flags`` it is its new modseq only."""
    items = []
    if not dialect.uidonly and (with_uid or dialect.modseqs):
        items.append(b"UID %d" % view.uids[index])
    if flags:
        items.append(view.rendered_flags(index))
    if dialect.modseqs:
        items.append(b"MODSEQ (%d)" % view.modseqs[index])
    if dialect.uidonly:
        return b"%d UIDFETCH (%b)" % (view.uids[index], b" ".join(items))
    return b"%d FETCH (%b)" % (index + 1, b" ".join(items))


def fetch_block(
    view: SelectedMailbox,
    indexes: Sequence[int],
    names: Sequence[bytes],
    uidonly: bool,
    sizes: Sequence[int] = (),
) -> bytes:
    """The answer to FETCH of ``names``, ready to send; see ``fetch_rows``."""
    return b"".join(fetch_rows(view, indexes, names, uidonly, b"* %%d %b (%b)\r\n", sizes))


def news_rows(
    view: SelectedMailbox, indexes: Sequence[int], dialect: Dialect, with_uid: bool = True, flags: bool = True
) -> list[bytes]:
    """``fetch_line`` of many messages."""
    return fetch_rows(view, indexes, _news(dialect, with_uid, flags), dialect.uidonly)


def news_block(
    view: SelectedMailbox, indexes: Sequence[int], dialect: Dialect, with_uid: bool = True, flags: bool = True
) -> bytes:
    """``news_rows``, ready to send."""
    return fetch_block(view, indexes, _news(dialect, with_uid, flags), dialect.uidonly)


def _news(dialect: Dialect, with_uid: bool, flags: bool) -> list[bytes]:
    uid = not dialect.uidonly and (with_uid or dialect.modseqs)
    return [b"UID"] * uid + [b"FLAGS"] * flags + [b"MODSEQ"] * dialect.modseqs


def fetch_rows(
    view: SelectedMailbox,
    indexes: Sequence[int],
    names: Sequence[bytes],
    uidonly: bool,
    form: bytes = b"%%d %b (%b)",
    sizes: Sequence[int] = (),
) -> list[bytes]:
    """FETCH of what the view knows: ``names`` are FLAGS, UID, MODSEQ and, with ``sizes``, SIZE; ``indexes`` ascend.

    All at once, column by column: mailboxes of many thousand messages are read this way at every start.
    """
    template = form % (b"UIDFETCH" if uidonly else b"FETCH", b" ".join([_IN_ROWS[name] for name in names]))
    uids = values_at(view.uids, indexes)
    columns: list[Sequence[int | bytes]] = [uids if uidonly else [index + 1 for index in indexes]]
    known = {b"UID": uids, SIZE: sizes}
    columns += [known[name] if name in known else view_column(view, indexes, name) for name in names]
    return [template % row for row in zip(*columns, strict=True)]


def view_column(view: SelectedMailbox, indexes: Sequence[int], name: bytes) -> Sequence[int | bytes]:
    """The values of FLAGS, UID or MODSEQ, for ``IN_BLOCK``."""
    if name == b"FLAGS":
        return _flag_column(view, indexes)
    return values_at(view.uids if name == b"UID" else view.modseqs, indexes)


def _flag_column(view: SelectedMailbox, indexes: Sequence[int]) -> Sequence[bytes]:
    flags = values_at(view.flags, indexes)
    rendered = {kind: render_flags(kind, recent=False) for kind in set(flags)}
    column = list(map(rendered.__getitem__, flags))
    first_recent = bisect_left(indexes, bisect_left(view.uids, view.recent_from))
    column[first_recent:] = [render_flags(kind, recent=True) for kind in flags[first_recent:]]
    return column


def change_lines(view: SelectedMailbox, changes: Changes, dialect: Dialect) -> Iterator[list[bytes]]:
    """Take over what happened, a slice at a time; what to send, without EXPUNGE (see ``expunge_lines``)."""
    view.note_expunged(changes.expunged)
    newest = view.uids[-1] if view.uids else 0
    known = len(changes.changed)
    while known and changes.changed[known - 1].uid > newest:
        known -= 1
    before = len(view)
    if known < len(changes.changed):
        view.take_new(changes.changed[known:])
        yield view.new_keyword_lines(range(before, len(view)))
        yield [b"%d EXISTS" % len(view), *([b"%d RECENT" % view.recent] if dialect.recent else [])]
    for start in range(0, known, VIEW_SLICE):
        some = changes.changed[start : min(start + VIEW_SLICE, known)]
        indexes = view.take_flags(some, every=dialect.modseqs)
        yield view.new_keyword_lines(indexes) + news_rows(view, indexes, dialect)
    view.modseq = max(view.modseq, changes.modseq)


def without_flags(pieces: Iterable[list[bytes]]) -> Iterator[list[bytes]]:
    """Leave out what ``change_lines`` tells of flags: the client does not want it (RFC 5465 §5.3)."""
    for lines in pieces:
        yield [line for line in lines if not line.endswith(b")")]


def expunge_lines(view: SelectedMailbox, dialect: Dialect) -> Iterator[list[bytes]]:
    """Let go of the messages that are gone, and tell: by number, highest first, or by UID."""
    indexes, uids = view.drop_gone()
    if dialect.vanished:
        yield from vanished_lines(list(runs(uids)))
        return
    for stop in range(len(indexes), 0, -VIEW_SLICE):
        yield [b"%d EXPUNGE" % (index + 1) for index in reversed(indexes[max(stop - VIEW_SLICE, 0) : stop])]


def vanished_lines(ranges: Sequence[tuple[int, int]], earlier: bool = False) -> Iterator[list[bytes]]:
    """``VANISHED`` of ascending UIDs, none if there are none, no line longer than clients can bear."""
    word = b"VANISHED (EARLIER) " if earlier else b"VANISHED "
    for start in range(0, len(ranges), VANISHED_RANGES):
        yield [word + format_ranges(ranges[start : start + VANISHED_RANGES])]


def lost(view: SelectedMailbox, uids: Sequence[int]) -> list[int]:
    """The messages of the view that are not among ``uids``: what to compare when expunges were forgotten."""
    return sorted(set(view.uids).difference(uids))
