"""STORE."""

from collections.abc import Sequence

from attrs import define, evolve, field

from daptinmail.imap.answers import Answer, no, ok
from daptinmail.imap.limits import VIEW_SLICE
from daptinmail.imap.rights import stores
from daptinmail.imap.selected import FLAG_ORDER, SelectedMailbox
from daptinmail.imap.sequences import format_numbers
from daptinmail.imap.session import Session
from daptinmail.imap.telling import news_rows
from daptinmail.imap.values import Store
from daptinmail.interfaces.messages import Change, FlagMode, Flags


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
        uids = [uid for uid in map(self.view.uids.__getitem__, indexes) if uid not in self.view.gone]
        since = self.arguments.unchanged_since
        stored = await self._change(uids, since)
        failed = sorted(set(uids) - stored)
        if failed and since is not None:
            again = await self._unaffected(failed, since)
            stored |= await self._change(again, self.view.modseq)
            failed = [uid for uid in failed if uid not in stored and uid not in self.view.gone]
            self.modified += failed if self.uid else self._numbers(failed)
        self.expunged |= len(stored) + (len(failed) if since is not None else 0) < len(indexes)

    def _numbers(self, uids: Sequence[int]) -> list[int]:
        return [index + 1 for index in map(self.view.index_of, uids) if index is not None]

    async def _change(self, uids: Sequence[int], since: int | None) -> set[int]:
        """Change and tell; which of the messages passed."""
        if not uids:
            return set()
        view, asked = self.view, self.arguments
        changes = await self.session.store.change_flags(view.mailbox.id, uids, asked.mode, asked.flags, since)
        stored = {change.uid for change in changes}
        told = _surprises(view, changes, asked) if asked.silent else None
        renewed = view.take_flags(changes, every=True)
        view.heard = max(view.heard, max((change.modseq for change in changes), default=0))
        indexes = view.indexes_of(sorted(stored))
        self.session.untagged(*view.new_keyword_lines(indexes), *self._lines(indexes, told, renewed))
        return stored

    def _lines(self, indexes: Sequence[int], told: list[int] | None, renewed: Sequence[int]) -> list[bytes]:
        """All flags; if silent only what surprises, and for clients that keep them the new modseqs."""
        view, dialect = self.view, self.session.dialect
        if told is None:
            return news_rows(view, indexes, dialect, with_uid=self.uid)
        bare: set[int] = set()
        if dialect.modseqs:
            bare = set(renewed if self.arguments.unchanged_since is None else indexes).difference(told)
        lines = news_rows(view, told, dialect, with_uid=self.uid)
        return lines + news_rows(view, sorted(bare), dialect, flags=False)

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


def _surprises(view: SelectedMailbox, changes: Sequence[Change], arguments: Store) -> list[int]:
    """The messages whose flags another session had changed too: .SILENT does not hide that (RFC 3501 §6.4.6)."""
    known: dict[tuple[Flags, Flags], bool] = {}
    surprising = []
    for change in changes:
        index = view.index_of(change.uid)
        if index is None:
            continue
        pair = view.flags[index], change.flags
        if pair not in known:
            known[pair] = _lower(change.flags) != _lower(_after(view.flags[index], arguments))
        if known[pair]:
            surprising.append(index)
    return surprising


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
