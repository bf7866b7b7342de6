"""``ITextIndex`` in PostgreSQL: the table ``content_text``, narrowed by pg_trgm where the role may have it.

Rows go with their contents by the foreign key. Writes have a connection of their own, so that mail waits for none.
"""

from array import array
from collections.abc import Callable, Sequence
from typing import Any

from attrs import define, field
from sqlalchemy import (
    ColumnElement,
    Connection,
    Engine,
    bindparam,
    delete,
    exists,
    func,
    or_,
    select,
    true,
)
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import SQLAlchemyError
from twisted.logger import Logger
from zope.interface import implementer

from daptinmail.db.engine import reason
from daptinmail.db.schema import content_text, mail, mail_content
from daptinmail.errors import Unavailable
from daptinmail.interfaces.runtime import IBlocking
from daptinmail.interfaces.search import (
    BodyContains,
    Found,
    HeaderContains,
    IndexCriterion,
    ITextIndex,
    SearchText,
    SentDate,
    TextCriterion,
    Unread,
)
from daptinmail.interfaces.storage import IStorage
from daptinmail.store.rows import folder_by_id
from daptinmail.store.text import FIELDS, field_name, head_of, holds, needle_of
from daptinmail.store.text_queries import FEW, ascending
from daptinmail.store.text_sqlite import CONTENTS

log = Logger()

MARGIN = 10_000
"""Ids may be committed in another order than they were given out; so far back is looked again."""

_text = content_text.c
_known = _text.header.is_not(None)
_MESSAGES = select(mail.c.uid).where(mail.c.mail_box_id == bindparam("mailbox_id"))
_WITH_TEXT = _MESSAGES.join_from(mail, content_text, _text.content_id == mail.c.content_id)
_UNKNOWN = _MESSAGES.outerjoin_from(mail, content_text, _text.content_id == mail.c.content_id).where(~_known)
_NOT_HERE = ~exists().where(_text.content_id == mail_content.c.id)
_UNREAD = (
    CONTENTS.where(mail_content.c.id > bindparam("mark"), _NOT_HERE)
    .order_by(mail_content.c.id)
    .limit(bindparam("most"))
)
_LAG = select(func.count()).select_from(mail_content).where(mail_content.c.id > bindparam("mark"), _NOT_HERE)


@implementer(ITextIndex)
@define(eq=False)
class PostgresqlTextIndex:
    """``engine`` writes, in ``writer``'s thread; ``storage`` reads."""

    storage: IStorage
    writer: IBlocking
    engine: Engine
    woken: Callable[[], None] = field(default=lambda: None, init=False)
    """Told when mail has come or gone."""
    _mark: int = field(default=0, init=False)

    async def open(self) -> None:
        """Ask again for what could not be read before."""
        await self._write(delete(content_text).where(~_known))

    def wake(self) -> None:
        """Mail has come or gone."""
        self.woken()

    async def find(self, mailbox_id: int, criterion: IndexCriterion, uids: Sequence[int] | None) -> Found | None:
        """What the table knows: no dates, which are columns of the contents."""
        if isinstance(criterion, SentDate):
            return None
        return await self.storage.read(lambda connection: find(connection, mailbox_id, criterion, uids))

    async def unread(self, limit: int) -> list[Unread]:
        """Contents without a row."""
        known = {"mark": max(0, self._mark - MARGIN), "most": limit}
        return await self.storage.read(lambda connection: [Unread(*row) for row in connection.execute(_UNREAD, known)])

    async def add(self, texts: Sequence[tuple[Unread, SearchText | None]]) -> None:
        """Write them; a content that has gone meanwhile is passed over."""
        await self.writer.run(self._add, [(unread.content_id, _row_of(text)) for unread, text in texts])
        self._mark = max(self._mark, texts[-1][0].content_id)

    async def forget(self) -> int:
        """Rows go by themselves."""
        return 0

    async def lag(self) -> int:
        """Contents without a row."""
        known = {"mark": max(0, self._mark - MARGIN)}
        return await self.storage.read(lambda connection: connection.execute(_LAG, known).scalar_one())

    async def reset(self) -> None:
        """Empty the table."""
        await self._write(delete(content_text))
        self._mark = 0

    async def close(self) -> None:
        """Close the connection that writes."""
        await self.writer.run(self.engine.dispose)

    def discard(self) -> None:
        """Let the next start begin from nothing. Blocking; only while no index is open."""
        self._execute(delete(content_text))

    async def _write(self, statement: Any) -> None:
        await self.writer.run(self._execute, statement)

    def _execute(self, statement: Any) -> None:
        try:
            with self.engine.begin() as connection:
                connection.execute(statement)
        except SQLAlchemyError as error:
            raise Unavailable(cause=reason(error)) from error

    def _add(self, rows: Sequence[tuple[int, dict[str, str | None]]]) -> None:
        here = (
            select(mail_content.c.id).where(mail_content.c.id.in_([key for key, _ in rows])).with_for_update(read=True)
        )
        try:
            with self.engine.begin() as connection:
                left = set(connection.execute(here).scalars())
                values = [{"content_id": key, **row} for key, row in rows if key in left]
                if values:
                    connection.execute(insert(content_text).on_conflict_do_nothing(), values)
        except SQLAlchemyError as error:
            raise Unavailable(cause=reason(error)) from error


def find(connection: Connection, mailbox_id: int, criterion: TextCriterion, uids: Sequence[int] | None) -> Found:
    """What is known of a mailbox, or of the messages ``uids`` in it. Raises ``NotFound``."""
    folder_by_id(connection, mailbox_id)
    few = uids is not None and len(uids) <= FEW
    only = mail.c.uid.in_(uids) if few and uids is not None else true()
    statement = _WITH_TEXT.where(only, _condition(criterion))
    by_line = isinstance(criterion, HeaderContains) and field_name(criterion.field) not in FIELDS
    if by_line:
        statement = statement.add_columns(_text.header)
    rows = connection.execute(statement, {"mailbox_id": mailbox_id})
    found = array("Q", [row[0] for row in rows if not by_line or holds(SearchText(row[1], "", ""), criterion)])
    unknown = array("Q", connection.execute(_UNKNOWN.where(only), {"mailbox_id": mailbox_id}).scalars())
    return ascending(Found(found, unknown), None if few else uids)


def _condition(criterion: TextCriterion) -> "ColumnElement[bool]":
    """The criterion in SQL; LIKE is exact, and what pg_trgm can narrow."""
    needle = needle_of(criterion.text)
    if isinstance(criterion, BodyContains):
        return _known & _has(_text.body, needle.text)
    if not isinstance(criterion, HeaderContains):
        line = needle.line
        return _known & or_(_has(_text.header, line), _has(_text.mime, line), _has(_text.body, needle.text))
    name = field_name(criterion.field)
    if name in FIELDS:
        return _known & _has(_text[name], needle.line)
    return _has(_text.header, f"\n{name}: ") & _has(_text.header, needle.line)


def _has(column: "ColumnElement[Any]", text: str) -> "ColumnElement[bool]":
    escaped = text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
    return column.like(f"%{escaped}%")


def _row_of(text: SearchText | None) -> dict[str, str | None]:
    if text is None:
        return dict.fromkeys((*FIELDS, "header", "mime", "body"))
    return {
        **dict(zip(FIELDS, head_of(text), strict=True)),
        "header": text.header,
        "mime": text.mime,
        "body": text.body,
    }
