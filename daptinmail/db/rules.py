"""``Plain``: the rules of a type that only holds columns, and the base of those that do more."""

from collections.abc import Mapping
from typing import Any

from zope.interface import implementer

from daptinmail.interfaces.directory import Viewer
from daptinmail.interfaces.records import IRecordRules, Row
from daptinmail.interfaces.storage import ITransaction


@implementer(IRecordRules)
class Plain:
    """Every step does nothing."""

    async def prepare(self, attributes: Mapping[str, Any], row: Row | None, viewer: Viewer) -> dict[str, Any]:
        """Write what was asked."""
        return dict(attributes)

    def creating(self, transaction: ITransaction, row: Row) -> None:
        """Insert as it is."""

    def created(self, transaction: ITransaction, row: Row) -> None:
        """Nothing follows."""

    def patching(self, transaction: ITransaction, before: Row, changes: Row) -> None:
        """Update as it is."""

    def patched(self, transaction: ITransaction, before: Row, after: Row) -> None:
        """Nothing follows."""

    def deleting(self, transaction: ITransaction, row: Row) -> None:
        """Nothing belongs to the row."""

    async def committed(self, change: str, row: Row) -> None:
        """Nobody is told."""

    async def shown(self, row: Row, hydrate: bool) -> dict[str, Any]:
        """Show the columns."""
        return {}
