"""Mailboxes and accounts' trees in the storage thread."""

from functools import partial
from typing import Any

from attrs import define, evolve
from sqlalchemy import delete, insert, select, update

from daptinmail.db.schema import DEFAULT_PERMISSION, mail, mail_box, record_usergroup, subscription
from daptinmail.errors import AlreadyExists, Forbidden, Invalid
from daptinmail.interfaces.mailboxes import MailboxEvent, What
from daptinmail.interfaces.messages import SPECIAL_USE_MAILBOXES, Mailbox
from daptinmail.interfaces.storage import Foreseen, ITransaction
from daptinmail.store.contentrow import drop_unused
from daptinmail.store.messages import Messages
from daptinmail.store.names import DELIMITER, INBOX, directory_name, normal_name, parents
from daptinmail.store.rights import inherit
from daptinmail.store.rows import (
    AccountRow,
    Folder,
    account_row,
    folder_by_id,
    folder_by_name,
    folder_by_use,
    folders_of,
    next_uidvalidity,
    step,
)
from daptinmail.store.statements import rows
from daptinmail.store.transfers import Transfers
from daptinmail.store.views import named

_box = mail_box.c
_subscription = subscription.c


@define(eq=False)
class Mailboxes:
    """Makes, renames and removes mailboxes."""

    messages: Messages
    transfers: Transfers

    def create(
        self, transaction: ITransaction, account_id: int, name: str, special_use: bytes | None = None
    ) -> Mailbox:
        """CREATE, with parents."""
        account = account_row(transaction.connection, account_id)
        return self.make(transaction, account, normal_name(name), special_use).mailbox

    def make(
        self,
        transaction: ITransaction,
        account: AccountRow,
        name: str,
        special_use: bytes | None = None,
        subscribed: bool = False,
    ) -> Folder:
        """Make the mailbox with a normal name.

        Raises:
            AlreadyExists: it is there.
        """
        values = self.new_values(transaction, account, name)
        values["subscribed"] = values["subscribed"] or subscribed
        values["special_use"] = special_use.decode("ascii") if special_use else None
        key = transaction.connection.execute(insert(mail_box), values).inserted_primary_key
        folder = folder_by_id(transaction.connection, key[0] if key else 0)
        self.made(transaction, folder)
        return folder

    def made(self, transaction: ITransaction, folder: Folder) -> None:
        """A mailbox has its row now: it is shared as the one above it is."""
        above = parents(folder.mailbox.name)
        parent = folder_by_name(transaction.connection, folder.mailbox.account_id, above[-1]) if above else None
        if parent is not None:
            inherit(transaction.connection, parent.id, folder.id)
        self.tell(transaction, What.CREATED, folder.mailbox)

    def new_values(self, transaction: ITransaction, account: AccountRow, name: str) -> dict[str, Any]:
        """All columns of a new mailbox's row, whose directories and parents have been made.

        Raises:
            AlreadyExists: it is there.
        """
        connection = transaction.connection
        if folder_by_name(connection, account.id, name) is not None:
            raise AlreadyExists("Mailbox already exists")
        for parent in parents(name):
            if folder_by_name(connection, account.id, parent) is None:
                self.make(transaction, account, parent)
        directory = directory_name(name)
        self.messages.tree.make(transaction, account.directory, directory)
        return {
            "reference_id": self.messages.identifiers.uuid7(),
            "created_at": transaction.now,
            "permission": DEFAULT_PERMISSION,
            "user_account_id": account.owner,
            "name": name,
            "subscribed": self._take_subscription(transaction, account.id, name),
            "uidvalidity": next_uidvalidity(connection, account.id, int(transaction.now.timestamp())),
            "mail_account_id": account.id,
            "directory": directory,
        }

    def ensure(self, transaction: ITransaction, account_id: int, name: str, special_use: bytes | None = None) -> Folder:
        """The mailbox with a special use, else the one with a normal name, made if missing."""
        connection = transaction.connection
        found = folder_by_use(connection, account_id, special_use) if special_use else None
        found = found or folder_by_name(connection, account_id, name)
        return found or self.make(transaction, account_row(connection, account_id), name, special_use, subscribed=True)

    def delete(self, transaction: ITransaction, account_id: int, name: str) -> None:
        """DELETE."""
        folder = named(transaction.connection, account_id, name)
        self.clear(transaction, folder)
        transaction.connection.execute(delete(mail_box).where(_box.id == folder.id))

    def clear(self, transaction: ITransaction, folder: Folder) -> None:
        """Remove what belongs to a mailbox whose row is about to go; its subscription stays.

        Raises:
            Forbidden: it is INBOX.
        """
        if folder.mailbox.name == INBOX:
            raise Forbidden("INBOX cannot be deleted")
        if folder.mailbox.subscribed:
            self._hold_subscription(transaction, folder.mailbox.account_id, folder.mailbox.name)
        self._remove(transaction, folder)

    def rename(self, transaction: ITransaction, account_id: int, name: str, new_name: str) -> None:
        """RENAME with children; INBOX only gives its messages away (RFC 9051 §6.3.6)."""
        folder, new_name = named(transaction.connection, account_id, name), normal_name(new_name)
        account = account_row(transaction.connection, account_id)
        old_name = folder.mailbox.name
        if old_name == INBOX:
            target = self.make(transaction, account, new_name)
            self.transfers.move(transaction, folder.id, None, target.id)
            return
        family = self._family(transaction, account_id, old_name)
        names = {member.id: normal_name(new_name + member.mailbox.name[len(old_name) :]) for member in family}
        for taken in (new_name, *names.values()):
            if folder_by_name(transaction.connection, account_id, taken) is not None:
                raise AlreadyExists("Mailbox already exists")
        if new_name.startswith(old_name + DELIMITER):
            raise Invalid(fields={"name": "a mailbox cannot be moved into itself"})
        for parent in parents(new_name):
            if folder_by_name(transaction.connection, account_id, parent) is None:
                self.make(transaction, account, parent)
        for member in family:
            self._rename_one(transaction, member, names[member.id])

    def subscribe(self, transaction: ITransaction, account_id: int, name: str, subscribed: bool) -> None:
        """SUBSCRIBE and UNSUBSCRIBE."""
        account_row(transaction.connection, account_id)
        try:
            name = normal_name(name)
        except Invalid:
            if subscribed:
                raise
            return
        folder = folder_by_name(transaction.connection, account_id, name)
        event = MailboxEvent(What.SUBSCRIBED, account_id, folder.id if folder else 0, name)
        transaction.after_commit(partial(self.messages.listeners.event, event))
        if folder is not None:
            change = update(mail_box).where(_box.id == folder.id).values(subscribed=subscribed)
            transaction.connection.execute(change)
        elif subscribed:
            self._hold_subscription(transaction, account_id, name)
        else:
            self._take_subscription(transaction, account_id, name)

    def open_account(self, transaction: ITransaction, account_id: int) -> None:
        """Make INBOX and the special-use mailboxes."""
        account = account_row(transaction.connection, account_id)
        self.make(transaction, account, INBOX, subscribed=True)
        for name, special_use in SPECIAL_USE_MAILBOXES.items():
            self.make(transaction, account, name, special_use, subscribed=True)

    def close_account(self, transaction: ITransaction, account_id: int) -> None:
        """Remove all mailboxes of an account whose row is about to go."""
        account = account_row(transaction.connection, account_id)
        folders = folders_of(transaction.connection, account_id)
        for folder in sorted(folders, key=lambda folder: folder.mailbox.name == INBOX):
            self._remove(transaction, folder)
        transaction.connection.execute(delete(subscription).where(_subscription.mail_account_id == account_id))
        transaction.connection.execute(delete(mail_box).where(_box.mail_account_id == account_id))
        self._discard(transaction, account.directory, "")

    def _family(self, transaction: ITransaction, account_id: int, name: str) -> list[Folder]:
        """A mailbox and all below it, parents first."""
        prefix = name + DELIMITER
        found = folders_of(transaction.connection, account_id)
        family = [one for one in found if one.mailbox.name == name or one.mailbox.name.startswith(prefix)]
        return sorted(family, key=lambda one: one.mailbox.name)

    def _rename_one(self, transaction: ITransaction, folder: Folder, name: str) -> None:
        """Give a mailbox and its directory another name.

        The old name stays subscribed too: no server takes a name from that list (RFC 9051 §6.3.8).
        """
        directory, tree = directory_name(name), self.messages.tree
        source, target = tree.of(folder), tree.folder(folder.account_directory, directory)
        transaction.foresee([Foreseen(source, target)])
        try:
            transaction.rename(source, target)
        except FileExistsError as error:
            raise AlreadyExists("Mailbox already exists", cause=str(error)) from error
        except FileNotFoundError:
            tree.make(transaction, folder.account_directory, directory)
        held = self._take_subscription(transaction, folder.mailbox.account_id, name)
        if folder.mailbox.subscribed:
            self._hold_subscription(transaction, folder.mailbox.account_id, folder.mailbox.name)
        values = {"name": name, "directory": directory, "subscribed": folder.mailbox.subscribed or held}
        values["updated_at"] = transaction.now
        transaction.connection.execute(update(mail_box).where(_box.id == folder.id).values(values))
        transaction.after_commit(partial(self.messages.watch.forget, folder.id))
        self.tell(transaction, What.RENAMED, evolve(folder.mailbox, name=name), folder.mailbox.name)

    def _remove(self, transaction: ITransaction, folder: Folder) -> None:
        """Remove a mailbox's messages, directory and groups, and tell who listens."""
        connection = transaction.connection
        step(connection, folder.id)
        messages = select(mail.c.id).where(mail.c.mail_box_id == folder.id)
        for kind, ids in (("mail", messages), ("mail_box", [folder.id])):
            connection.execute(
                delete(record_usergroup).where(record_usergroup.c.kind == kind, record_usergroup.c.record_id.in_(ids))
            )
        contents = rows(connection, "SELECT DISTINCT content_id FROM mail WHERE mail_box_id = ?", [folder.id])
        connection.execute(delete(mail).where(mail.c.mail_box_id == folder.id))
        drop_unused(connection, [one for (one,) in contents if one is not None])
        if folder.directory:
            self._discard(transaction, folder.account_directory, folder.directory)
        self.messages.gone(transaction, folder)
        self.tell(transaction, What.DELETED, folder.mailbox)

    def tell(self, transaction: ITransaction, what: What, mailbox: Mailbox, old_name: str = "") -> None:
        """Tell who listens to the account, once it is durable."""
        event = MailboxEvent(what, mailbox.account_id, mailbox.id, mailbox.name, old_name)
        transaction.after_commit(partial(self.messages.listeners.event, event))

    def _discard(self, transaction: ITransaction, account_directory: str, directory: str) -> None:
        token = self.messages.identifiers.uuid7()
        self.messages.tree.discard(transaction, account_directory, directory, token)

    def _hold_subscription(self, transaction: ITransaction, account_id: int, name: str) -> None:
        """Remember the subscription of a name without a mailbox."""
        self._take_subscription(transaction, account_id, name)
        transaction.connection.execute(insert(subscription), {"mail_account_id": account_id, "name": name})

    def _take_subscription(self, transaction: ITransaction, account_id: int, name: str) -> bool:
        """Forget the subscription of a name without a mailbox; true if there was one."""
        gone = delete(subscription).where(_subscription.mail_account_id == account_id, _subscription.name == name)
        return bool(transaction.connection.execute(gone).rowcount)
