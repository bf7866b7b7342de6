"""What the API may do to ``outbox`` rows: look, hurry, stop, delete."""

from base64 import b64encode
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from attrs import define
from zope.interface import implementer

from daptinmail.db.rules import Plain
from daptinmail.errors import Conflict, Forbidden, Invalid
from daptinmail.interfaces.directory import Viewer
from daptinmail.interfaces.records import IRecordRules, Row
from daptinmail.interfaces.runtime import IBlocking
from daptinmail.interfaces.storage import ITransaction
from daptinmail.queue import turns
from daptinmail.queue.content import WAITING, ContentFiles

MAX_SHOWN = 32 * 1024 * 1024  # octets of content that an answer may carry
FIXED = ("from_address", "to_address", "to_host")
STOPPED = "stopped: marked as sent through the API"


@implementer(IRecordRules)
@define(eq=False)
class OutboxRules(Plain):
    """Rows are made by submission only. ``wake`` makes the queue look for due rows."""

    queue_dir: Path
    blocking: IBlocking
    wake: Callable[[], None]

    async def prepare(self, attributes: Mapping[str, Any], row: Row | None, viewer: Viewer) -> dict[str, Any]:
        """Nobody queues by hand: a message needs a sender that was checked, and a signature."""
        if row is None:
            raise Forbidden("Mail is queued by submitting it")
        return dict(attributes)

    def patching(self, transaction: ITransaction, before: Row, changes: Row) -> None:
        """``sent`` stops the tries, ``next_retry_at`` moves the next one."""
        fixed = [name for name in FIXED if name in changes and changes[name] != before[name]]
        if fixed:
            raise Invalid(fields=dict.fromkeys(fixed, "cannot be changed"))
        waiting = before["state"] in WAITING
        if changes.get("sent", before["sent"]) != before["sent"]:
            if not waiting:
                raise Conflict("What has left or was given up stays so")
            changes |= {"state": "sent", "next_retry_at": None, "last_error": STOPPED}
            changes |= {"lease_until": None, "lease_holder": None, "report_at": None}
        elif "next_retry_at" in changes and changes["next_retry_at"] != before["next_retry_at"]:
            if not waiting:
                raise Conflict("What has left or was given up is not tried again")
            changes["next_retry_at"] = changes["next_retry_at"] or transaction.now
            if before["state"] == "queued":
                is_now = changes["next_retry_at"] <= transaction.now
                turns.expect(transaction, [before["to_host"]], changes["next_retry_at"])
                turns.hurry(transaction, [before["to_host"]] if is_now else [])

    def patched(self, transaction: ITransaction, before: Row, after: Row) -> None:
        """A stopped row may have been the last that needed the content."""
        if before["state"] in WAITING and after["state"] not in WAITING:
            self._files.drop_in(transaction, after["trail"])

    def deleting(self, transaction: ITransaction, row: Row) -> None:
        """So may a deleted one."""
        self._files.drop_in(transaction, row["trail"], but=row["id"])

    async def committed(self, change: str, row: Row) -> None:
        """A row may be due now."""
        if change == "patch":
            self.wake()

    async def shown(self, row: Row, hydrate: bool) -> dict[str, Any]:
        """``mail``: the content in base64 while it waits; ``None`` when it is gone or too large to show."""
        if not hydrate:
            return {}
        if row["state"] not in WAITING or row["size"] > MAX_SHOWN:
            return {"mail": None}
        return {"mail": await self.blocking.run(_read, self._files.path(row["trail"]))}

    @property
    def _files(self) -> ContentFiles:
        return ContentFiles(self.queue_dir)


def _read(path: Path) -> str | None:
    try:
        return b64encode(path.read_bytes()).decode("ascii")
    except FileNotFoundError:
        return None
