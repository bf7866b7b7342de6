"""Flags in the storage thread. The database is the truth; the names of files follow (``renaming``)."""

from array import array
from collections.abc import Iterable, Mapping, Sequence
from itertools import chain
from typing import Any

from attrs import define, frozen
from sqlalchemy import bindparam, update

from daptinmail.db.schema import mail, mail_box
from daptinmail.db.types import to_milliseconds
from daptinmail.interfaces.messages import Change, FlagMode, Flags, Marked
from daptinmail.interfaces.storage import ITransaction
from daptinmail.store.flags import DELETED, SEEN, changed, from_column, to_column
from daptinmail.store.image import Delta, Known
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
_MERGE = (
    "UPDATE mail SET flags = ?, seen = ?, deleted = ?, modseq = ?, updated_at = ?, file_name = ?, name_due = ?"
    " WHERE id = ?"
)


CLASSES = 32
"""Sets of flags that one statement tells apart."""


@frozen
class Order:
    """What a STORE asks for. ``uids`` ascend, ``flags`` are canonical."""

    mailbox_id: int
    uids: "array[int]"
    mode: FlagMode
    flags: Flags
    unchanged_since: int | None = None

    def after(self, flags: Flags) -> Flags:
        """What it makes of a message's flags."""
        return changed(flags, self.mode, self.flags)

    def columns(self) -> tuple[str, list[Any]]:
        r"""What is set beside the flags themselves: \Seen and \Deleted have columns of their own."""
        names = {"seen": SEEN, "deleted": DELETED}
        if self.mode is not FlagMode.REPLACE:
            names = {name: flag for name, flag in names.items() if flag in self.flags}
        values = [flag in self.flags and self.mode is not FlagMode.REMOVE for flag in names.values()]
        return "".join(f", {name} = ?" for name in names), values


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

    def change(self, transaction: ITransaction, order: Order, known: Known | None = None) -> Marked:
        """STORE. What is ``known`` of the messages need not be read, unless somebody changed them since."""
        folder = folder_by_id(transaction.connection, order.mailbox_id)
        modseq = None
        if known is not None and order.unchanged_since is None:
            marked, modseq = self._change_known(transaction, folder, order, known)
            if marked is not None:
                return marked
        return self._change_found(transaction, folder, order, modseq)

    def _change_known(
        self, transaction: ITransaction, folder: Folder, order: Order, known: Known
    ) -> tuple[Marked | None, int | None]:
        """The new state, if what is known was right; and the modseq of the change as far as it was made.

        Of what has not been changed since ``known.modseq`` that is certain: so it is enough to count.
        """
        after = {flags: order.after(flags) for flags in set(known.flags)}
        moving = {flags: new for flags, new in after.items() if new != flags}
        if len(moving) < len(after) and folder.mailbox.highestmodseq != known.modseq:
            return None, None
        if not moving:
            return Marked(order.uids, known.modseqs, known.flags), None
        modseq, _ = step(transaction.connection, folder.id)
        between = [("uid BETWEEN ? AND ?", [order.uids[0], order.uids[-1]])]
        texts = {to_column(flags): to_column(new) for flags, new in moving.items()}
        count = _move(transaction, order, texts, between, modseq, known.modseq)
        if count != sum(flags in moving for flags in known.flags):
            return None, modseq
        modseqs = array("Q", [modseq]) * len(order.uids)
        if len(moving) < len(after):
            each = zip(known.modseqs, known.flags, strict=True)
            modseqs = array("Q", [modseq if flags in moving else before for before, flags in each])
        marked = Marked(order.uids, modseqs, [after[flags] for flags in known.flags], (modseq,))
        self._changed(transaction, folder, modseq, marked)
        return marked, modseq

    def _change_found(self, transaction: ITransaction, folder: Folder, order: Order, modseq: int | None) -> Marked:
        """Look what there is, and change it. ``modseq``: of this change, if it has been begun."""
        found = mail_rows(transaction.connection, "uid, modseq, flags", folder.id, order.uids)
        if order.unchanged_since is not None:
            found = [row for row in found if row[1] <= order.unchanged_since]
        after = {text: order.after(from_column(text)) for text in {row[2] for row in found}}
        moving = {text: to_column(new) for text, new in after.items() if new != from_column(text)}
        if moving and modseq is None:
            modseq, _ = step(transaction.connection, folder.id)
        if modseq is None:
            return Marked.of([Change(uid, at, after[text]) for uid, at, text in found])
        limit = modseq - 1 if order.unchanged_since is None else order.unchanged_since
        _move(transaction, order, moving, conditions(order.uids, "uid"), modseq, limit)
        done = [Change(uid, modseq if text in moving else at, after[text]) for uid, at, text in found]
        marked = Marked.of(done, (modseq,))
        self._changed(transaction, folder, modseq, marked)
        return marked

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

    def _changed(self, transaction: ITransaction, folder: Folder, modseq: int, changes: Sequence[Change]) -> None:
        """Tell of those that have got ``modseq``."""
        moved = changes if _all_at(changes, modseq) else [change for change in changes if change.modseq == modseq]
        self.messages.changed(transaction, folder, Delta(folder.id, modseq, folder.mailbox.uidnext, moved))
        transaction.after_commit(self.messages.due)


def _all_at(changes: Sequence[Change], modseq: int) -> bool:
    return isinstance(changes, Marked) and changes.modseqs.count(modseq) == len(changes)


def _move(
    transaction: ITransaction,
    order: Order,
    moving: Mapping[str, str],
    where: Iterable[tuple[str, list[int]]],
    modseq: int,
    limit: int,
) -> int:
    """Give messages whose flags are in ``moving``, with a modseq up to ``limit``, their new ones; how many there were.

    ``moving`` and the database have flags as the column's text.
    """
    columns, values = order.columns()
    pairs, conditions, count = list(moving.items()), list(where), 0
    for start in range(0, len(pairs), CLASSES):
        some = pairs[start : start + CLASSES]
        cases = " WHEN ? THEN ?" * len(some)
        # "+ 0" keeps the index of modseqs, which this very statement changes, out of the search.
        statement = (
            f"UPDATE mail SET flags = CASE flags{cases} END{columns}, modseq = ?, updated_at = ?, name_due = ?"  # noqa: S608 - marks only
            f" WHERE mail_box_id = ? AND flags IN ({', '.join('?' * len(some))}) AND modseq + 0 <= ? AND "
        )
        now = to_milliseconds(transaction.now)
        given = [*chain(*some), *values, modseq, now, True, order.mailbox_id, *(before for before, _ in some), limit]
        for condition, uids in conditions:
            count += execute(transaction.connection, statement + condition, [*given, *uids])
    return count


def _flag_columns(flags: Flags) -> tuple[str, bool, bool]:
    return to_column(flags), SEEN in flags, DELETED in flags
