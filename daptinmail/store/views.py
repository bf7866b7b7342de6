"""What can be seen of mailboxes. All functions run in reader threads on one consistent snapshot."""

from array import array
from collections.abc import Sequence
from functools import cache
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, Select, bindparam, case, func, select

from daptinmail.db.schema import mail, mail_box, mail_metadata, subscription, tombstone
from daptinmail.errors import Invalid, NotFound
from daptinmail.interfaces.messages import (
    METADATA_FIELDS,
    Change,
    Changes,
    Mailbox,
    MailboxStatus,
    Metadata,
    Overview,
    Snapshot,
)
from daptinmail.store.flags import from_column
from daptinmail.store.messages import rows_of
from daptinmail.store.names import in_order, normal_name
from daptinmail.store.rows import FOLDERS, Folder, folder_by_id, folder_by_name, folder_of, folders_of

_mail = mail.c
_metadata = mail_metadata.c
_SNAPSHOT = (
    select(_mail.uid, _mail.modseq, _mail.flags).where(_mail.mail_box_id == bindparam("mailbox_id")).order_by(_mail.uid)
)
_CHANGED = _SNAPSHOT.where(_mail.modseq > bindparam("since"))
_EXPUNGED = (
    select(tombstone.c.uid)
    .where(tombstone.c.mail_box_id == bindparam("mailbox_id"), tombstone.c.modseq > bindparam("since"))
    .order_by(tombstone.c.uid)
)
_COUNTS = select(
    func.count(),
    func.sum(case((_mail.uid >= bindparam("first_recent"), 1), else_=0)),
    func.sum(case((_mail.seen, 0), else_=1)),
    func.sum(case((_mail.deleted, 1), else_=0)),
    func.sum(_mail.size),
).where(_mail.mail_box_id == bindparam("mailbox_id"))
_LATEST = (
    select(_mail.reference_id).where(_mail.mail_box_id == bindparam("mailbox_id")).order_by(_mail.uid.desc()).limit(1)
)
_DATES_AND_SIZE = (_mail.uid, _mail.internal_date, _mail.saved_at, _mail.size, _mail.reference_id.label("reference"))
_NO_FIELDS = dict.fromkeys(METADATA_FIELDS, b"")
_FILE_NAMES = select(_mail.uid, _mail.file_name)
_HELD = select(subscription.c.name).where(subscription.c.mail_account_id == bindparam("account_id"))


def mailboxes(connection: Connection, account_id: int) -> list[Mailbox]:
    """All mailboxes, INBOX first."""
    found = [folder.mailbox for folder in folders_of(connection, account_id)]
    return sorted(found, key=lambda mailbox: in_order(mailbox.name))


def named(connection: Connection, account_id: int, name: str) -> Folder:
    """The mailbox with any spelling of a name.

    Raises:
        NotFound: there is none.
    """
    try:
        found = folder_by_name(connection, account_id, normal_name(name))
    except Invalid:
        found = None
    if found is None:
        raise NotFound("No such mailbox")
    return found


def subscriptions(connection: Connection, account_id: int) -> list[str]:
    """Subscribed names, existing or not."""
    names = {folder.mailbox.name for folder in folders_of(connection, account_id) if folder.mailbox.subscribed}
    names.update(connection.execute(_HELD, {"account_id": account_id}).scalars())
    return sorted(names, key=in_order)


def status(connection: Connection, folder: Folder) -> MailboxStatus:
    """Counts of one mailbox."""
    counts = connection.execute(_COUNTS, {"mailbox_id": folder.id, "first_recent": folder.first_recent_uid}).one()
    messages, recent, unseen, deleted, size = (int(count or 0) for count in counts)
    mailbox = folder.mailbox
    return MailboxStatus(
        messages, recent, unseen, deleted, size, mailbox.uidnext, mailbox.uidvalidity, mailbox.highestmodseq
    )


def snapshot(connection: Connection, folder: Folder) -> Snapshot:
    """All messages of one mailbox."""
    rows = connection.execute(_SNAPSHOT, {"mailbox_id": folder.id}).fetchall()
    uids, modseqs, texts = zip(*rows, strict=True) if rows else ((), (), ())
    return Snapshot(
        folder.mailbox,
        array("Q", uids),
        array("Q", modseqs),
        [from_column(text) for text in texts],
        folder.first_recent_uid,
    )


def changes(connection: Connection, folder: Folder, since: int) -> Changes:
    """What happened after ``since``."""
    mailbox = folder.mailbox
    if mailbox.highestmodseq <= since:
        return Changes(mailbox.highestmodseq, mailbox.uidnext, [], [])
    wanted = {"mailbox_id": folder.id, "since": since}
    changed = [Change(row[0], row[1], from_column(row[2])) for row in connection.execute(_CHANGED, wanted)]
    expunged = list(connection.execute(_EXPUNGED, wanted).scalars())
    return Changes(mailbox.highestmodseq, mailbox.uidnext, changed, expunged)


def metadata(connection: Connection, mailbox_id: int, uids: Sequence[int], fields: frozenset[str]) -> list[Metadata]:
    """Metadata of those that exist."""
    folder_by_id(connection, mailbox_id)
    statement = _metadata_statement(fields)
    names = statement.selected_columns.keys()
    rows = rows_of(connection, statement, mailbox_id, uids)
    return [Metadata(**{**_NO_FIELDS, **dict(zip(names, row, strict=True))}) for row in rows]


@cache
def _metadata_statement(fields: frozenset[str]) -> "Select[Any]":
    """The query that reads no more than ``fields``."""
    if not fields:
        return select(*_DATES_AND_SIZE)
    columns = [_metadata[name] for name in sorted(fields)]
    return select(*_DATES_AND_SIZE, *columns).join_from(mail, mail_metadata, _metadata.mail_id == _mail.id)


def file_names(connection: Connection, mailbox_id: int, uids: Sequence[int]) -> dict[int, str]:
    """The files of those messages that exist, by UID."""
    return {row.uid: row.file_name for row in rows_of(connection, _FILE_NAMES, mailbox_id, uids)}


def overview(connection: Connection, references: Sequence[UUID]) -> list[Overview]:
    """Counts of those mailboxes that exist."""
    if not references:
        return []
    rows: Sequence[Any] = connection.execute(FOLDERS.where(mail_box.c.reference_id.in_(list(references)))).fetchall()
    found = []
    for folder in map(folder_of, rows):
        latest = connection.execute(_LATEST, {"mailbox_id": folder.id}).scalar()
        found.append(Overview(folder.mailbox, status(connection, folder), latest))
    return found
