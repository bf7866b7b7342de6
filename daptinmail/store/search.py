"""Which messages of a mailbox meet a criterion: the database decides what it can, pool threads look at the rest."""

from array import array
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from attrs import define

from daptinmail.interfaces.messages import IMessageStore, Opened
from daptinmail.interfaces.runtime import IBlocking
from daptinmail.interfaces.search import BodyContains, Criterion, HeaderContains, TextContains
from daptinmail.interfaces.storage import IStorage
from daptinmail.mail.header import HeaderSection
from daptinmail.mail.structure import unpack_parts
from daptinmail.store.search_columns import by_columns
from daptinmail.store.text import SearchText, field_text, fold_needle, search_text

HEADERS = 100
"""Header sections in memory at once; each may have a megabyte."""

FILES = 50
"""Files open at once."""

Judge = Callable[[SearchText], bool]


@define(eq=False)
class Search:
    """Finds messages for ``store``."""

    storage: IStorage
    blocking: IBlocking
    store: IMessageStore

    async def find(self, mailbox_id: int, criterion: Criterion, uids: Sequence[int] | None = None) -> "array[int]":
        """The UIDs of the messages that meet ``criterion``, ascending; only among ``uids`` if given."""
        if not isinstance(criterion, HeaderContains | BodyContains | TextContains):
            return await self.storage.read(lambda connection: by_columns(connection, mailbox_id, criterion, uids))
        uids = (await self.store.snapshot(mailbox_id)).uids if uids is None else sorted(set(uids))
        if isinstance(criterion, HeaderContains):
            return await self._in_headers(mailbox_id, criterion, uids)
        return await self._in_texts(mailbox_id, judge_of(criterion), uids)

    async def _in_headers(self, mailbox_id: int, criterion: HeaderContains, uids: Sequence[int]) -> "array[int]":
        found = array("Q")
        for some in slices(uids, HEADERS):
            known = await self.store.columns(mailbox_id, some, ("header",))
            found.extend(await self.blocking.run(headers_with, known, criterion))
        return found

    async def _in_texts(self, mailbox_id: int, judge: Judge, uids: Sequence[int]) -> "array[int]":
        found = array("Q")
        for some in slices(uids, FILES):
            known = await self.store.columns(mailbox_id, some, ("header", "parts"))
            opened = await self.store.open_many(mailbox_id, [row[0] for row in known])
            found.extend(await self.blocking.run(texts_with, known, opened, judge))
        return found


def slices(uids: Sequence[int], size: int) -> Iterable[Sequence[int]]:
    """``uids`` in pieces."""
    return (uids[start : start + size] for start in range(0, len(uids), size))


def judge_of(criterion: BodyContains | TextContains) -> Judge:
    """What tells whether a text meets the criterion."""
    needle = fold_needle(criterion.text)
    if isinstance(criterion, BodyContains):
        return lambda text: needle in text.body
    return lambda text: needle in text.header or needle in text.mime or needle in text.body


def headers_with(known: Sequence[tuple[Any, ...]], criterion: HeaderContains) -> list[int]:
    """UIDs of the messages whose header section meets the criterion. In a pool thread."""
    needle, found = fold_needle(criterion.text), []
    for uid, header in known:
        text = field_text(HeaderSection(header), criterion.field)
        if text is not None and needle in text:
            found.append(uid)
    return found


def texts_with(known: Sequence[tuple[Any, ...]], opened: dict[int, Opened], judge: Judge) -> list[int]:
    """UIDs of the messages whose text the judge takes; closes the files. In a pool thread."""
    found = []
    try:
        for uid, header, parts in known:
            file = opened.get(uid)
            if file is not None and judge(search_text(header, unpack_parts(parts), file.read)):
                found.append(uid)
    finally:
        for file in opened.values():
            file.close()
    return found
