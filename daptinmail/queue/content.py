"""The content files of queued messages: one per trail, ``<queue directory>/<trail hex>``."""

from pathlib import Path
from uuid import UUID

from attrs import frozen
from sqlalchemy import ColumnElement, or_, select

from daptinmail.db.schema import outbox
from daptinmail.interfaces.storage import Content, ITransaction

WAITING = ("queued", "held")


@frozen
class ContentFiles:
    """Places and removes them; both in the transaction of the rows."""

    directory: Path

    def path(self, trail: UUID) -> Path:
        """Where the content of a trail is."""
        return self.directory / trail.hex

    def keep_in(self, transaction: ITransaction, trail: UUID, content: Content) -> None:
        """Store a content."""
        transaction.make_directory(self.directory)
        transaction.place(content, self.path(trail))

    def drop_in(self, transaction: ITransaction, trail: UUID, but: int | None = None) -> None:
        """Remove a content that no row waits or is to be reported with; ``but`` is a row that is about to go."""
        waiting = select(outbox.c.id).where(outbox.c.trail == trail, needed(), outbox.c.id != (but or 0))
        if transaction.connection.execute(waiting.limit(1)).first() is None:
            transaction.remove(self.path(trail))


def needed() -> ColumnElement[bool]:
    """Rows that need their content."""
    return or_(outbox.c.state.in_(WAITING), outbox.c.report_at.is_not(None))
