"""Rebuilds the rows of an account's messages from its tree, with the UIDs that stand in the file names."""

from collections.abc import Callable

from attrs import define

from daptinmail.interfaces.storage import IStorage
from daptinmail.store import views
from daptinmail.store.scan import Scan

Progress = Callable[[int, int], None]
"""Called with what is done and what there is to do."""


@define(eq=False)
class Reindex:
    """For when the database is older than the tree."""

    storage: IStorage
    scan: Scan

    async def reindex(self, account_id: int, progress: Progress = lambda done, total: None) -> int:
        """Give every message file of the account's mailboxes a row; answers how many had none.

        A file keeps the UID in its name if that was given under the mailbox's present UIDVALIDITY and is free.
        ``progress`` counts mailboxes.
        """
        mailboxes = await self.storage.read(lambda connection: views.mailboxes(connection, account_id))
        found = 0
        for done, mailbox in enumerate(mailboxes):
            progress(done, len(mailboxes))
            found += await self.scan.run(mailbox.id, keep_uids=True)
        progress(len(mailboxes), len(mailboxes))
        return found
