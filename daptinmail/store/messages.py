"""Messages in the storage thread: append, copy, move, expunge."""

import itertools
from collections.abc import Callable, Collection, Iterator, Sequence
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any

from attrs import define, evolve, field
from sqlalchemy import Connection, Select, bindparam, delete, insert, select, update

from daptinmail.db.schema import mail, tombstone
from daptinmail.errors import NotFound
from daptinmail.interfaces.events import IEventLog
from daptinmail.interfaces.messages import Appended, Arrival, Copied, Flags
from daptinmail.interfaces.runtime import IIdentifiers
from daptinmail.interfaces.storage import Foreseen, ITransaction
from daptinmail.store.contentrow import Contents, drop_unused
from daptinmail.store.contents import Prepared
from daptinmail.store.filenames import FileName, letters_for, parse, unique_base
from daptinmail.store.flags import from_column
from daptinmail.store.listeners import Listeners
from daptinmail.store.maildir import Tree, locate
from daptinmail.store.mailrow import Placed, mail_values, place_values
from daptinmail.store.quota import check_room, count
from daptinmail.store.rows import Folder, folder_by_id, step
from daptinmail.store.statements import MAX_LISTED, RawInsert
from daptinmail.store.watch import Watch

_mail = mail.c
_INSERT = insert(mail)
_INSERT_NEW = RawInsert("mail", [column.name for column in _mail if column.name not in {"id", "updated_at"}])
_MOVED = ("mail_box_id", "user_account_id", "uid", "modseq", "file_name", "saved_at")
_MOVE = (
    update(mail)
    .where(_mail.id == bindparam("row_id"))
    .values({name: bindparam(f"new_{name}") for name in _MOVED})
    .values(recent=True)
)
_DELETE = delete(mail).where(_mail.id == bindparam("row_id"))
_BURY = insert(tombstone)
_WHOLE_ROWS = select(mail)
_NAMES = select(_mail.id, _mail.uid, _mail.size, _mail.file_name, _mail.flags, _mail.content_id)


def rows_of(
    connection: Connection, statement: "Select[Any]", mailbox_id: int, uids: Collection[int] | None
) -> list[Any]:
    """Rows of ``mail`` in UID order: those among ``uids`` that exist, or all. ``statement`` must select ``uid``."""
    statement = statement.where(_mail.mail_box_id == mailbox_id).order_by(_mail.uid)
    if uids is None:
        return list(connection.execute(statement))
    if not uids:
        return []
    if len(uids) <= MAX_LISTED:
        return list(connection.execute(statement.where(_mail.uid.in_(set(uids)))))
    wanted = set(uids)
    found = connection.execute(statement.where(_mail.uid.between(min(wanted), max(wanted))))
    return [row for row in found if row.uid in wanted]


@define(eq=False)
class Messages:
    """Changes which messages are where. ``host`` and ``process`` make file names unique."""

    tree: Tree
    identifiers: IIdentifiers
    events: IEventLog
    listeners: Listeners
    watch: Watch
    host: str
    process: int
    contents: Contents = field(init=False)
    _count: Iterator[int] = field(factory=itertools.count, init=False)

    def __attrs_post_init__(self) -> None:
        self.contents = Contents(self.identifiers)

    def add(
        self,
        transaction: ITransaction,
        folder: Folder,
        prepared: Prepared,
        flags: Flags,
        internal_date: datetime | None,
        arrival: Arrival,
        recipient: str = "",
        twin: Path | None = None,
    ) -> tuple[Appended, Path]:
        """Store a message, as a second name of the file ``twin`` if it has been placed there already."""
        placed = self.place(transaction, folder, prepared, flags, twin)
        size = prepared.content.size
        values = mail_values(placed, size, prepared.summary, flags, internal_date, arrival, recipient)
        self.insert(transaction.connection, folder, values, prepared)
        self.stored(transaction, folder, placed, arrival, size, recipient)
        path = self.tree.file(folder, placed.file_name)
        return Appended(folder.id, folder.mailbox.uidvalidity, placed.uid), path

    def place(
        self, transaction: ITransaction, folder: Folder, prepared: Prepared, flags: Flags, twin: Path | None = None
    ) -> Placed:
        """The file of a new message, and its number.

        Raises:
            OverQuota: the account may not store it.
        """
        check_room(transaction.connection, folder.mailbox.account_id, 1, prepared.content.size)
        self.touch(transaction, folder)
        modseq, uid = step(transaction.connection, folder.id, 1)
        count(transaction.connection, folder.id, 1, prepared.content.size)
        name = self.name(transaction, folder, uid, prepared.content.size, letters_for(flags))
        if twin is None:
            transaction.place(prepared.content, self.tree.file(folder, name))
        else:
            transaction.link(twin, self.tree.file(folder, name))
        return self.placed(transaction, folder, uid, modseq, name)

    def stored(
        self, transaction: ITransaction, folder: Folder, placed: Placed, arrival: Arrival, size: int, recipient: str
    ) -> None:
        """Tell the event log and the listeners of a new message."""
        data = {"mailbox": folder.mailbox.name, "uid": placed.uid, "size": size, "recipient": recipient}
        self.events.record_in(transaction, "message.stored", arrival.trail, f"mail/{placed.reference}", data)
        self.changed(transaction, folder, placed.modseq)

    def insert(self, connection: Connection, folder: Folder, values: dict[str, Any], prepared: Prepared) -> None:
        """Write the rows of one message."""
        content_id = self.contents.add(connection, folder.mailbox.account_id, prepared.summary)
        _INSERT_NEW.execute(connection, {**values, "content_id": content_id})

    def copy(self, transaction: ITransaction, mailbox_id: int, uids: Collection[int], target_id: int) -> Copied:
        """Copy messages, their files as second names."""
        connection = transaction.connection
        source, target = folder_by_id(connection, mailbox_id), folder_by_id(connection, target_id)
        rows = rows_of(connection, _WHOLE_ROWS, source.id, uids)
        if not rows:
            return Copied(target.mailbox.uidvalidity, [], [])
        check_room(connection, target.mailbox.account_id, len(rows), sum(row.size for row in rows))
        self.touch(transaction, target)
        modseq, first = step(connection, target.id, len(rows))
        done: list[tuple[int, int]] = []
        names = self._foreseen(transaction, source, rows, target, first, link=True)
        for uid, (row, name) in enumerate(zip(rows, names, strict=True), first):
            if not self.with_file(transaction.link, source, row.file_name, self.tree.file(target, name)):
                continue
            placed = self.placed(transaction, target, uid, modseq, name)
            values = {**row._mapping, **place_values(placed)}
            del values["id"]
            connection.execute(_INSERT, values)
            count(connection, target.id, 1, row.size)
            done.append((row.uid, uid))
        self.changed(transaction, target, modseq)
        return Copied(target.mailbox.uidvalidity, [old for old, _ in done], [new for _, new in done])

    def move(self, transaction: ITransaction, mailbox_id: int, uids: Collection[int] | None, target_id: int) -> Copied:
        """Move messages (``None``: all): rows and files keep their identity, the source gets tombstones."""
        connection = transaction.connection
        source, target = folder_by_id(connection, mailbox_id), folder_by_id(connection, target_id)
        rows = rows_of(connection, _WHOLE_ROWS, source.id, uids)
        if not rows:
            return Copied(target.mailbox.uidvalidity, [], [])
        if target.mailbox.account_id != source.mailbox.account_id:
            check_room(connection, target.mailbox.account_id, len(rows), sum(row.size for row in rows))
        self.touch(transaction, source)
        if target.id != source.id:
            self.touch(transaction, target)
        modseq, first = step(connection, target.id, len(rows))
        done: list[tuple[int, int]] = []
        moves, size = [], 0
        names = self._foreseen(transaction, source, rows, target, first)
        for uid, (row, name) in enumerate(zip(rows, names, strict=True), first):
            if self.with_file(transaction.rename, source, row.file_name, self.tree.file(target, name)):
                place = {"mail_box_id": target.id, "uid": uid, "modseq": modseq, "file_name": name}
                moved = {f"new_{key}": value for key, value in place.items()} | {"new_user_account_id": target.owner}
                moves.append({"row_id": row.id, "new_saved_at": transaction.now, **moved})
                done.append((row.uid, uid))
                size += row.size
        if moves:
            connection.execute(_MOVE, moves)
        count(connection, target.id, len(done), size)
        count(connection, source.id, -len(done), -size)
        self.changed(transaction, target, modseq)
        self.bury(transaction, source, [old for old, _ in done])
        return Copied(target.mailbox.uidvalidity, [old for old, _ in done], [new for _, new in done])

    def _foreseen(
        self,
        transaction: ITransaction,
        source: Folder,
        rows: Sequence[Any],
        target: Folder,
        first: int,
        link: bool = False,
    ) -> list[str]:
        """The names that files will have in ``target``, from UID ``first`` on; a crash on the way is undone."""
        names = [
            self.name(transaction, target, uid, row.size, letters_for(from_column(row.flags)))
            for uid, row in enumerate(rows, first)
        ]
        transaction.foresee(
            [
                Foreseen(self.tree.file(source, row.file_name), self.tree.file(target, name), link)
                for row, name in zip(rows, names, strict=True)
            ]
        )
        return names

    def take(self, transaction: ITransaction, mailbox_id: int, uid: int) -> None:
        r"""Remove a message, \Deleted or not.

        Raises:
            NotFound: it is not there.
        """
        folder = folder_by_id(transaction.connection, mailbox_id)
        if not self.remove(transaction, folder, rows_of(transaction.connection, _NAMES, mailbox_id, [uid])):
            raise NotFound("No such message")

    def expunge(self, transaction: ITransaction, mailbox_id: int, uids: Collection[int] | None) -> list[int]:
        r"""Remove messages flagged \Deleted."""
        folder = folder_by_id(transaction.connection, mailbox_id)
        rows = rows_of(transaction.connection, _NAMES.where(_mail.deleted.is_(True)), mailbox_id, uids)
        return self.remove(transaction, folder, rows)

    def remove(self, transaction: ITransaction, folder: Folder, rows: Sequence[Any]) -> list[int]:
        """Remove messages; ``rows`` have ``id``, ``uid``, ``size``, ``file_name`` and ``content_id``."""
        if not rows:
            return []
        self.touch(transaction, folder)
        transaction.connection.execute(_DELETE, [{"row_id": row.id} for row in rows])
        drop_unused(transaction.connection, [row.content_id for row in rows if row.content_id is not None])
        count(transaction.connection, folder.id, -len(rows), -sum(row.size for row in rows))
        for row in rows:
            transaction.remove(self.tree.file(folder, row.file_name))
        uids = [row.uid for row in rows]
        self.bury(transaction, folder, uids)
        return uids

    def bury(self, transaction: ITransaction, folder: Folder, uids: Sequence[int]) -> None:
        """Leave tombstones for messages that went."""
        if not uids:
            return
        modseq, _ = step(transaction.connection, folder.id)
        graves = [
            {"mail_box_id": folder.id, "uid": uid, "modseq": modseq, "buried_at": transaction.now} for uid in uids
        ]
        transaction.connection.execute(_BURY, graves)
        self.changed(transaction, folder, modseq)

    # Shared with flags and adoption

    def name(self, transaction: ITransaction, folder: Folder, uid: int, size: int, letters: str) -> str:
        """A new file name."""
        base = unique_base(transaction.now, self.process, next(self._count), self.host)
        return str(FileName(base, size, size, uid, folder.mailbox.uidvalidity, letters))

    def renamed(self, transaction: ITransaction, folder: Folder, uid: int, size: int, before: str) -> str:
        """The name for a file of another tool, with as much of its own name as may stay."""
        old = parse(before)
        if not old.usable:
            return self.name(transaction, folder, uid, size, letters_for(old.flags))
        return str(evolve(old, size=size, vsize=size, uid=uid, uidvalidity=folder.mailbox.uidvalidity))

    def placed(self, transaction: ITransaction, folder: Folder, uid: int, modseq: int, name: str) -> Placed:
        """What is particular to a new copy."""
        return Placed(folder.id, folder.owner, uid, modseq, name, self.identifiers.uuid7(), transaction.now)

    def with_file(self, change: Callable[[Path, Path], None], source: Folder, name: str, target: Path) -> bool:
        """``change(file, target)``, wherever another tool put the file; false if it is gone."""
        try:
            change(self.tree.file(source, name), target)
        except FileNotFoundError:
            self.watch.forget(source.id)
            found = locate(self.tree.of(source), name)
            if found is None:
                return False
            change(found, target)
        return True

    def touch(self, transaction: ITransaction, folder: Folder) -> None:
        """We are about to change names in a folder."""
        self.watch.before_write(folder.id, self.tree.of(folder))
        transaction.after_commit(partial(self.watch.after_write, folder.id))

    def changed(self, transaction: ITransaction, folder: Folder, modseq: int) -> None:
        """Tell listeners when it is durable."""
        transaction.after_commit(partial(self.listeners.changed, folder.mailbox, modseq))
