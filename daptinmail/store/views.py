"""What can be seen of mailboxes. All functions run in reader threads on one consistent snapshot."""

from array import array
from collections.abc import Sequence
from functools import cache

from sqlalchemy import Connection, bindparam, select

from daptinmail.db.schema import mail, subscription, tombstone
from daptinmail.errors import Invalid, NotFound
from daptinmail.interfaces.messages import (
    COLUMNS,
    CONTENT_COLUMNS,
    Change,
    Changes,
    Mailbox,
    Snapshot,
)
from daptinmail.store.flags import from_column
from daptinmail.store.messages import rows_of
from daptinmail.store.names import in_order, normal_name
from daptinmail.store.rows import Folder, folder_by_id, folder_by_name, folders_of
from daptinmail.store.statements import Raw, conditions, rows

_mail = mail.c
_SNAPSHOT = (
    select(_mail.uid, _mail.modseq, _mail.flags).where(_mail.mail_box_id == bindparam("mailbox_id")).order_by(_mail.uid)
)
_CHANGED = _SNAPSHOT.where(_mail.modseq > bindparam("since"))
_EXPUNGED = (
    select(tombstone.c.uid)
    .where(tombstone.c.mail_box_id == bindparam("mailbox_id"), tombstone.c.modseq > bindparam("since"))
    .order_by(tombstone.c.uid)
)
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


def snapshot(connection: Connection, folder: Folder) -> Snapshot:
    """All messages of one mailbox."""
    found = connection.execute(_SNAPSHOT, {"mailbox_id": folder.id}).fetchall()
    uids, modseqs, texts = zip(*found, strict=True) if found else ((), (), ())
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


def columns(connection: Connection, mailbox_id: int, uids: Sequence[int], names: tuple[str, ...]) -> list[Raw]:
    """Rows ``(uid, *values)`` of those that exist, in UID order.

    Raises:
        NotFound: no such mailbox.
    """
    found: list[Raw] = []
    statement = _columns_statement(names)
    for condition, values in conditions(uids, "m.uid"):
        found += rows(connection, f"{statement} AND {condition} ORDER BY m.uid", [mailbox_id, *values])
    if not found:
        folder_by_id(connection, mailbox_id)
    return found


@cache
def _columns_statement(names: tuple[str, ...]) -> str:
    """The query that reads no more than ``names``.

    Raises:
        ValueError: a name that is none of ``COLUMNS``.
    """
    if not COLUMNS.issuperset(names):
        raise ValueError(f"not columns: {names}")
    stored = {"reference": "reference_id"}
    chosen = [f'{"c" if name in CONTENT_COLUMNS else "m"}."{stored.get(name, name)}"' for name in names]
    join = " JOIN mail_content c ON c.id = m.content_id" if CONTENT_COLUMNS.intersection(names) else ""
    return f"SELECT {', '.join(['m.uid', *chosen])} FROM mail m{join} WHERE m.mail_box_id = ?"  # noqa: S608 - names are ours


def file_names(connection: Connection, mailbox_id: int, uids: Sequence[int]) -> dict[int, str]:
    """The files of those messages that exist, by UID."""
    return {row.uid: row.file_name for row in rows_of(connection, _FILE_NAMES, mailbox_id, uids)}
