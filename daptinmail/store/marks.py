"""Flags in the storage thread. The database is the truth; system flags stand in the file name too."""

from collections.abc import Collection, Sequence
from typing import Any

from attrs import define
from sqlalchemy import bindparam, select, update

from daptinmail.db.schema import mail, mail_box
from daptinmail.interfaces.messages import Change, FlagMode, Flags
from daptinmail.interfaces.storage import ITransaction
from daptinmail.store.filenames import with_flags
from daptinmail.store.flags import changed, from_column
from daptinmail.store.mailrow import flag_values
from daptinmail.store.messages import Messages, rows_of
from daptinmail.store.rows import Folder, folder_by_id, step

_mail = mail.c
_ROWS = select(_mail.id, _mail.uid, _mail.modseq, _mail.flags, _mail.file_name)
_UPDATE = (
    update(mail)
    .where(_mail.id == bindparam("row_id"))
    .values(
        {name: bindparam(f"new_{name}") for name in ("flags", "seen", "deleted", "modseq", "file_name", "updated_at")}
    )
)
_CLAIM = update(mail_box).where(mail_box.c.id == bindparam("mailbox_id")).values(first_recent_uid=bindparam("uid"))
_NOT_RECENT = (
    update(mail)
    .where(_mail.mail_box_id == bindparam("mailbox_id"), _mail.uid >= bindparam("first"), _mail.uid < bindparam("end"))
    .values(recent=False)
)


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
        """STORE. ``flags`` are canonical."""
        folder = folder_by_id(transaction.connection, mailbox_id)
        rows = rows_of(transaction.connection, _ROWS, mailbox_id, uids)
        passed = [row for row in rows if unchanged_since is None or row.modseq <= unchanged_since]
        after = [(row, changed(from_column(row.flags), mode, flags)) for row in passed]
        return self.write(transaction, folder, after)

    def write(self, transaction: ITransaction, folder: Folder, after: Sequence[tuple[Any, Flags]]) -> list[Change]:
        """Give rows their new flags; those that have them already keep their modseq."""
        different = [(row, flags) for row, flags in after if flags != from_column(row.flags)]
        if not different:
            return [Change(row.uid, row.modseq, flags) for row, flags in after]
        self.messages.touch(transaction, folder)
        modseq, _ = step(transaction.connection, folder.id)
        updates = []
        for row, flags in different:
            values = {**flag_values(flags), "modseq": modseq, "updated_at": transaction.now}
            values["file_name"] = self._renamed(transaction, folder, row.file_name, flags)
            updates.append({"row_id": row.id, **{f"new_{key}": value for key, value in values.items()}})
        transaction.connection.execute(_UPDATE, updates)
        self.messages.changed(transaction, folder, modseq)
        fresh = {row.uid for row, _ in different}
        return [Change(row.uid, modseq if row.uid in fresh else row.modseq, flags) for row, flags in after]

    def claim(self, transaction: ITransaction, mailbox_id: int, end: int) -> int:
        """Make messages below UID ``end`` not recent for later sessions; answers the first that was until now."""
        first = folder_by_id(transaction.connection, mailbox_id).first_recent_uid
        if first < end:
            transaction.connection.execute(_CLAIM, {"mailbox_id": mailbox_id, "uid": end})
            transaction.connection.execute(_NOT_RECENT, {"mailbox_id": mailbox_id, "first": first, "end": end})
        return first

    def _renamed(self, transaction: ITransaction, folder: Folder, name: str, flags: Flags) -> str:
        """Put system flags into the file's name; answers the name it has then."""
        wanted = with_flags(name, flags)
        if wanted == name:
            return name
        tree = self.messages.tree
        found = self.messages.with_file(transaction.rename, folder, name, tree.file(folder, wanted))
        return wanted if found else name
