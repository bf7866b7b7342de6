"""How many messages there are, and how large. All functions run in reader threads."""

from collections.abc import Iterator, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, bindparam, select

from daptinmail.db.schema import mail, mail_box
from daptinmail.interfaces.messages import MailboxStatus, Overview
from daptinmail.store.rows import FOLDERS, Folder, folder_of
from daptinmail.store.statements import MAX_LISTED, rows

_mail = mail.c
_box = mail_box.c
_SIZES = "SELECT id, message_count, octets FROM mail_box WHERE id IN ({})"
_UNSEEN = "SELECT mail_box_id, count(*) FROM mail WHERE NOT seen AND mail_box_id IN ({}) GROUP BY mail_box_id"
_DELETED = (
    "SELECT mail_box_id, count(*), sum(size) FROM mail"
    " WHERE deleted IS TRUE AND mail_box_id IN ({}) GROUP BY mail_box_id"
)
_RECENT = (
    "SELECT m.mail_box_id, count(*) FROM mail_box b JOIN mail m ON m.mail_box_id = b.id AND m.uid >= b.first_recent_uid"
    " WHERE b.nextuid > b.first_recent_uid AND b.id IN ({}) GROUP BY m.mail_box_id"
)
_LATEST = (
    select(_mail.reference_id).where(_mail.mail_box_id == bindparam("mailbox_id")).order_by(_mail.uid.desc()).limit(1)
)


def status(connection: Connection, folder: Folder) -> MailboxStatus:
    """Counts of one mailbox."""
    return statuses_of(connection, [folder])[folder.id]


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
    counts = statuses_of(connection, folders)
    return [
        Overview(folder.mailbox, counts[folder.id], connection.execute(_LATEST, {"mailbox_id": folder.id}).scalar())
        for folder in folders
    ]


def statuses_of(connection: Connection, folders: Sequence[Folder]) -> dict[int, MailboxStatus]:
    """Counts by mailbox id.

    How many there are and how large stands on the rows of mailboxes; the rest is counted where indexes tell it.
    """
    ids = [folder.id for folder in folders]
    sizes, unseen = _numbers(connection, _SIZES, ids), _numbers(connection, _UNSEEN, ids)
    deleted, recent = _numbers(connection, _DELETED, ids), _numbers(connection, _RECENT, ids)
    found = {}
    for folder in folders:
        key, mailbox = folder.id, folder.mailbox
        messages, octets = sizes.get(key, (0, 0))
        gone, gone_octets = deleted.get(key, (0, 0))
        found[key] = MailboxStatus(
            messages=messages,
            recent=recent.get(key, (0,))[0],
            unseen=unseen.get(key, (0,))[0],
            deleted=gone,
            size=octets,
            uidnext=mailbox.uidnext,
            uidvalidity=mailbox.uidvalidity,
            highestmodseq=mailbox.highestmodseq,
            deleted_size=gone_octets,
        )
    return found


def _numbers(connection: Connection, statement: str, mailbox_ids: Sequence[int]) -> dict[int, tuple[int, ...]]:
    """The columns after the first, by the first."""
    found: dict[int, tuple[int, ...]] = {}
    for some in _slices(mailbox_ids):
        marked = statement.format(", ".join("?" * len(some)))
        for mailbox_id, *numbers in rows(connection, marked, some):
            found[mailbox_id] = tuple(int(number) for number in numbers)
    return found


def _slices(numbers: Sequence[int]) -> Iterator[Sequence[int]]:
    return (numbers[start : start + MAX_LISTED] for start in range(0, len(numbers), MAX_LISTED))
