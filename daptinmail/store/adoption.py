"""Merges what other Maildir tools did to a folder: files that came, went, or got other flags."""

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import NamedTuple

from attrs import define, field, frozen
from twisted.logger import Logger

from daptinmail.errors import Invalid
from daptinmail.interfaces.messages import Arrival, Change, FlagMode, Flags
from daptinmail.interfaces.storage import Content, ITransaction
from daptinmail.store.contents import Prepared, prepare
from daptinmail.store.filenames import FileName, base_of, flags_of, parse, with_flags
from daptinmail.store.flags import changed, from_column
from daptinmail.store.image import Delta
from daptinmail.store.keywords import read_keywords
from daptinmail.store.maildir import Tree, listing
from daptinmail.store.mailrow import mail_values
from daptinmail.store.marks import Marks, Merged
from daptinmail.store.messages import GOING
from daptinmail.store.quota import count
from daptinmail.store.rows import Folder, folder_by_id, step
from daptinmail.store.statements import mail_rows, rows
from daptinmail.store.survey import Survey

log = Logger()

MAX_CONVERTED = 64 * 1024 * 1024
"""Octets up to which a file with bare LF is rewritten with CRLF; larger ones are taken as they are."""

_GRAVE = "SELECT uid FROM tombstone WHERE mail_box_id = ? AND uid = ?"


class _Known(NamedTuple):
    """What is needed of a message whose file changed."""

    id: int
    uid: int
    modseq: int
    flags: str
    file_name: str


_KNOWN = ", ".join(_Known._fields)


@frozen
class Candidate:
    """A file that was read, to become a message. ``replace``: its octets were not CRLF and are to be rewritten."""

    path: Path
    prepared: Prepared
    internal_date: datetime
    replace: bool


@define(eq=False)
class Known:
    """What files are messages already: ``bases`` of their names, complete for UIDs below ``uidnext``."""

    bases: set[str] = field(factory=set)
    uidnext: int = 0


@frozen
class Adopting:
    """A candidate with its name read, the flags it says, and the UID it gets."""

    candidate: Candidate
    said: FileName
    flags: Flags
    uid: int


@define(eq=False)
class Adoption:
    """``read`` runs in pool threads, ``settle`` and ``adopt`` in the storage thread."""

    tree: Tree
    marks: Marks

    def settle(self, transaction: ITransaction, survey: Survey) -> None:
        """Take over flags from names, and expunge what is gone."""
        connection = transaction.connection
        folder = folder_by_id(connection, survey.folder.id)
        path = self.tree.of(folder)
        # Only what was committed before the survey: later files may still be on their way to their names.
        settled = [uid for uid in survey.suspects if uid < survey.folder.mailbox.uidnext]
        files = {base_of(name): (place, name) for place, name in listing(path)}
        keywords = read_keywords(path)
        gone, merged = [], []
        for row in mail_rows(connection, _KNOWN, folder.id, settled):
            known = _Known(*row)
            there = files.get(base_of(known.file_name))
            if (path / "cur" / known.file_name).exists():
                continue
            if there is None:
                gone.append(known.uid)
            else:
                merged.append(self._merged(transaction, folder, known, there, keywords))
        self.marks.merge(transaction, folder, merged)
        if gone:
            going = mail_rows(connection, GOING, folder.id, gone)
            for uid in self.marks.messages.remove(transaction, folder, going):
                self._tell(transaction, folder, "message.vanished", {"uid": uid})

    def read(self, path: Path) -> Candidate | None:
        """Read a file that may become a message; ``None`` if it cannot be read or is gone."""
        try:
            found = path.stat()
            content, replace = Content(found.st_size, path=path), False
            if found.st_size <= MAX_CONVERTED:
                octets = path.read_bytes()
                replace = octets.count(b"\n") != octets.count(b"\r\n")
                if replace:
                    octets = octets.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
                content = Content(len(octets), octets)
            date = datetime.fromtimestamp(int(found.st_mtime), UTC)
            return Candidate(path, prepare(content), date, replace)
        except OSError as error:
            log.warn("cannot take the file {path} for a message: {error}", path=str(path), error=error)
            return None

    def adopt(
        self,
        transaction: ITransaction,
        mailbox_id: int,
        candidates: Sequence[Candidate],
        keep_uids: bool = False,
        known: Known | None = None,
    ) -> int:
        """Make messages of files; answers how many.

        ``keep_uids``: with the UIDs their names tell, if free. ``known``: the same for all slices of one scan.
        """
        folder = folder_by_id(transaction.connection, mailbox_id)
        known = known or Known()
        self._learn(transaction, folder, known)
        known.uidnext = 0 if keep_uids else folder.mailbox.uidnext
        fresh = []
        for candidate in candidates:
            said = parse(candidate.path.name)
            if base_of(candidate.path.name) in known.bases or not candidate.path.exists():
                continue
            if self._is_leftover(transaction, folder, said):
                transaction.remove(candidate.path)
                continue
            known.bases.add(base_of(candidate.path.name))
            fresh.append((candidate, said))
        return self._adopt_all(transaction, folder, fresh, keep_uids) if fresh else 0

    def _learn(self, transaction: ITransaction, folder: Folder, known: Known) -> None:
        """What became a message since the last slice."""
        statement = "SELECT file_name FROM mail WHERE mail_box_id = ? AND uid >= ?"
        found = rows(transaction.connection, statement, [folder.id, known.uidnext])
        known.bases.update(base_of(name) for (name,) in found)

    def _adopt_all(
        self, transaction: ITransaction, folder: Folder, fresh: Sequence[tuple[Candidate, FileName]], keep: bool
    ) -> int:
        messages, keywords = self.marks.messages, read_keywords(self.tree.of(folder))
        messages.touch(transaction, folder)
        uids, modseq = self._numbers(transaction, folder, [said for _, said in fresh], keep)
        adopted = []
        for (candidate, said), uid in zip(fresh, uids, strict=True):
            one = Adopting(candidate, said, flags_of(said.letters or "", keywords), uid)
            try:
                adopted.append((one, self._take_file(transaction, folder, one)))
            except FileNotFoundError:  # it went while we looked; a UID is spent, nothing else
                continue
        arrival = Arrival(trail=messages.identifiers.uuid7())
        for one, name in adopted:
            placed = messages.placed(transaction, folder, one.uid, modseq, name)
            prepared, date = one.candidate.prepared, one.candidate.internal_date
            values = mail_values(placed, prepared.content.size, prepared.summary, one.flags, date, arrival, "")
            messages.insert(transaction.connection, folder, values, prepared)
        if adopted:
            size = sum(one.candidate.prepared.content.size for one, _ in adopted)
            count(transaction.connection, folder.id, len(adopted), size)
            last = {"messages": len(adopted), "first_uid": adopted[0][0].uid, "last_uid": adopted[-1][0].uid}
            self._tell(transaction, folder, "message.adopted", last)
        changed = sorted((Change(one.uid, modseq, one.flags) for one, _ in adopted), key=lambda change: change.uid)
        uidnext = max(folder.mailbox.uidnext, *(uid + 1 for uid in uids))
        messages.changed(transaction, folder, Delta(folder.id, modseq, uidnext, changed))
        return len(adopted)

    def _take_file(self, transaction: ITransaction, folder: Folder, one: Adopting) -> str:
        """Give a file its name in ``cur``; answers the name."""
        messages, size = self.marks.messages, one.candidate.prepared.content.size
        name = messages.renamed(transaction, folder, one.uid, size, one.said)
        target = self.tree.file(folder, name)
        if one.candidate.replace:
            transaction.place(one.candidate.prepared.content, target)
            transaction.remove(one.candidate.path)
        else:
            transaction.rename(one.candidate.path, target)
        return name

    def _numbers(
        self, transaction: ITransaction, folder: Folder, said: Sequence[FileName], keep: bool
    ) -> tuple[list[int], int]:
        """UIDs for files, and the modseq for all: with ``keep`` those that stand in their names, if they are free."""
        connection, mailbox = transaction.connection, folder.mailbox
        told = [one.uid if keep and one.uidvalidity == mailbox.uidvalidity else None for one in said]
        taken = {uid for (uid,) in mail_rows(connection, "uid", folder.id, [uid for uid in told if uid])}
        kept: list[int | None] = []
        for uid in told:
            kept.append(uid if uid and uid not in taken else None)
            taken.add(uid or 0)
        free = max(mailbox.uidnext, *(uid + 1 for uid in kept if uid), 0)
        modseq, _ = step(connection, folder.id, free - mailbox.uidnext + kept.count(None))
        following = iter(range(free, free + kept.count(None)))
        return [uid or next(following) for uid in kept], modseq

    def _is_leftover(self, transaction: ITransaction, folder: Folder, said: FileName) -> bool:
        """True for a file of ours whose message was expunged before the file could be removed."""
        if said.uid is None or said.uidvalidity != folder.mailbox.uidvalidity:
            return False
        return bool(rows(transaction.connection, _GRAVE, [folder.id, said.uid]))

    def _merged(
        self,
        transaction: ITransaction,
        folder: Folder,
        known: _Known,
        there: tuple[str, str],
        keywords: Mapping[str, bytes],
    ) -> Merged:
        """Flags as they are, as we last wrote them into the name, and as found: others win for what they changed."""
        (place, name), flags = there, from_column(known.flags)
        letters = parse(name).letters
        if letters is not None:
            found = flags_of(letters, keywords)
            written = flags_of(parse(known.file_name).letters or "", keywords)
            flags = _changed(flags, found - written, written - found)
        if place != "cur" or letters is None:
            source, name = self.tree.of(folder) / place / name, f"{base_of(name)}:2,{letters or ''}"
            self.marks.messages.touch(transaction, folder)
            transaction.rename(source, self.tree.file(folder, name))
        due = with_flags(name, flags, keywords) != name
        return Merged(known.id, known.uid, known.flags, flags, known.modseq, name, due)

    def _tell(self, transaction: ITransaction, folder: Folder, kind: str, more: Mapping[str, int]) -> None:
        data = {"mailbox": folder.mailbox.name, **more}
        subject = f"mail_box/{folder.mailbox.reference}"
        self.marks.messages.events.record_in(transaction, kind, None, subject, data)


def _changed(flags: Flags, added: Flags, removed: Flags) -> Flags:
    try:
        return changed(changed(flags, FlagMode.REMOVE, removed), FlagMode.ADD, added)
    except Invalid:  # more keywords than a message may have
        return flags
