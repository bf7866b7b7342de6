"""``IAnnotations`` in the database (RFC 5464)."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import partial

from attrs import define
from sqlalchemy import Connection, Table, delete, func, insert, select
from zope.interface import implementer

from daptinmail.db.schema import account_annotation, mail_box, mailbox_annotation
from daptinmail.interfaces.annotations import MAX_ENTRIES, Depth, IAnnotations, TooMany
from daptinmail.interfaces.mailboxes import MailboxEvent, What
from daptinmail.interfaces.storage import IStorage, ITransaction
from daptinmail.store.listeners import Listeners
from daptinmail.store.rows import Folder, account_row, folder_by_id
from daptinmail.store.statements import MAX_LISTED

PRIVATE = "/private/"

_here = mailbox_annotation.c
_server = account_annotation.c
_OF_SERVER = select(_server.entry, _server.value)
_OF_MAILBOXES = select(_here.mail_box_id, _here.entry, _here.value)


@implementer(IAnnotations)
@define(eq=False)
class Annotations:
    """Reads in reader threads, changes in the storage thread."""

    storage: IStorage
    listeners: Listeners

    async def annotations(
        self, account_id: int, mailbox_ids: Sequence[int | None], entries: Sequence[str], depth: Depth
    ) -> dict[int | None, dict[str, bytes]]:
        """Entries by mailbox."""

        def work(connection: Connection) -> dict[int | None, dict[str, bytes]]:
            found: dict[int | None, dict[str, bytes]] = {mailbox_id: {} for mailbox_id in mailbox_ids}
            for mailbox_id, entry, value in _read(connection, account_id, mailbox_ids):
                if is_wanted(entry, entries, depth):
                    found[mailbox_id][entry] = bytes(value)
            return found

        return await self.storage.read(work)

    async def annotate(self, account_id: int, mailbox_id: int | None, values: Mapping[str, bytes | None]) -> None:
        """Set entries, all or none."""
        if mailbox_id is None:
            await self.storage.write(lambda transaction: self._annotate_server(transaction, account_id, values))
        else:
            await self.storage.write(
                lambda transaction: self._annotate_mailbox(transaction, account_id, mailbox_id, values)
            )

    def _annotate_server(self, transaction: ITransaction, account_id: int, values: Mapping[str, bytes | None]) -> None:
        account_row(transaction.connection, account_id)
        _write(transaction.connection, account_annotation, {"mail_account_id": account_id}, values)
        self._tell(transaction, MailboxEvent(What.ANNOTATED, account_id, 0, "", entries=tuple(values)))

    def _annotate_mailbox(
        self, transaction: ITransaction, account_id: int, mailbox_id: int, values: Mapping[str, bytes | None]
    ) -> None:
        folder = folder_by_id(transaction.connection, mailbox_id)
        for holder in dict.fromkeys(holder_of(entry, account_id, folder.mailbox.account_id) for entry in values):
            mine = {
                entry: value
                for entry, value in values.items()
                if holder_of(entry, account_id, folder.mailbox.account_id) == holder
            }
            key = {"mail_box_id": mailbox_id, "mail_account_id": holder}
            _write(transaction.connection, mailbox_annotation, key, mine)
            self._tell(transaction, _event(folder, holder, tuple(mine)))

    def _tell(self, transaction: ITransaction, event: MailboxEvent) -> None:
        transaction.after_commit(partial(self.listeners.event, event))


def holder_of(entry: str, account_id: int, owner_id: int) -> int:
    """Whose an entry of a mailbox is."""
    return account_id if entry.startswith(PRIVATE) else owner_id


def is_wanted(entry: str, entries: Iterable[str], depth: Depth) -> bool:
    """True if ``entry`` is one of ``entries`` or as far below one as ``depth`` says."""
    for wanted in entries:
        if entry == wanted:
            return True
        below = wanted.removesuffix("/") + "/"
        if depth is Depth.ZERO or not entry.startswith(below):
            continue
        if depth is Depth.INFINITY or "/" not in entry[len(below) :]:
            return True
    return False


def _event(folder: Folder, holder: int, entries: tuple[str, ...]) -> MailboxEvent:
    return MailboxEvent(What.ANNOTATED, holder, folder.id, folder.mailbox.name, entries=entries)


def _read(
    connection: Connection, account_id: int, mailbox_ids: Sequence[int | None]
) -> Iterator[tuple[int | None, str, bytes]]:
    """All entries that the account may see."""
    if None in mailbox_ids:
        for entry, value in connection.execute(_OF_SERVER.where(_server.mail_account_id == account_id)):
            yield None, entry, value
    numbers = sorted({mailbox_id for mailbox_id in mailbox_ids if mailbox_id is not None})
    owned = mailbox_annotation.join(mail_box, mail_box.c.id == _here.mail_box_id)
    statement = (
        _OF_MAILBOXES.select_from(owned)
        .where(
            (_here.entry.startswith(PRIVATE) & (_here.mail_account_id == account_id))
            | (~_here.entry.startswith(PRIVATE) & (_here.mail_account_id == mail_box.c.mail_account_id))
        )
        .order_by(_here.entry)
    )
    for start in range(0, len(numbers), MAX_LISTED):
        some = numbers[start : start + MAX_LISTED]
        for row in connection.execute(statement.where(_here.mail_box_id.in_(some))):
            yield row[0], row[1], row[2]


def _write(connection: Connection, table: Table, key: Mapping[str, int], values: Mapping[str, bytes | None]) -> None:
    """Replace entries. Raises ``TooMany``."""
    here = [table.c[name] == value for name, value in key.items()]
    connection.execute(delete(table).where(*here, table.c.entry.in_(list(values))))
    rows = [{**key, "entry": entry, "value": value} for entry, value in values.items() if value is not None]
    if not rows:
        return
    there = connection.execute(select(func.count()).select_from(table).where(*here)).scalar_one()
    if there + len(rows) > MAX_ENTRIES:
        raise TooMany
    connection.execute(insert(table), rows)
