"""Answers to FETCH that need no file: rows of the index, read ahead, and put together column by column."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from attrs import define, field
from twisted.internet.defer import Deferred

from daptinmail.imap.fetch_plan import Plan
from daptinmail.imap.limits import ROWS_BLOCK
from daptinmail.imap.sections import column_of
from daptinmail.imap.selected import SelectedMailbox, values_at
from daptinmail.imap.telling import IN_BLOCK, view_column
from daptinmail.interfaces.mailboxes import IMailboxStore

Row = Sequence[Any]
"""The UID, then the columns of a plan."""

Rows = Sequence[Row]


@define(eq=False)
class RowsAhead:
    """Rows of messages, a slice of ``indexes`` at a time; while one is answered for, the next is read in its thread.

    Whoever makes one stops it.
    """

    _store: IMailboxStore
    _view: SelectedMailbox
    _columns: tuple[str, ...]
    _slices: Sequence[Sequence[int]]
    _reading: "dict[int, Deferred[Rows]]" = field(factory=dict, init=False)

    async def of(self, number: int) -> Rows:
        """The rows of one slice, ascending; messages that have gone have none."""
        rows = await (self._reading.pop(number, None) or self._read(number))
        if number + 1 < len(self._slices):
            self._reading[number + 1] = self._read(number + 1)
        return rows

    def stop(self) -> None:
        """Nobody waits any more."""
        for reading in self._reading.values():
            _ = reading.addErrback(lambda _: None)
        self._reading.clear()

    def _read(self, number: int) -> "Deferred[Rows]":
        return Deferred.fromCoroutine(self._rows(values_at(self._view.uids, self._slices[number])))

    async def _rows(self, uids: Sequence[int]) -> Rows:
        return await self._store.columns(self._view.mailbox.id, uids, self._columns)


def places(view: SelectedMailbox, indexes: Sequence[int], rows: Rows) -> Sequence[int]:
    """The index of each row, of rows that were read for ``indexes``."""
    if len(rows) == len(indexes):
        return indexes
    by_uid = dict(zip(values_at(view.uids, indexes), indexes, strict=True))
    return [by_uid[row[0]] for row in rows]


def blocks(view: SelectedMailbox, indexes: Sequence[int], rows: Rows, plan: Plan, uidonly: bool) -> Iterator[bytes]:
    """Answers for ``ROWS_BLOCK`` messages at a time; see ``telling.fetch_block``. Each row has its index."""
    word = b"UIDFETCH" if uidonly else b"FETCH"
    forms = [IN_BLOCK[name] if name in IN_BLOCK else plan.renderings[name].form for name in plan.attributes]
    forms += [section.label.replace(b"%", b"%%") + b" {%d}\r\n%b" for section in plan.sections]
    template = b"* %%d %b (%b)\r\n" % (word, b" ".join(forms))
    for start in range(0, len(rows), ROWS_BLOCK):
        values = _values(view, indexes[start : start + ROWS_BLOCK], rows[start : start + ROWS_BLOCK], plan, uidonly)
        yield b"".join([template % row for row in zip(*values, strict=True)])


def _values(
    view: SelectedMailbox, indexes: Sequence[int], rows: Rows, plan: Plan, uidonly: bool
) -> Iterator[Iterable[Any]]:
    """What ``blocks`` puts into its template, column by column."""
    columns = list(zip(*rows, strict=True))
    yield columns[0] if uidonly else [index + 1 for index in indexes]
    for name in plan.attributes:
        if name in IN_BLOCK:
            yield view_column(view, indexes, name)
        else:
            rendering = plan.renderings[name]
            values = columns[plan.places[rendering.column]]
            yield values if rendering.render is None else map(rendering.render, values)
    for section in plan.sections:
        octets = list(map(plan.choices[section], columns[plan.places[column_of(section)]]))
        yield map(len, octets)
        yield octets
