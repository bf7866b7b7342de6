"""COPY and MOVE in the storage thread: files get second or other names, rows are copied by the database itself."""

from collections.abc import Collection, Sequence
from itertools import chain
from typing import Any

from attrs import astuple, define, evolve, frozen

from daptinmail.db.schema import mail
from daptinmail.db.types import to_milliseconds
from daptinmail.interfaces.messages import Change, Copied
from daptinmail.interfaces.storage import FileNames, ITransaction
from daptinmail.store.flags import from_column, has_keywords
from daptinmail.store.image import Delta
from daptinmail.store.messages import Messages
from daptinmail.store.quota import check_room, count
from daptinmail.store.rows import Folder, folder_by_id, step
from daptinmail.store.statements import Raw, execute, mail_rows

TOGETHER = 500
"""Rows that one statement copies or moves."""

_PLACE = (
    "mail_box_id",
    "modseq",
    "saved_at",
    "recent",
    "user_account_id",
    "created_at",
    "uid",
    "file_name",
    "name_due",
    "reference_id",
)
_KEPT = ", ".join(f'mail."{column.name}"' for column in mail.c if column.name not in {"id", "updated_at", *_PLACE})
_COPY = (
    f"INSERT INTO mail ({', '.join(_PLACE)}, {_KEPT.replace('mail.', '')})"  # noqa: S608 - names are ours
    " SELECT ?, ?, ?, ?, CAST(? AS BIGINT), ?, v.uid, v.file_name, v.name_due, v.reference_id,"
    f" {_KEPT} FROM v JOIN mail ON mail.id = v.id"
)
_COPIES = "id, uid, file_name, name_due, reference_id"
_MOVE = (
    "UPDATE mail SET mail_box_id = ?, modseq = ?, saved_at = ?, recent = ?, user_account_id = CAST(? AS BIGINT),"
    " uid = v.uid, file_name = v.file_name, name_due = v.name_due FROM v WHERE mail.id = v.id"
)
_MOVES = "id, uid, file_name, name_due"


_NEEDED = "id, uid, size, flags, file_name"


@frozen
class _Messages:
    """Messages that go, column by column; ``targets`` and ``names`` are the UIDs and file names they get."""

    ids: Sequence[int] = ()
    uids: Sequence[int] = ()
    sizes: Sequence[int] = ()
    flags: Sequence[str] = ()
    file_names: Sequence[str] = ()
    targets: Sequence[int] = ()
    names: Sequence[str] = ()

    def without(self, places: Collection[int]) -> "_Messages":
        """All but those at some places."""
        columns: tuple[Sequence[Any], ...] = astuple(self, recurse=False)
        return _Messages(*([one for at, one in enumerate(column) if at not in places] for column in columns))


@frozen
class _Transfer:
    """What goes where. ``modseq`` is that of the arrival, 0 if there was nothing to go."""

    source: Folder
    target: Folder
    modseq: int = 0
    uidnext: int = 0
    messages: _Messages = _Messages()

    @property
    def size(self) -> int:
        """Octets."""
        return sum(self.messages.sizes)

    @property
    def copied(self) -> Copied:
        """As it is told."""
        return Copied(self.target.mailbox.uidvalidity, list(self.messages.uids), list(self.messages.targets))


@define(eq=False)
class Transfers:
    """Gives mailboxes messages of other mailboxes."""

    messages: Messages

    def copy(self, transaction: ITransaction, mailbox_id: int, uids: Collection[int], target_id: int) -> Copied:
        """Copy messages, their files as second names.

        Raises:
            OverQuota: the account of the target may not store them.
        """
        done = self._transfer(transaction, mailbox_id, uids, target_id, link=True)
        if done.modseq:
            now, references = to_milliseconds(transaction.now), self.messages.identifiers.uuid7s(len(done.messages.ids))
            _execute(transaction, _COPIES, [*_values(done), references], _COPY, (*_place(done, now), now))
            self._arrived(transaction, done)
        return done.copied

    def move(self, transaction: ITransaction, mailbox_id: int, uids: Collection[int] | None, target_id: int) -> Copied:
        """Move messages (``None``: all): rows and files keep their identity, the source gets tombstones.

        Raises:
            OverQuota: the account of the target may not store them.
        """
        done = self._transfer(transaction, mailbox_id, uids, target_id, link=False)
        if done.modseq:
            count(transaction.connection, done.source.id, -len(done.messages.ids), -done.size)
            self._arrived(transaction, done)
            self.messages.bury(transaction, done.source, done.messages.uids)
            _execute(transaction, _MOVES, _values(done), _MOVE, _place(done, to_milliseconds(transaction.now)))
        return done.copied

    def _transfer(
        self, transaction: ITransaction, mailbox_id: int, uids: Collection[int] | None, target_id: int, link: bool
    ) -> _Transfer:
        """What both begin with: the files. Nothing arrives if nothing is there."""
        connection = transaction.connection
        source, target = folder_by_id(connection, mailbox_id), folder_by_id(connection, target_id)
        rows = mail_rows(connection, _NEEDED, source.id, uids)
        if not rows:
            return _Transfer(source, target)
        found = _Messages(*zip(*rows, strict=True))
        if link or target.mailbox.account_id != source.mailbox.account_id:
            check_room(connection, target.mailbox.account_id, len(rows), sum(found.sizes))
        for folder in [target] if link else {source.id: source, target.id: target}.values():
            self.messages.touch(transaction, folder)
        modseq, first = step(connection, target.id, len(rows))
        names = self.messages.new_names(transaction, target, first, zip(found.sizes, found.flags, strict=True))
        arriving = evolve(found, targets=range(first, first + len(rows)), names=names)
        lost = self._give_names(transaction, source, target, arriving, link)
        return _Transfer(source, target, modseq, first + len(rows), arriving.without(lost) if lost else arriving)

    def _give_names(
        self, transaction: ITransaction, source: Folder, target: Folder, arriving: _Messages, link: bool
    ) -> set[int]:
        """Files where they belong; the places of those that are not to be found anywhere."""
        here, there = self.messages.tree.cur(source), self.messages.tree.cur(target)
        files = FileNames(here, there, list(zip(arriving.file_names, arriving.names, strict=True)))
        absent = transaction.link_all(files) if link else transaction.rename_all(files)
        change, lost = transaction.link if link else transaction.rename, set()
        for place in absent:
            found = self.messages.find(source, arriving.file_names[place])
            if found is None:
                lost.add(place)
            else:
                change(found, there / arriving.names[place])
        return lost

    def _arrived(self, transaction: ITransaction, done: _Transfer) -> None:
        count(transaction.connection, done.target.id, len(done.messages.ids), done.size)
        flags = {text: from_column(text) for text in set(done.messages.flags)}
        told = zip(done.messages.targets, done.messages.flags, strict=True)
        changed = [Change(uid, done.modseq, flags[text]) for uid, text in told]
        if any(map(has_keywords, flags.values())):
            transaction.after_commit(self.messages.due)
        self.messages.changed(transaction, done.target, Delta(done.target.id, done.modseq, done.uidnext, changed))


def _values(done: _Transfer) -> list[Sequence[Any]]:
    """What differs between the messages: columns."""
    due = {text: has_keywords(from_column(text)) for text in set(done.messages.flags)}
    messages = done.messages
    return [messages.ids, messages.targets, messages.names, [due[text] for text in messages.flags]]


def _place(done: _Transfer, now: int) -> Raw:
    """What does not."""
    return done.target.id, done.modseq, now, True, done.target.owner


def _execute(
    transaction: ITransaction, names: str, columns: Sequence[Sequence[Any]], statement: str, values: Raw
) -> None:
    """Run ``statement`` for many rows ``v`` at once, of which columns are given: a third of the time of one by one."""
    many = list(zip(*columns, strict=True))
    for start in range(0, len(many), TOGETHER):
        some = many[start : start + TOGETHER]
        marks = ", ".join([f"({', '.join('?' * len(columns))})"] * len(some))
        listed = chain.from_iterable(some)
        execute(transaction.connection, f"WITH v({names}) AS (VALUES {marks}) {statement}", [*listed, *values])
