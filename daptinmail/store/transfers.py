"""COPY and MOVE in the storage thread: files get second or other names, rows are copied by the database itself."""

from collections.abc import Collection, Sequence
from pathlib import Path
from typing import NamedTuple

from attrs import define

from daptinmail.db.schema import mail
from daptinmail.db.types import to_milliseconds
from daptinmail.interfaces.messages import Change, Copied
from daptinmail.interfaces.storage import Foreseen, ITransaction
from daptinmail.store.flags import from_column, has_keywords
from daptinmail.store.image import Delta
from daptinmail.store.messages import Messages
from daptinmail.store.quota import check_room, count
from daptinmail.store.rows import Folder, folder_by_id, step
from daptinmail.store.statements import Raw, execute_many, mail_rows

_PLACE = (
    "reference_id",
    "created_at",
    "mail_box_id",
    "uid",
    "modseq",
    "file_name",
    "saved_at",
    "recent",
    "name_due",
    "user_account_id",
)
_KEPT = ", ".join(f'"{column.name}"' for column in mail.c if column.name not in {"id", "updated_at", *_PLACE})
_COPY = (
    f"INSERT INTO mail ({', '.join(_PLACE)}, {_KEPT})"  # noqa: S608 - names are ours
    f" SELECT ?, ?, ?, ?, ?, ?, ?, ?, ?, CAST(? AS BIGINT), {_KEPT} FROM mail WHERE id = ?"
)
_MOVE = (
    "UPDATE mail SET mail_box_id = ?, uid = ?, modseq = ?, file_name = ?, saved_at = ?, recent = ?, name_due = ?,"
    " user_account_id = ? WHERE id = ?"
)


class _Row(NamedTuple):
    """What is needed of a message that goes."""

    id: int
    uid: int
    size: int
    flags: str
    file_name: str


_NAMES = ", ".join(_Row._fields)


@define(eq=False)
class Transfers:
    """Gives mailboxes messages of other mailboxes."""

    messages: Messages

    def copy(self, transaction: ITransaction, mailbox_id: int, uids: Collection[int], target_id: int) -> Copied:
        """Copy messages, their files as second names.

        Raises:
            OverQuota: the account of the target may not store them.
        """
        connection = transaction.connection
        source, target = folder_by_id(connection, mailbox_id), folder_by_id(connection, target_id)
        found = [_Row(*row) for row in mail_rows(connection, _NAMES, source.id, uids)]
        if not found:
            return Copied(target.mailbox.uidvalidity, [], [])
        check_room(connection, target.mailbox.account_id, len(found), sum(row.size for row in found))
        self.messages.touch(transaction, target)
        modseq, first = step(connection, target.id, len(found))
        now, copies, done = to_milliseconds(transaction.now), list[Raw](), list[tuple[_Row, int]]()
        files = self._files(transaction, source, target, found, first, link=True)
        for uid, (row, (name, before, file)) in enumerate(zip(found, files, strict=True), first):
            if not self.messages.with_file(transaction.link, source, before, file):
                continue
            reference = self.messages.identifiers.uuid7().bytes
            due = has_keywords(from_column(row.flags))
            copies.append((reference, now, target.id, uid, modseq, name, now, True, due, target.owner, row.id))
            done.append((row, uid))
        execute_many(connection, _COPY, copies)
        count(connection, target.id, len(done), sum(row.size for row, _ in done))
        self._arrived(transaction, target, modseq, first + len(found), done)
        return _copied(target, done)

    def move(self, transaction: ITransaction, mailbox_id: int, uids: Collection[int] | None, target_id: int) -> Copied:
        """Move messages (``None``: all): rows and files keep their identity, the source gets tombstones.

        Raises:
            OverQuota: the account of the target may not store them.
        """
        connection = transaction.connection
        source, target = folder_by_id(connection, mailbox_id), folder_by_id(connection, target_id)
        found = [_Row(*row) for row in mail_rows(connection, _NAMES, source.id, uids)]
        if not found:
            return Copied(target.mailbox.uidvalidity, [], [])
        if target.mailbox.account_id != source.mailbox.account_id:
            check_room(connection, target.mailbox.account_id, len(found), sum(row.size for row in found))
        self.messages.touch(transaction, source)
        if target.id != source.id:
            self.messages.touch(transaction, target)
        modseq, first = step(connection, target.id, len(found))
        now, moves, done = to_milliseconds(transaction.now), list[Raw](), list[tuple[_Row, int]]()
        files = self._files(transaction, source, target, found, first, link=False)
        for uid, (row, (name, before, file)) in enumerate(zip(found, files, strict=True), first):
            if self.messages.with_file(transaction.rename, source, before, file):
                due = has_keywords(from_column(row.flags))
                moves.append((target.id, uid, modseq, name, now, True, due, target.owner, row.id))
                done.append((row, uid))
        execute_many(connection, _MOVE, moves)
        size = sum(row.size for row, _ in done)
        count(connection, target.id, len(done), size)
        count(connection, source.id, -len(done), -size)
        self._arrived(transaction, target, modseq, first + len(found), done)
        self.messages.bury(transaction, source, [row.uid for row, _ in done])
        return _copied(target, done)

    def _arrived(
        self, transaction: ITransaction, target: Folder, modseq: int, uidnext: int, done: Sequence[tuple[_Row, int]]
    ) -> None:
        changed = [Change(uid, modseq, from_column(row.flags)) for row, uid in done]
        if any(has_keywords(change.flags) for change in changed):
            transaction.after_commit(self.messages.due)
        self.messages.changed(transaction, target, Delta(target.id, modseq, uidnext, changed))

    def _files(
        self,
        transaction: ITransaction,
        source: Folder,
        target: Folder,
        found: Sequence[_Row],
        first: int,
        link: bool,
    ) -> list[tuple[str, Path, Path]]:
        """Names of the files to come, with the paths before and after: written down, so that a crash is undone."""
        new_name, file = self.messages.new_name, self.messages.tree.file
        names = [new_name(transaction, target, uid, row.size, row.flags) for uid, row in enumerate(found, first)]
        files = [
            (name, file(source, row.file_name), file(target, name)) for row, name in zip(found, names, strict=True)
        ]
        transaction.foresee([Foreseen(before, after, link) for _, before, after in files])
        return files


def _copied(target: Folder, done: Sequence[tuple[_Row, int]]) -> Copied:
    return Copied(target.mailbox.uidvalidity, [row.uid for row, _ in done], [uid for _, uid in done])
