"""Which messages of a mailbox meet a criterion: columns decide, or the text index; what that does not know is read."""

from array import array
from collections.abc import Iterable, Sequence
from typing import Any

from attrs import define
from zope.interface import implementer

from daptinmail.interfaces.messages import IMessageStore, Opened
from daptinmail.interfaces.runtime import IBlocking
from daptinmail.interfaces.search import (
    BodyContains,
    Criterion,
    Found,
    HeaderContains,
    IndexCriterion,
    ITextIndex,
    SearchText,
    SentDate,
    TextContains,
    TextCriterion,
    Unread,
)
from daptinmail.interfaces.storage import IStorage
from daptinmail.mail.structure import unpack_parts
from daptinmail.store.search_columns import by_columns
from daptinmail.store.text import header_lines, holds, search_text

HEADERS = 100
"""Header sections in memory at once; each may have a megabyte."""

MANY = 1000
"""So many messages that the index does not know are not asked for one by one."""

FILES = 50
"""Files open at once."""


@define(eq=False)
class Search:
    """Finds messages for ``store``."""

    storage: IStorage
    blocking: IBlocking
    store: IMessageStore
    index: ITextIndex

    async def find(self, mailbox_id: int, criterion: Criterion, uids: Sequence[int] | None = None) -> "array[int]":
        """The UIDs of the messages that meet ``criterion``, ascending; only among ``uids`` if given."""
        if uids is not None:
            uids = sorted(set(uids))
        if not isinstance(criterion, HeaderContains | BodyContains | TextContains | SentDate):
            return await self._ask(mailbox_id, criterion, uids)
        known = await self.index.find(mailbox_id, criterion, uids)
        if isinstance(criterion, SentDate) and (known is None or len(known.unknown) > MANY):
            return await self._ask(mailbox_id, criterion, uids)
        if known is None:
            everything = (await self.store.snapshot(mailbox_id)).uids if uids is None else uids
            return array("Q", await self._look(mailbox_id, criterion, everything))
        looked = await self._look(mailbox_id, criterion, known.unknown)
        return array("Q", sorted([*known.uids, *looked])) if looked else known.uids

    async def _ask(self, mailbox_id: int, criterion: Criterion, uids: Sequence[int] | None) -> "array[int]":
        return await self.storage.read(lambda connection: by_columns(connection, mailbox_id, criterion, uids))

    async def _look(self, mailbox_id: int, criterion: IndexCriterion, uids: Sequence[int]) -> Sequence[int]:
        """Read the messages themselves, in pool threads; or their columns."""
        if isinstance(criterion, SentDate):
            return await self._ask(mailbox_id, criterion, uids) if uids else ()
        found: list[int] = []
        if isinstance(criterion, HeaderContains):
            for some in slices(uids, HEADERS):
                rows = await self.store.columns(mailbox_id, some, ("header",))
                found += await self.blocking.run(headers_that_hold, rows, criterion)
            return found
        for some in slices(uids, FILES):
            rows = await self.store.columns(mailbox_id, some, ("header", "parts"))
            opened = await self.store.open_many(mailbox_id, [row[0] for row in rows])
            found += await self.blocking.run(texts_that_hold, rows, opened, criterion)
        return found


def slices(uids: Sequence[int], size: int) -> Iterable[Sequence[int]]:
    """``uids`` in pieces."""
    return (uids[start : start + size] for start in range(0, len(uids), size))


def headers_that_hold(rows: Sequence[tuple[Any, ...]], criterion: HeaderContains) -> list[int]:
    """UIDs of the rows ``(uid, header)`` that meet the criterion. In a pool thread."""
    return [uid for uid, header in rows if holds(SearchText(header_lines(header), "", ""), criterion)]


def texts_that_hold(rows: Sequence[tuple[Any, ...]], opened: dict[int, Opened], criterion: TextCriterion) -> list[int]:
    """UIDs of the rows ``(uid, header, parts)`` whose message meets the criterion; closes the files. In a thread."""
    try:
        return [
            uid
            for uid, header, parts in rows
            if uid in opened and holds(search_text(header, unpack_parts(parts), opened[uid].read), criterion)
        ]
    finally:
        for file in opened.values():
            file.close()


@implementer(ITextIndex)
class NoTextIndex:
    """Knows nothing: every message is read for every search."""

    def wake(self) -> None:
        """Nothing to do."""

    async def find(self, mailbox_id: int, criterion: IndexCriterion, uids: Sequence[int] | None) -> Found | None:
        """Nothing is known."""
        return None

    async def unread(self, limit: int) -> list[Unread]:
        """Nothing is wanted."""
        return []

    async def add(self, texts: Sequence[tuple[Unread, SearchText | None]]) -> None:
        """Nothing is kept."""

    async def forget(self) -> int:
        """Nothing to forget."""
        return 0

    async def lag(self) -> int:
        """Nothing is missing."""
        return 0

    async def reset(self) -> None:
        """Nothing to do."""

    async def close(self) -> None:
        """Nothing to close."""
