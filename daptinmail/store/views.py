"""What can be seen of mailboxes. All functions run in reader threads on one consistent snapshot."""

from array import array
from collections.abc import Sequence
from functools import cache

from sqlalchemy import Connection, bindparam, select

from daptinmail.db.schema import mail, subscription
from daptinmail.errors import Invalid, NotFound
from daptinmail.interfaces.columns import COLUMNS, CONTENT_COLUMNS
from daptinmail.interfaces.messages import (
    Change,
    Changes,
    Flags,
    Mailbox,
)
from daptinmail.store.flags import from_column
from daptinmail.store.names import in_order, normal_name
from daptinmail.store.rows import Folder, folder_by_id, folder_by_name, folders_of
from daptinmail.store.statements import Raw, conditions, mail_rows, rows

_mail = mail.c
_CHANGED = "SELECT uid, modseq, flags FROM mail WHERE mail_box_id = ? AND modseq > ? ORDER BY uid"
_EXPUNGED = "SELECT uid FROM tombstone WHERE mail_box_id = ? AND modseq > ? ORDER BY uid"
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


def everything(connection: Connection, mailbox_id: int) -> "tuple[array[int], array[int], list[Flags]]":
    """UIDs, modseqs and flags of all messages, in UID order."""
    found = mail_rows(connection, "uid, modseq, flags", mailbox_id, None)
    uids, modseqs, texts = zip(*found, strict=True) if found else ((), (), ())
    known = {text: from_column(text) for text in set(texts)}
    return array("Q", uids), array("Q", modseqs), [known[text] for text in texts]


def changes(connection: Connection, folder: Folder, since: int) -> Changes:
    """What happened after ``since``."""
    mailbox, complete = folder.mailbox, since >= folder.pruned_modseq
    if mailbox.highestmodseq <= since:
        return Changes(mailbox.highestmodseq, mailbox.uidnext, [], [], complete)
    changed = [Change(row[0], row[1], from_column(row[2])) for row in rows(connection, _CHANGED, [folder.id, since])]
    expunged = [row[0] for row in rows(connection, _EXPUNGED, [folder.id, since])]
    return Changes(mailbox.highestmodseq, mailbox.uidnext, changed, expunged, complete)


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
    found: dict[int, str] = {}
    for condition, values in conditions(uids, "uid"):
        statement = f"SELECT uid, file_name FROM mail WHERE mail_box_id = ? AND {condition} ORDER BY uid"  # noqa: S608 - ours
        found.update(rows(connection, statement, [mailbox_id, *values]))
    return found
