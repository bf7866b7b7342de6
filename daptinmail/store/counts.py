"""How many messages there are, and how large. All functions run in reader threads."""

from collections.abc import Iterator, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, bindparam, case, func, select

from daptinmail.db.schema import mail, mail_box
from daptinmail.interfaces.messages import MailboxStatus, Overview
from daptinmail.store.rows import FOLDERS, Folder, folder_of
from daptinmail.store.statements import MAX_LISTED

_mail = mail.c
_box = mail_box.c
_COUNTS = select(
    _mail.mail_box_id,
    func.count(),
    func.sum(case((_mail.uid >= _box.first_recent_uid, 1), else_=0)),
    func.sum(case((_mail.seen, 0), else_=1)),
    func.sum(case((_mail.deleted, 1), else_=0)),
    func.sum(_mail.size),
    func.sum(case((_mail.deleted, _mail.size), else_=0)),
).join_from(mail, mail_box, _box.id == _mail.mail_box_id)
_LATEST = (
    select(_mail.reference_id).where(_mail.mail_box_id == bindparam("mailbox_id")).order_by(_mail.uid.desc()).limit(1)
)


def status(connection: Connection, folder: Folder) -> MailboxStatus:
    """Counts of one mailbox."""
    return _statuses(connection, [folder])[folder.id]


def statuses(connection: Connection, mailbox_ids: Sequence[int]) -> dict[int, MailboxStatus]:
    """Counts of those mailboxes that exist."""
    return _statuses(connection, folders_among(connection, mailbox_ids))


def folders_among(connection: Connection, mailbox_ids: Sequence[int]) -> list[Folder]:
    """Those mailboxes that exist."""
    found: list[Folder] = []
    for some in _slices(mailbox_ids):
        found += [folder_of(row) for row in connection.execute(FOLDERS.where(_box.id.in_(some)))]
    return found


def overview(connection: Connection, references: Sequence[UUID]) -> list[Overview]:
    """Counts of those mailboxes that exist."""
    if not references:
        return []
    found: Sequence[Any] = connection.execute(FOLDERS.where(_box.reference_id.in_(list(references)))).fetchall()
    folders = [folder_of(row) for row in found]
    counts = _statuses(connection, folders)
    return [
        Overview(folder.mailbox, counts[folder.id], connection.execute(_LATEST, {"mailbox_id": folder.id}).scalar())
        for folder in folders
    ]


def _statuses(connection: Connection, folders: Sequence[Folder]) -> dict[int, MailboxStatus]:
    counted: dict[int, list[int]] = {}
    for some in _slices([folder.id for folder in folders]):
        statement = _COUNTS.where(_mail.mail_box_id.in_(some)).group_by(_mail.mail_box_id)
        for mailbox_id, *numbers in connection.execute(statement):
            counted[mailbox_id] = [int(number or 0) for number in numbers]
    found = {}
    for folder in folders:
        messages, recent, unseen, deleted, size, deleted_size = counted.get(folder.id, [0] * 6)
        mailbox = folder.mailbox
        places = (mailbox.uidnext, mailbox.uidvalidity, mailbox.highestmodseq)
        found[folder.id] = MailboxStatus(messages, recent, unseen, deleted, size, *places, deleted_size)
    return found


def _slices(numbers: Sequence[int]) -> Iterator[Sequence[int]]:
    return (numbers[start : start + MAX_LISTED] for start in range(0, len(numbers), MAX_LISTED))
