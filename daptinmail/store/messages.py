"""Messages in the storage thread: append and expunge."""

import itertools
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from datetime import datetime
from functools import lru_cache, partial
from operator import itemgetter
from pathlib import Path
from typing import Any

from attrs import define, evolve, field
from sqlalchemy import Connection, Select

from daptinmail.db.schema import mail
from daptinmail.db.types import to_milliseconds
from daptinmail.errors import NotFound
from daptinmail.interfaces.events import IEventLog
from daptinmail.interfaces.messages import Appended, Arrival, Change, Flags
from daptinmail.interfaces.runtime import IIdentifiers
from daptinmail.interfaces.storage import ITransaction
from daptinmail.store.contentrow import Contents, drop_unused
from daptinmail.store.contents import Prepared
from daptinmail.store.filenames import FileName, letters_for, unique_base, unique_ends
from daptinmail.store.flags import from_column, has_keywords, to_column
from daptinmail.store.image import Delta
from daptinmail.store.listeners import Listeners
from daptinmail.store.maildir import Tree, locate
from daptinmail.store.mailrow import Placed, mail_values
from daptinmail.store.quota import count
from daptinmail.store.rows import Folder, folder_by_id, step
from daptinmail.store.statements import (
    MAX_LISTED,
    Raw,
    RawInsert,
    conditions,
    execute,
    mail_rows,
    rows,
)
from daptinmail.store.watch import Watch

_mail = mail.c
_INSERT_NEW = RawInsert.of(mail, {"id", "updated_at"})
_BURY = (
    "INSERT INTO tombstone (mail_box_id, uid, modseq, buried_at)"
    " SELECT mail_box_id, uid, CAST(? AS BIGINT), CAST(? AS BIGINT) FROM mail WHERE mail_box_id = ? AND "
)


GOING = "id, uid, size, file_name, content_id"
"""What is needed of messages to remove them."""
# Said twice for the index of deleted messages, which has both a condition and a column; ORDER BY would prefer another.
_MARKED = f"SELECT {GOING} FROM mail WHERE mail_box_id = ? AND deleted IS TRUE AND deleted = TRUE"  # noqa: S608 - names are ours


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
    followed: Callable[[Delta], None] = field(default=lambda delta: None, init=False)
    """Called in the reactor with what was committed, before the listeners."""
    due: Callable[[], None] = field(default=lambda: None, init=False)
    """Called in the reactor when names of files have to follow flags."""
    forgotten: Callable[[int], None] = field(default=lambda mailbox_id: None, init=False)
    """Called in the reactor with the id of a mailbox that is gone."""
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
        self.stored(transaction, folder, placed, flags, arrival, size, recipient)
        path = self.tree.file(folder, placed.file_name)
        return Appended(folder.id, folder.mailbox.uidvalidity, placed.uid), path

    def place(
        self, transaction: ITransaction, folder: Folder, prepared: Prepared, flags: Flags, twin: Path | None = None
    ) -> Placed:
        """The file of a new message, and its number. Whether there is room for it the caller sees to."""
        self.touch(transaction, folder)
        modseq, uid = step(transaction.connection, folder.id, 1)
        count(transaction.connection, folder.id, 1, prepared.content.size)
        name = self.new_name(transaction, folder, uid, prepared.content.size, to_column(flags))
        if twin is None:
            transaction.place(prepared.content, self.tree.file(folder, name))
        else:
            transaction.link(twin, self.tree.file(folder, name))
        return self.placed(transaction, folder, uid, modseq, name)

    def stored(
        self,
        transaction: ITransaction,
        folder: Folder,
        placed: Placed,
        flags: Flags,
        arrival: Arrival,
        size: int,
        recipient: str,
    ) -> None:
        """Tell the event log and the listeners of a new message."""
        data = {"mailbox": folder.mailbox.name, "uid": placed.uid, "size": size, "recipient": recipient}
        self.events.record_in(transaction, "message.stored", arrival.trail, f"mail/{placed.reference}", data)
        if has_keywords(flags):
            transaction.after_commit(self.due)
        change = Change(placed.uid, placed.modseq, flags)
        self.changed(transaction, folder, Delta(folder.id, placed.modseq, placed.uid + 1, (change,)))

    def insert(self, connection: Connection, folder: Folder, values: dict[str, Any], prepared: Prepared) -> None:
        """Write the rows of one message."""
        content_id = self.contents.add(connection, folder.mailbox.account_id, prepared.summary)
        _INSERT_NEW.execute(connection, {**values, "content_id": content_id})

    def take(self, transaction: ITransaction, mailbox_id: int, uid: int) -> None:
        r"""Remove a message, \Deleted or not.

        Raises:
            NotFound: it is not there.
        """
        folder = folder_by_id(transaction.connection, mailbox_id)
        if not self.remove(transaction, folder, mail_rows(transaction.connection, GOING, mailbox_id, [uid])):
            raise NotFound("No such message")

    def expunge(self, transaction: ITransaction, mailbox_id: int, uids: Collection[int] | None) -> list[int]:
        r"""Remove messages flagged \Deleted."""
        folder = folder_by_id(transaction.connection, mailbox_id)
        marked = rows(transaction.connection, _MARKED, [mailbox_id])
        if uids is not None:
            wanted = set(uids)
            marked = [row for row in marked if row[1] in wanted]
        return self.remove(transaction, folder, sorted(marked, key=itemgetter(1)))

    def remove(self, transaction: ITransaction, folder: Folder, found: Sequence[Raw]) -> list[int]:
        """Remove messages; ``found`` has the columns ``GOING``, in UID order."""
        if not found:
            return []
        ids, uids, sizes, file_names, content_ids = zip(*found, strict=True)
        self.touch(transaction, folder)
        self.bury(transaction, folder, uids)
        for condition, values in conditions(ids, "id"):
            execute(transaction.connection, f"DELETE FROM mail WHERE {condition}", values)  # noqa: S608 - marks only
        drop_unused(transaction.connection, [one for one in content_ids if one is not None])
        count(transaction.connection, folder.id, -len(ids), -sum(sizes))
        self.take_away(transaction, folder, file_names)
        return list(uids)

    def bury(self, transaction: ITransaction, folder: Folder, uids: Sequence[int]) -> None:
        """Make tombstones for messages, in UID order, whose rows are about to go."""
        if not uids:
            return
        modseq, _ = step(transaction.connection, folder.id)
        now = to_milliseconds(transaction.now)
        for condition, values in conditions(uids, "uid"):
            execute(transaction.connection, _BURY + condition, [modseq, now, folder.id, *values])
        self.changed(transaction, folder, Delta(folder.id, modseq, folder.mailbox.uidnext, (), uids))

    def take_away(self, transaction: ITransaction, folder: Folder, names: Sequence[str]) -> None:
        """Remove the files of messages that went, after the commit; a folder that we do this to is no surprise."""
        transaction.remove_later(self.tree.cur(folder), names)
        transaction.after_commit(partial(self.watch.hold, folder.id))
        transaction.after_removal(partial(self.watch.release, folder.id))

    # Shared with flags and adoption

    def new_name(self, transaction: ITransaction, folder: Folder, uid: int, size: int, flags: str) -> str:
        """A new file name for a message with the flags of this column text."""
        base = unique_base(transaction.now, self.process, next(self._count), self.host)
        return f"{base},S={size},W={size},U={uid},V={folder.mailbox.uidvalidity}:2,{letters_of(flags)}"

    def new_names(
        self, transaction: ITransaction, folder: Folder, first: int, messages: Iterable[tuple[int, str]]
    ) -> list[str]:
        """``new_name`` for many messages, of which size and flags are given, with the UIDs from ``first`` on."""
        front, back = unique_ends(transaction.now, self.process, self.host)
        letters, uidvalidity = letters_of, folder.mailbox.uidvalidity
        return [
            f"{front}{count}{back},S={size},W={size},U={uid},V={uidvalidity}:2,{letters(flags)}"
            for (uid, (size, flags)), count in zip(enumerate(messages, first), self._count, strict=False)
        ]

    def renamed(self, transaction: ITransaction, folder: Folder, uid: int, size: int, old: FileName) -> str:
        """The name for a file of another tool, with as much of its own name as may stay."""
        if not old.usable:
            return self.new_name(transaction, folder, uid, size, to_column(old.flags))
        return str(evolve(old, size=size, vsize=size, uid=uid, uidvalidity=folder.mailbox.uidvalidity))

    def placed(self, transaction: ITransaction, folder: Folder, uid: int, modseq: int, name: str) -> Placed:
        """What is particular to a new copy."""
        return Placed(folder.id, folder.owner, uid, modseq, name, self.identifiers.uuid7(), transaction.now)

    def find(self, folder: Folder, name: str) -> Path | None:
        """A message's file that is not where it was, wherever in the folder another tool put it."""
        self.watch.forget(folder.id)
        return locate(self.tree.of(folder), name)

    def touch(self, transaction: ITransaction, folder: Folder) -> None:
        """We are about to change names in a folder."""
        self.watch.before_write(folder.id, self.tree.of(folder))
        transaction.after_commit(partial(self.watch.after_write, folder.id))

    def changed(self, transaction: ITransaction, folder: Folder, delta: Delta) -> None:
        """Tell images and listeners when it is durable."""
        transaction.after_commit(partial(self._committed, folder, delta))

    def gone(self, transaction: ITransaction, folder: Folder) -> None:
        """Tell them that the mailbox itself is gone, when that is durable."""
        transaction.after_commit(partial(self.watch.forget, folder.id))
        transaction.after_commit(partial(self.forgotten, folder.id))
        transaction.after_commit(partial(self.listeners.deleted, folder.id))

    def _committed(self, folder: Folder, delta: Delta) -> None:
        self.followed(delta)
        self.listeners.changed(folder.mailbox, delta.modseq)


@lru_cache(maxsize=4096)
def letters_of(text: str) -> str:
    """The info suffix that a column text of flags asks for."""
    return letters_for(from_column(text))
