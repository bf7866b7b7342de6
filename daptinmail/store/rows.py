"""A mailbox's row with what belongs to it, and the statements everybody in the store needs."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from attrs import frozen
from sqlalchemy import Connection, bindparam, case, select, update

from daptinmail.db.schema import mail_account, mail_box
from daptinmail.errors import NotFound
from daptinmail.interfaces.messages import Mailbox
from daptinmail.store.statements import rows


@frozen
class Folder:
    """A mailbox and its place on disk. ``owner`` is the user that owns the account.

    ``pruned_modseq``: expunges up to here have been forgotten.
    """

    mailbox: Mailbox
    first_recent_uid: int
    directory: str
    account_directory: str
    owner: int | None
    pruned_modseq: int = 0

    @property
    def id(self) -> int:
        """The mailbox's id."""
        return self.mailbox.id


@frozen
class AccountRow:
    """What the store needs of an account."""

    id: int
    directory: str
    owner: int | None


_box = mail_box.c
FOLDERS = select(
    _box.id,
    _box.reference_id,
    _box.mail_account_id,
    _box.name,
    _box.subscribed,
    _box.special_use,
    _box.uidvalidity,
    _box.nextuid,
    _box.highestmodseq,
    _box.first_recent_uid,
    _box.directory,
    mail_account.c.directory.label("account_directory"),
    mail_account.c.user_account_id,
    _box.pruned_modseq,
).join_from(mail_box, mail_account, mail_account.c.id == _box.mail_account_id)

_FOLDER = (
    "SELECT b.id, b.reference_id, b.mail_account_id, b.name, b.subscribed, b.special_use, b.uidvalidity, b.nextuid,"
    " b.highestmodseq, b.first_recent_uid, b.directory, a.directory, a.user_account_id, b.pruned_modseq"
    " FROM mail_box b JOIN mail_account a ON a.id = b.mail_account_id WHERE "
)
"""``FOLDERS``, for the driver."""
_ACCOUNT = select(mail_account.c.id, mail_account.c.directory, mail_account.c.user_account_id).where(
    mail_account.c.id == bindparam("account_id")
)
_STEP = (
    "UPDATE mail_box SET highestmodseq = highestmodseq + 1, nextuid = nextuid + ? WHERE id = ?"
    " RETURNING highestmodseq, nextuid"
)
_last = mail_account.c.last_uidvalidity
_UIDVALIDITY = (
    update(mail_account)
    .where(mail_account.c.id == bindparam("account_id"))
    .values(last_uidvalidity=case((_last < bindparam("seconds"), bindparam("seconds")), else_=_last + 1))
    .returning(_last)
)


def folder_of(row: Sequence[Any]) -> Folder:
    """One row of ``FOLDERS``."""
    special_use = row[5].encode("ascii") if row[5] else None
    reference = row[1] if isinstance(row[1], UUID) else UUID(bytes=bytes(row[1]))
    mailbox = Mailbox(row[0], reference, row[2], row[3], bool(row[4]), special_use, row[6], row[7], row[8])
    return Folder(mailbox, row[9], row[10], row[11], row[12], row[13])


def folder_by_id(connection: Connection, mailbox_id: int) -> Folder:
    """One mailbox.

    Raises:
        NotFound: it is gone.
    """
    found = rows(connection, _FOLDER + "b.id = ?", [mailbox_id])
    if not found:
        raise NotFound("No such mailbox")
    return folder_of(found[0])


def folder_by_name(connection: Connection, account_id: int, name: str) -> Folder | None:
    """The mailbox with a normal name."""
    found = rows(connection, _FOLDER + "b.mail_account_id = ? AND b.name = ?", [account_id, name])
    return folder_of(found[0]) if found else None


def folder_by_use(connection: Connection, account_id: int, special_use: bytes) -> Folder | None:
    """The first mailbox with a special use, whatever it is called."""
    condition = "b.mail_account_id = ? AND b.special_use = ? ORDER BY b.id LIMIT 1"
    found = rows(connection, _FOLDER + condition, [account_id, special_use.decode("ascii")])
    return folder_of(found[0]) if found else None


def folders_of(connection: Connection, account_id: int) -> list[Folder]:
    """All mailboxes of an account."""
    return [folder_of(row) for row in rows(connection, _FOLDER + "b.mail_account_id = ?", [account_id])]


def account_row(connection: Connection, account_id: int) -> AccountRow:
    """One account.

    Raises:
        NotFound: there is none.
    """
    row = connection.execute(_ACCOUNT, {"account_id": account_id}).first()
    if row is None:
        raise NotFound("No such account")
    return AccountRow(row[0], row[1], row[2])


def step(connection: Connection, mailbox_id: int, uids: int = 0) -> tuple[int, int]:
    """Begin a change of a mailbox: its new modseq, and the first of ``uids`` UIDs taken for good.

    Raises:
        NotFound: it is gone.
    """
    found = rows(connection, _STEP, [uids, mailbox_id])
    if not found:
        raise NotFound("No such mailbox")
    return found[0][0], found[0][1] - uids


def next_uidvalidity(connection: Connection, account_id: int, seconds: int) -> int:
    """A UIDVALIDITY no mailbox of the account ever had (RFC 9051 §2.3.1.1): the time, or one more than the last."""
    value: int = connection.execute(_UIDVALIDITY, {"account_id": account_id, "seconds": seconds}).scalar_one()
    return value
