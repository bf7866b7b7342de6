"""Flags in the storage thread. The database is the truth; the names of files follow (``renaming``)."""

from collections.abc import Collection, Sequence
from typing import Any

from attrs import define, frozen
from sqlalchemy import bindparam, update

from daptinmail.db.schema import mail, mail_box
from daptinmail.db.types import to_milliseconds
from daptinmail.interfaces.messages import Change, FlagMode, Flags
from daptinmail.interfaces.storage import ITransaction
from daptinmail.store.flags import DELETED, SEEN, changed, from_column, to_column
from daptinmail.store.image import Delta
from daptinmail.store.messages import Messages
from daptinmail.store.rows import Folder, folder_by_id, step
from daptinmail.store.statements import conditions, execute, execute_many, mail_rows

_mail = mail.c
_CLAIM = update(mail_box).where(mail_box.c.id == bindparam("mailbox_id")).values(first_recent_uid=bindparam("uid"))
_NOT_RECENT = (
    update(mail)
    .where(_mail.mail_box_id == bindparam("mailbox_id"), _mail.uid >= bindparam("first"), _mail.uid < bindparam("end"))
    .values(recent=False)
)
# "+ 0" keeps the index of modseqs, which this very statement changes, out of the search.
_CHANGE = (
    "UPDATE mail SET flags = ?, seen = ?, deleted = ?, modseq = ?, updated_at = ?, name_due = ?"
    " WHERE mail_box_id = ? AND flags = ? AND modseq + 0 <= ? AND "
)
_MERGE = (
    "UPDATE mail SET flags = ?, seen = ?, deleted = ?, modseq = ?, updated_at = ?, file_name = ?, name_due = ?"
    " WHERE id = ?"
)


@frozen
class Merged:
    """What became of a message whose file another tool renamed: the name it has now, the flags it is to have."""

    id: int
    uid: int
    before: str
    flags: Flags
    modseq: int
    file_name: str
    name_due: bool


@define(eq=False)
class Marks:
    """Changes flags, and who has seen what first."""

    messages: Messages

    def change(
        self,
        transaction: ITransaction,
        mailbox_id: int,
        uids: Collection[int],
        mode: FlagMode,
        flags: Flags,
        unchanged_since: int | None,
    ) -> list[Change]:
        """STORE. ``flags`` are canonical. Messages with the same flags before change in one statement."""
        folder = folder_by_id(transaction.connection, mailbox_id)
        found = mail_rows(transaction.connection, "uid, modseq, flags", mailbox_id, uids)
        if unchanged_since is not None:
            found = [row for row in found if row[1] <= unchanged_since]
        after = {text: changed(from_column(text), mode, flags) for text in {row[2] for row in found}}
        moving = {text for text, new in after.items() if new != from_column(text)}
        if not moving:
            return [Change(uid, modseq, after[text]) for uid, modseq, text in found]
        modseq, _ = step(transaction.connection, folder.id)
        limit = modseq - 1 if unchanged_since is None else unchanged_since
        for text in moving:
            values = [*_flag_columns(after[text]), modseq, to_milliseconds(transaction.now), True]
            for condition, named in conditions(uids, "uid"):
                execute(transaction.connection, _CHANGE + condition, [*values, folder.id, text, limit, *named])
        done = [Change(uid, modseq if text in moving else before, after[text]) for uid, before, text in found]
        moved = [change for change in done if change.modseq == modseq]
        self._changed(transaction, folder, modseq, moved)
        return done

    def merge(self, transaction: ITransaction, folder: Folder, merged: Sequence[Merged]) -> None:
        """Take over what another tool did to names; only what really changed gets a new modseq."""
        if not merged:
            return
        different = any(one.flags != from_column(one.before) for one in merged)
        modseq = step(transaction.connection, folder.id)[0] if different else 0
        now = to_milliseconds(transaction.now)
        many: list[list[Any]] = []
        for one in merged:
            at = one.modseq if one.flags == from_column(one.before) else modseq
            many.append([*_flag_columns(one.flags), at, now, one.file_name, one.name_due, one.id])
        execute_many(transaction.connection, _MERGE, many)
        if different:
            moved = [Change(one.uid, modseq, one.flags) for one in merged if one.flags != from_column(one.before)]
            self._changed(transaction, folder, modseq, moved)
        elif any(one.name_due for one in merged):
            transaction.after_commit(self.messages.due)

    def claim(self, transaction: ITransaction, mailbox_id: int, end: int) -> int:
        """Make messages below UID ``end`` not recent for later sessions; answers the first that was until now."""
        first = folder_by_id(transaction.connection, mailbox_id).first_recent_uid
        if first < end:
            transaction.connection.execute(_CLAIM, {"mailbox_id": mailbox_id, "uid": end})
            transaction.connection.execute(_NOT_RECENT, {"mailbox_id": mailbox_id, "first": first, "end": end})
        return first

    def _changed(self, transaction: ITransaction, folder: Folder, modseq: int, moved: Sequence[Change]) -> None:
        self.messages.changed(transaction, folder, Delta(folder.id, modseq, folder.mailbox.uidnext, moved))
        transaction.after_commit(self.messages.due)


def _flag_columns(flags: Flags) -> tuple[str, bool, bool]:
    return to_column(flags), SEEN in flags, DELETED in flags
