"""Makes mailboxes of folders that other tools made, and put mail into, in an account's Maildir++ tree."""

from pathlib import Path

from attrs import define, field
from sqlalchemy import Connection
from twisted.logger import Logger

from daptinmail.errors import DaptinmailError, NotFound
from daptinmail.interfaces.storage import IStorage, ITransaction
from daptinmail.store.mailboxes import Mailboxes
from daptinmail.store.maildir import listing
from daptinmail.store.names import name_of_directory, normal_name
from daptinmail.store.rows import account_row, folder_by_name
from daptinmail.store.statements import rows

log = Logger()

MAX_FOLDERS = 1000
"""Made at once; a tree with more of them is taken in at the next looks."""

_DIRECTORIES = "SELECT directory FROM mail_box WHERE mail_account_id = ?"


@define(eq=False)
class Discovery:
    """Called in the reactor; looks in reader threads, and only when the account's directory has changed."""

    storage: IStorage
    mailboxes: Mailboxes
    _looked: dict[int, int] = field(factory=dict, init=False)

    async def look(self, account_id: int) -> None:
        """Find new folders of an account."""
        names = await self.storage.read(lambda connection: self._strange(connection, account_id))
        if not names:
            return
        try:
            await self.storage.write(lambda transaction: self._make(transaction, account_id, names))
        except DaptinmailError as error:
            log.warn("cannot make mailboxes of folders: {error}", error=error)

    def _strange(self, connection: Connection, account_id: int) -> list[str]:
        """Names for folders that belong to no mailbox. Blocking."""
        try:
            root = self.mailboxes.messages.tree.root / account_row(connection, account_id).directory
            changed = root.stat().st_mtime_ns
        except (NotFound, FileNotFoundError):
            return []
        if self._looked.get(account_id) == changed:
            return []
        known = {directory for (directory,) in rows(connection, _DIRECTORIES, [account_id])}
        named = [(_name(path), path) for path in sorted(root.glob(".*")) if path.name not in known]
        strange = [(name, path) for name, path in named if name is not None]
        # One without a message may be what a crash left of a mailbox that was never made.
        names = [name for name, path in strange if listing(path)]
        if len(names) == len(strange):
            self._looked[account_id] = changed
        return names[:MAX_FOLDERS]

    def _make(self, transaction: ITransaction, account_id: int, names: list[str]) -> None:
        account = account_row(transaction.connection, account_id)
        for name in names:
            if folder_by_name(transaction.connection, account_id, name) is None:
                self.mailboxes.make(transaction, account, name, subscribed=True)
                log.info(
                    "folder of another program: mailbox {name} of account {account}", name=name, account=account_id
                )


def _name(path: Path) -> str | None:
    """The mailbox name of a Maildir++ folder; ``None`` for anything else."""
    name = name_of_directory(path.name)
    if name is None or path.is_symlink() or not (path / "cur").is_dir():
        return None
    try:
        return normal_name(name) if normal_name(name) == name else None
    except DaptinmailError:
        return None
