"""STORE."""

from array import array
from collections import deque
from collections.abc import Sequence

from attrs import define, evolve, field
from twisted.internet.defer import Deferred

from daptinmail.imap.answers import Answer, no, ok
from daptinmail.imap.limits import STORE_SLICE, VIEW_SLICE
from daptinmail.imap.rights import stores
from daptinmail.imap.selected import FLAG_ORDER, SelectedMailbox, values_at
from daptinmail.imap.sequences import format_numbers
from daptinmail.imap.session import Session
from daptinmail.imap.telling import news_block
from daptinmail.imap.values import Store
from daptinmail.interfaces.messages import FlagMode, Flags, Marked

STORES_AHEAD = 2
"""Slices that the store has at a time: it need not wait for us."""


async def store(session: Session, arguments: Store) -> Answer:
    """STORE (RFC 9051 §6.4.6)."""
    return await _store(session, arguments, uid=False)


async def uid_store(session: Session, arguments: Store) -> Answer:
    """UID STORE (RFC 9051 §6.4.9)."""
    return await _store(session, arguments, uid=True)


async def _store(session: Session, arguments: Store, uid: bool) -> Answer:
    view = session.writable
    indexes = session.indexes(arguments.messages, uid)
    if arguments.unchanged_since is not None:
        session.enable_condstore()
    wanted = stores(view.rights, arguments.mode, arguments.flags, (*FLAG_ORDER, *view.keywords))
    run = Run(session, view, arguments, uid)
    if arguments.unchanged_since is None and len(wanted) == 1:
        await run.change_ahead(indexes, *wanted[0])
        return run.answer()
    for start in range(0, len(indexes), VIEW_SLICE):
        if start:
            await session.breathe()
            session.progress(start, len(indexes))
        await run.change_by_steps(indexes[start : start + VIEW_SLICE], wanted)
    return run.answer()


@define(eq=False)
class Run:
    """One STORE. ``modified``: the messages that failed UNCHANGEDSINCE, as the client names them."""

    session: Session
    view: SelectedMailbox
    arguments: Store
    uid: bool
    modified: list[int] = field(factory=list)
    expunged: bool = False

    def answer(self) -> Answer:
        """The tagged answer (RFC 7162 §3.1.3: MODIFIED stands in OK and NO)."""
        code = b"MODIFIED " + format_numbers(self.modified) if self.modified else b""
        if self.expunged and not self.uid:
            raise no(b"Some of the messages were expunged", code or b"EXPUNGEISSUED")
        return ok(b"Some messages were changed meanwhile" if code else b"STORE completed", code)

    async def change_ahead(self, indexes: Sequence[int], mode: FlagMode, flags: Flags) -> None:
        """Change these messages, however they are by now: the store works ahead while a slice is told."""
        self.arguments = evolve(self.arguments, mode=mode, flags=flags)
        slices = [indexes[start : start + STORE_SLICE] for start in range(0, len(indexes), STORE_SLICE)]
        begun = deque[Deferred[Marked]]()
        try:
            for number, some in enumerate(slices):
                for later in slices[number + len(begun) : number + STORES_AHEAD]:
                    begun.append(Deferred.fromCoroutine(self._begin(self._uids(later))))
                if number:
                    await self.session.breathe()
                    self.session.progress(number * STORE_SLICE, len(indexes))
                marked = await begun.popleft()
                self._tell(marked)
                self.expunged |= len(marked) < len(some)
        finally:
            for unwanted in begun:
                unwanted.addErrback(lambda _: None).cancel()

    async def change_by_steps(self, indexes: Sequence[int], steps: Sequence[tuple[FlagMode, Flags]]) -> None:
        """Change these messages; in more than one step only where not every flag may be touched."""
        asked = self.arguments
        for mode, flags in steps:
            self.arguments = evolve(self.arguments, mode=mode, flags=flags)
            await self.change(indexes)
            failed = set(self.modified)
            indexes = [at for at in indexes if (self.view.uids[at] if self.uid else at + 1) not in failed]
            self.arguments = evolve(self.arguments, unchanged_since=None)
        self.arguments = asked

    async def change(self, indexes: Sequence[int]) -> None:
        """Change these messages and tell."""
        uids = self._uids(indexes)
        since = self.arguments.unchanged_since
        stored = await self._change(uids, since)
        failed = sorted(set(uids) - stored)
        if failed and since is not None:
            again = await self._unaffected(failed, since)
            stored |= await self._change(array("Q", again), self.view.modseq)
            failed = [uid for uid in failed if uid not in stored and uid not in self.view.gone]
            self.modified += failed if self.uid else self._numbers(failed)
        self.expunged |= len(stored) + (len(failed) if since is not None else 0) < len(indexes)

    def _uids(self, indexes: Sequence[int]) -> "array[int]":
        """Of those that are not known to be gone."""
        uids = values_at(self.view.uids, indexes)
        if self.view.gone or not isinstance(uids, array):
            return array("Q", [uid for uid in uids if uid not in self.view.gone])
        return uids

    def _numbers(self, uids: Sequence[int]) -> list[int]:
        return [index + 1 for index in map(self.view.index_of, uids) if index is not None]

    async def _change(self, uids: "array[int]", since: int | None) -> set[int]:
        """Change and tell; which of the messages passed."""
        marked = await self._begin(uids, since)
        self._tell(marked)
        return set(marked.uids)

    async def _begin(self, uids: "array[int]", since: int | None = None) -> Marked:
        asked = self.arguments
        if not uids:
            return Marked.of(())
        return await self.session.store.change_flags(self.view.mailbox.id, uids, asked.mode, asked.flags, since)

    def _tell(self, marked: Marked) -> None:
        """Take over what was changed.

        All flags are told; if silent only what surprises, and for clients that keep them the new modseqs.
        """
        view, modseqs = self.view, self.session.dialect.modseqs
        told = _surprises(view, marked, self.arguments) if self.arguments.silent else None
        renewed = view.take_flags(marked, every=True)
        view.heard = max(view.heard, max(marked.modseqs, default=0))
        if self.session.updates is None:
            view.follow(marked.steps)
        indexes = view.indexes_of(marked.uids)
        self.session.untagged(*view.new_keyword_lines(indexes))
        if told is None:
            self._send(indexes)
            return
        bare = renewed if self.arguments.unchanged_since is None else indexes
        self._send(told)
        if modseqs:
            self._send(sorted(set(bare).difference(told)) if told else bare, flags=False)

    def _send(self, indexes: Sequence[int], flags: bool = True) -> None:
        if indexes:
            self.session.writer.write(
                news_block(self.view, indexes, self.session.dialect, self.uid or not flags, flags)
            )

    async def _unaffected(self, uids: Sequence[int], since: int) -> list[int]:
        """Those that failed though what the client wants to change is as it knew it (RFC 7162 §3.1.12)."""
        view, asked = self.view, self.arguments
        known = [uid for uid in uids if (index := view.index_of(uid)) is not None and view.modseqs[index] <= since]
        before = {uid: self._affected(uid) for uid in known}
        await self.session.catch_up(may_expunge=False, always=True)
        if asked.mode is FlagMode.REPLACE:
            return []
        if not since:  # passes where no such keyword is (RFC 7162 §3.1.3, examples 7 and 8)
            keywords = not any(flag.startswith(b"\\") for flag in asked.flags)
            return [uid for uid in uids if keywords and self._affected(uid) == frozenset()]
        return [uid for uid in known if self._affected(uid) == before[uid]]

    def _affected(self, uid: int) -> Flags | None:
        """Which of the flags at stake a message has; ``None`` if it is gone."""
        index = self.view.index_of(uid)
        if index is None or uid in self.view.gone:
            return None
        return _lower(self.view.flags[index]) & _lower(self.arguments.flags)


def _surprises(view: SelectedMailbox, marked: Marked, arguments: Store) -> list[int]:
    """The messages whose flags another session had changed too: .SILENT does not hide that (RFC 3501 §6.4.6)."""
    place: Sequence[int | None] = view.stretch(marked.uids) or list(map(view.index_of, marked.uids))
    known = [(index, new) for index, new in zip(place, marked.flags, strict=True) if index is not None]
    pairs = [(view.flags[index], new) for index, new in known]
    odd = {(old, new) for old, new in set(pairs) if _lower(new) != _lower(_after(old, arguments))}
    return [index for (index, _), pair in zip(known, pairs, strict=True) if pair in odd] if odd else []


def _after(flags: Flags, arguments: Store) -> Flags:
    """What the client expects."""
    if arguments.mode is FlagMode.ADD:
        return flags | arguments.flags
    if arguments.mode is FlagMode.REMOVE:
        gone = _lower(arguments.flags)
        return frozenset(flag for flag in flags if flag.lower() not in gone)
    return arguments.flags


def _lower(flags: Flags) -> Flags:
    """Keywords have no case."""
    return frozenset(flag.lower() for flag in flags)
