"""Merges what other Maildir tools did to a folder: files that came, went, or got other flags."""

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from attrs import define, field, frozen
from sqlalchemy import Connection, bindparam, select
from twisted.logger import Logger

from daptinmail.db.schema import mail, tombstone
from daptinmail.errors import Unavailable
from daptinmail.interfaces.messages import Arrival, Flags
from daptinmail.interfaces.runtime import IClock
from daptinmail.interfaces.storage import Content, ITransaction
from daptinmail.store.contents import Prepared, prepare
from daptinmail.store.filenames import SYSTEM, FileName, base_of, parse
from daptinmail.store.flags import from_column
from daptinmail.store.maildir import Stamp, Tree, listing, locate, stamp, sweep
from daptinmail.store.mailrow import mail_values
from daptinmail.store.marks import Marks
from daptinmail.store.messages import rows_of
from daptinmail.store.quota import count
from daptinmail.store.rows import Folder, folder_by_id, step

log = Logger()

MAX_CONVERTED = 64 * 1024 * 1024
"""Octets up to which a file with bare LF is rewritten with CRLF; larger ones are taken as they are."""

_mail = mail.c
_NAMES = select(_mail.id, _mail.uid, _mail.size, _mail.modseq, _mail.flags, _mail.file_name, _mail.content_id)
_GRAVE = select(tombstone.c.uid).where(
    tombstone.c.mail_box_id == bindparam("mailbox_id"), tombstone.c.uid == bindparam("gone")
)


@frozen
class Found:
    """A file in ``cur`` or ``new`` that no row names."""

    place: str
    name: str
    moved: int | None = None
    """The UID of the row that names this file without its present flags."""


@frozen
class Survey:
    """How a folder differs from its rows. A hint: everything is looked at again before it is acted on."""

    folder: Folder
    at: Stamp
    found: Sequence[Found] = ()
    missing: Sequence[int] = ()

    @property
    def unknown(self) -> list[Found]:
        """Files that may be new messages."""
        return [one for one in self.found if one.moved is None]


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


@define(eq=False)
class Adoption:
    """``survey`` and ``read`` run in pool threads, ``settle`` and ``adopt`` in the storage thread."""

    tree: Tree
    marks: Marks
    clock: IClock

    def survey(self, connection: Connection, mailbox_id: int) -> Survey:
        """Compare a folder with its rows. Rows first: what they name was on disk before.

        Raises:
            Unavailable: the folder is not there at all.
        """
        folder = folder_by_id(connection, mailbox_id)
        rows = rows_of(connection, _NAMES, mailbox_id, None)
        path = self.tree.of(folder)
        sweep(path, self.clock.now())
        at = stamp(path)
        if not at.cur:
            # Perhaps a file system that is not mounted: nobody's messages are expunged for that.
            raise Unavailable("Mailbox not available, please try again later", cause=f"no directory {path}/cur")
        known = {row.file_name for row in rows}
        bases = {base_of(row.file_name): row.uid for row in rows}
        files = listing(path)
        right = {name for place, name in files if place == "cur" and name in known}
        found = [
            Found(place, name, bases.get(base_of(name)))
            for place, name in files
            if not (place == "cur" and name in known)
        ]
        there = {one.moved for one in found}
        missing = [row.uid for row in rows if row.file_name not in right and row.uid not in there]
        return Survey(folder, at, found, missing)

    def settle(self, transaction: ITransaction, survey: Survey) -> None:
        """Take over flags from names, and expunge what is gone."""
        messages = self.marks.messages
        folder = folder_by_id(transaction.connection, survey.folder.id)
        path = self.tree.of(folder)
        suspects = {one.moved for one in survey.found if one.moved is not None}.union(survey.missing)
        # Only what was committed before the survey: later files may still be on their way to their names.
        settled = [uid for uid in suspects if uid < survey.folder.mailbox.uidnext]
        gone, marked = [], []
        for row in rows_of(transaction.connection, _NAMES, folder.id, settled):
            there = locate(path, row.file_name)
            if there is None:
                gone.append(row)
            elif there != path / "cur" / row.file_name:
                marked.append((row, self._taken(transaction, folder, row, there)))
        self.marks.write(transaction, folder, [(row, flags) for row, flags in marked if flags is not None])
        for uid in messages.remove(transaction, folder, gone):
            self._tell(transaction, folder, "message.vanished", uid)

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
        folder, adopted = folder_by_id(transaction.connection, mailbox_id), 0
        known = known or Known()
        rows = rows_of(transaction.connection, _NAMES.where(mail.c.uid >= known.uidnext), mailbox_id, None)
        known.bases.update(base_of(row.file_name) for row in rows)
        known.uidnext = 0 if keep_uids else folder.mailbox.uidnext
        for candidate in candidates:
            name = candidate.path.name
            if base_of(name) in known.bases or not candidate.path.exists():
                continue
            if self._is_leftover(transaction, folder, parse(name)):
                transaction.remove(candidate.path)
                continue
            try:
                self._adopt_one(transaction, folder, candidate, keep_uids)
            except FileNotFoundError:  # it went while we looked; a UID is spent, nothing else
                continue
            known.bases.add(base_of(name))
            adopted += 1
        return adopted

    def _adopt_one(self, transaction: ITransaction, folder: Folder, candidate: Candidate, keep_uids: bool) -> None:
        messages, said = self.marks.messages, parse(candidate.path.name)
        messages.touch(transaction, folder)
        modseq, uid = self._number(transaction, folder, said, keep_uids)
        size = candidate.prepared.content.size
        name = messages.renamed(transaction, folder, uid, size, candidate.path.name)
        target = self.tree.file(folder, name)
        if candidate.replace:
            transaction.place(candidate.prepared.content, target)
            transaction.remove(candidate.path)
        else:
            transaction.rename(candidate.path, target)
        placed = messages.placed(transaction, folder, uid, modseq, name)
        arrival = Arrival(trail=messages.identifiers.uuid7())
        summary, date = candidate.prepared.summary, candidate.internal_date
        values = mail_values(placed, size, summary, said.flags, date, arrival, "")
        messages.insert(transaction.connection, folder, values, candidate.prepared)
        count(transaction.connection, folder.id, 1, size)
        self._tell(transaction, folder, "message.adopted", uid)
        messages.changed(transaction, folder, modseq)

    def _number(self, transaction: ITransaction, folder: Folder, said: FileName, keep: bool) -> tuple[int, int]:
        """Modseq and UID for an adopted file."""
        uid = said.uid
        ours = said.uidvalidity == folder.mailbox.uidvalidity
        if not (keep and ours and uid) or rows_of(transaction.connection, _NAMES, folder.id, [uid]):
            return step(transaction.connection, folder.id, 1)
        uidnext = folder_by_id(transaction.connection, folder.id).mailbox.uidnext
        return step(transaction.connection, folder.id, max(0, uid + 1 - uidnext))[0], uid

    def _is_leftover(self, transaction: ITransaction, folder: Folder, said: FileName) -> bool:
        """True for a file of ours whose message was expunged before the file could be removed."""
        if said.uid is None or said.uidvalidity != folder.mailbox.uidvalidity:
            return False
        return transaction.connection.execute(_GRAVE, {"mailbox_id": folder.id, "gone": said.uid}).first() is not None

    def _taken(self, transaction: ITransaction, folder: Folder, row: Any, there: Path) -> Flags | None:
        """The flags another tool gave a message; its file gets the name we know back."""
        said = parse(there.name)
        self.marks.messages.touch(transaction, folder)
        transaction.rename(there, self.tree.file(folder, row.file_name))
        if said.letters is None:
            return None
        return from_column(row.flags) - SYSTEM | said.flags

    def _tell(self, transaction: ITransaction, folder: Folder, kind: str, uid: int) -> None:
        data = {"mailbox": folder.mailbox.name, "uid": uid}
        subject = f"mail_box/{folder.mailbox.reference}"
        self.marks.messages.events.record_in(transaction, kind, None, subject, data)


def in_tree(tree: Tree, survey: Survey) -> list[Path]:
    """Paths of the files that may be new messages."""
    path = tree.of(survey.folder)
    return [path / one.place / one.name for one in survey.unknown]
