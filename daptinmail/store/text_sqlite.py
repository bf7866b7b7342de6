"""``ITextIndex`` in a file of its own beside an SQLite database. Reactor side."""

import sqlite3
from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

from attrs import define, field
from sqlalchemy import Connection, bindparam, delete, func, select
from twisted.logger import Logger
from zope.interface import implementer

from daptinmail.db.schema import content_gone, mail, mail_content
from daptinmail.interfaces.runtime import IBlocking
from daptinmail.interfaces.search import Found, IndexCriterion, ITextIndex, SearchText, Unread
from daptinmail.interfaces.storage import IStorage
from daptinmail.store.text_file import TextFile

log = Logger()

T = TypeVar("T")

MOST_RESETS = 3
"""A file that has to be thrown away more often is left alone until the next start."""

GONE = 500
"""Contents let go of at once."""

_FAULTS = frozenset({sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_ERROR})
_copies = mail.alias("copies")
_FIRST = select(func.min(_copies.c.id)).where(_copies.c.content_id == mail_content.c.id).scalar_subquery()
CONTENTS = select(mail_content.c.id, mail_content.c.email_id, mail.c.mail_box_id, mail.c.uid).outerjoin_from(
    mail_content, mail, mail.c.id == _FIRST
)
UNREAD = CONTENTS.where(mail_content.c.id > bindparam("mark")).order_by(mail_content.c.id).limit(bindparam("most"))
_LAG = select(func.count()).where(mail_content.c.id > bindparam("mark"))


@implementer(ITextIndex)
@define(eq=False)
class SqliteTextIndex:
    """Call ``open`` before use. ``readers`` may run several calls at once, ``writer`` one."""

    storage: IStorage
    readers: IBlocking
    writer: IBlocking
    file: TextFile
    woken: Callable[[], None] = field(default=lambda: None, init=False)
    """Told when mail has come or gone."""
    _resets: int = field(default=0, init=False)
    _told: int = field(default=-1, init=False)
    _retry: list[int] = field(factory=list, init=False)

    async def open(self) -> None:
        """Open the file; what is wrong with it is logged, and nothing is known then."""
        try:
            if not await self.writer.run(self.file.open):
                log.warn("the text index was damaged or not of this database: it is made again")
            self._retry = await self.writer.run(self.file.pending)
        except (sqlite3.Error, OSError) as error:
            log.error("the text index cannot be used, SEARCH reads messages: {error}", error=error)
        if not self.file.has_grams:
            log.warn("this SQLite has no trigrams (FTS5, 3.34): SEARCH of texts is slower")

    def wake(self) -> None:
        """Mail has come or gone."""
        self.woken()

    async def find(self, mailbox_id: int, criterion: IndexCriterion, uids: Sequence[int] | None) -> Found | None:
        """What the file knows."""
        look: Callable[..., Found | None] = self.file.find
        return await self._guarded(self.readers, None, look, mailbox_id, criterion, uids)

    async def unread(self, limit: int) -> list[Unread]:
        """First what could not be read before this start, then what came after the mark."""
        if self._retry:
            again, self._retry = self._retry[:limit], self._retry[limit:]
            if found := await self.storage.read(lambda connection: _among(connection, again)):
                return found
        mark = await self._guarded(self.readers, -1, self.file.mark)
        if mark < 0:
            return []
        return await self.storage.read(lambda connection: _after(connection, mark, limit))

    async def add(self, texts: Sequence[tuple[Unread, SearchText | None]]) -> None:
        """Write them."""
        await self._guarded(self.writer, None, self.file.add, texts)

    async def forget(self) -> int:
        """Let go of what the database's trigger wrote down."""
        gone: list[int] = await self.storage.read(_gone)
        if not gone:
            return 0
        removed = await self._guarded(self.writer, False, self._remove, gone)
        if removed:
            await self.storage.write(
                lambda transaction: transaction.connection.execute(
                    delete(content_gone).where(content_gone.c.content_id.in_(gone))
                )
            )
        return len(gone) if removed else 0

    async def lag(self) -> int:
        """Contents after the mark."""
        mark = await self._guarded(self.readers, 0, self.file.mark)
        return await self.storage.read(lambda connection: connection.execute(_LAG, {"mark": mark}).scalar_one())

    async def reset(self) -> None:
        """Begin with an empty file."""
        await self.writer.run(self.file.reset, self.file.generation)

    async def close(self) -> None:
        """Close the file."""
        await self.writer.run(self.file.close)

    def discard(self) -> None:
        """Let the next start begin from nothing. Blocking; only while no index is open."""
        self.file.discard()

    def _remove(self, gone: Sequence[int]) -> bool:
        self.file.remove(gone)
        return True

    async def _guarded(self, blocking: IBlocking, otherwise: T, function: Callable[..., T], *arguments: object) -> T:
        """The result of ``function``, or ``otherwise`` if the file fails; one that is damaged is made again."""
        generation = self.file.generation
        running: Awaitable[T] = blocking.run(function, *arguments)
        try:
            return await running
        except sqlite3.Error as error:
            await self._failed(error, generation)
        return otherwise

    async def _failed(self, error: sqlite3.Error, generation: int) -> None:
        code = getattr(error, "sqlite_errorcode", 0) & 0xFF
        if generation != self.file.generation:  # it has been made again meanwhile
            return
        if code not in _FAULTS or self._resets >= MOST_RESETS:
            if self._told != generation:
                log.error("the text index fails, SEARCH reads messages: {error}", error=error)
            self._told = generation
            return
        self._resets += 1
        log.warn("the text index is damaged and made again: {error}", error=error)
        try:
            await self.writer.run(self.file.reset, generation)
        except (sqlite3.Error, OSError) as again:
            log.error("the text index cannot be made again: {error}", error=again)


def _after(connection: Connection, mark: int, limit: int) -> list[Unread]:
    return [Unread(*row) for row in connection.execute(UNREAD, {"mark": mark, "most": limit})]


def _among(connection: Connection, content_ids: Sequence[int]) -> list[Unread]:
    wanted = CONTENTS.where(mail_content.c.id.in_(content_ids)).order_by(mail_content.c.id)
    return [Unread(*row) for row in connection.execute(wanted)]


def _gone(connection: Connection) -> list[int]:
    return list(connection.execute(select(content_gone.c.content_id).limit(GONE)).scalars())
