"""FETCH: flags from the view, columns from the index, content from its file, in that order of cost."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import groupby
from typing import Any

from attrs import evolve, field, frozen

from daptinmail.errors import Malformed
from daptinmail.imap import binary
from daptinmail.imap.answers import Answer, Declined, no, ok
from daptinmail.imap.attributes import CLASSIC, MODERN, Rendering
from daptinmail.imap.binary import find_decoded
from daptinmail.imap.content import Response, send_responses
from daptinmail.imap.fetch_grammar import IN_VIEW
from daptinmail.imap.limits import (
    COLUMNS_SLICE,
    HEADER_SLICE,
    NUMBERS_ROWS,
    ROWS_BLOCK,
    TEXT_SLICE,
    VIEW_SLICE,
    WHOLE_SLICE,
)
from daptinmail.imap.resync import tell_vanished
from daptinmail.imap.sections import HeaderChoice, Source, column_of, find_source, in_header, is_whole, whole_message
from daptinmail.imap.selected import SelectedMailbox, values_at
from daptinmail.imap.session import Session
from daptinmail.imap.telling import IN_BLOCK, SIZE, fetch_block, view_column
from daptinmail.imap.values import Attribute, Fetch, FetchItem, FetchModifiers, Section
from daptinmail.interfaces.messages import FlagMode
from daptinmail.mail.structure import PartIndex, unpack_parts

SEEN = frozenset({rb"\Seen"})

SIZED = IN_VIEW | {SIZE}

NUMBERS = frozenset({"internal_date", "saved_at", "size"})
"""Columns of some octets each."""

Row = Sequence[Any]
"""The UID, then the columns of a plan."""


@frozen
class Plan:
    """What one FETCH needs. ``columns`` are asked of the index, ``places`` tells where each stands in a row.

    ``choices`` are the sections that the index answers; with others, files are read.
    """

    attributes: tuple[bytes, ...]
    sections: tuple[Section, ...]
    renderings: Mapping[bytes, Rendering]
    columns: tuple[str, ...] = field(init=False)
    places: dict[str, int] = field(init=False)
    choices: dict[Section, HeaderChoice] = field(init=False)

    def __attrs_post_init__(self) -> None:
        named = [self.renderings[name][0] for name in self.attributes if name in self.renderings]
        columns = tuple(dict.fromkeys([*named, *map(column_of, self.sections)]))
        own = filter(in_header, self.sections)
        object.__setattr__(self, "columns", columns)
        object.__setattr__(self, "places", {name: place for place, name in enumerate(columns, 1)})
        object.__setattr__(self, "choices", {section: HeaderChoice.of(section) for section in own})

    @classmethod
    def of(
        cls, items: Sequence[FetchItem], uid: bool, modseq: bool, renderings: Mapping[bytes, Rendering] = CLASSIC
    ) -> "Plan":
        """``uid``, ``modseq``: these are answered even if they were not asked for."""
        names = [item.name for item in items if isinstance(item, Attribute)]
        if uid and b"UID" not in names:
            names.insert(0, b"UID")
        if modseq and b"MODSEQ" not in names:
            names.append(b"MODSEQ")
        return cls(tuple(names), tuple(item for item in items if isinstance(item, Section)), renderings)

    @property
    def in_view(self) -> bool:
        """True if the view alone can answer."""
        return not self.sections and IN_VIEW.issuperset(self.attributes)

    @property
    def sized(self) -> bool:
        """True if the view and the messages' sizes can answer."""
        return not self.sections and SIZED.issuperset(self.attributes)

    @property
    def slice(self) -> int:
        """Messages at a time."""
        if self.in_view:
            return VIEW_SLICE
        if self.reads:  # a response is made of each before the first is sent
            return TEXT_SLICE if "parts" in self.columns else WHOLE_SLICE
        if "header" in self.columns:
            return HEADER_SLICE
        return NUMBERS_ROWS if NUMBERS.issuperset(self.columns) else COLUMNS_SLICE

    @property
    def reads(self) -> bool:
        """True if files must be opened."""
        return len(self.choices) < len(self.sections)

    @property
    def sets_seen(self) -> bool:
        r"""True if the messages count as read afterwards (RFC 3501 §6.4.5: all but PEEK)."""
        return any(not section.peek for section in self.sections)


async def fetch(session: Session, arguments: Fetch) -> Answer:
    """FETCH (RFC 3501 §6.4.5)."""
    return await _fetch(session, arguments, uid=False)


async def uid_fetch(session: Session, arguments: Fetch) -> Answer:
    """UID FETCH (RFC 3501 §6.4.8)."""
    return await _fetch(session, arguments, uid=True)


async def _fetch(session: Session, arguments: Fetch, uid: bool) -> Answer:
    view = session.selected
    modifiers = arguments.modifiers
    _check(session, modifiers, uid)
    renderings = MODERN if session.utf8 else CLASSIC
    plan = Plan.of(arguments.items, uid and not session.uidonly, modifiers.changed_since is not None, renderings)
    indexes = narrowed(view, session.indexes(arguments.messages, uid), modifiers)
    if b"MODSEQ" in plan.attributes:
        session.enable_condstore()
    if modifiers.vanished and modifiers.changed_since is not None:
        await tell_vanished(session, view, modifiers.changed_since, arguments.messages)
    sent = 0
    refused: Declined | None = None
    for number, some in enumerate(_slices(indexes, plan.slice)):
        if number:
            await session.breathe()
            session.progress(sent, len(indexes))
        if plan.in_view:
            session.writer.write(fetch_block(view, some, plan.attributes, session.uidonly))
            sent += len(some)
        elif plan.sized and (sizes := await session.store.sizes(view.mailbox.id, values_at(view.uids, some))):
            session.writer.write(fetch_block(view, some, plan.attributes, session.uidonly, sizes))
            sent += len(some)
        else:
            answered, refusal = await _fetch_some(session, view, some, plan)
            sent += answered
            refused = refused or refusal
    if refused is not None:
        raise refused
    if sent < len(indexes) and not uid:
        raise no(b"Some of the messages were expunged", b"EXPUNGEISSUED")
    return ok(b"FETCH completed")


def _slices(indexes: Sequence[int], size: int) -> Iterator[Sequence[int]]:
    return (indexes[start : start + size] for start in range(0, len(indexes), size))


def _check(session: Session, modifiers: FetchModifiers, uid: bool) -> None:
    """Some modifiers belong to UID FETCH (RFC 7162 §3.2.6, RFC 9394 §3.3)."""
    if (modifiers.vanished or modifiers.partial) and not uid:
        raise Malformed("That modifier is for UID FETCH")
    if modifiers.vanished and not session.qresync:
        raise Malformed("ENABLE QRESYNC first")


def narrowed(view: SelectedMailbox, indexes: Sequence[int], modifiers: FetchModifiers) -> Sequence[int]:
    """First PARTIAL, then CHANGEDSINCE (RFC 9394 §3.4)."""
    if modifiers.partial is not None:
        start, stop = modifiers.partial.window(len(indexes))
        indexes = indexes[start:stop]
    if modifiers.changed_since is not None:
        since, modseqs = modifiers.changed_since, view.modseqs
        indexes = [index for index in indexes if modseqs[index] > since]
    return indexes


async def _fetch_some(
    session: Session, view: SelectedMailbox, indexes: Sequence[int], plan: Plan
) -> tuple[int, Declined | None]:
    """Answer for these messages; how many of them still existed, and why there was no answer for some."""
    rows = await session.store.columns(view.mailbox.id, [view.uids[index] for index in indexes], plan.columns)
    seen = await _mark_seen(session, view, [row[0] for row in rows]) if plan.sets_seen else set()
    by_uid = dict(zip([view.uids[index] for index in indexes], indexes, strict=True))
    also = (b"UID", b"FLAGS", b"MODSEQ") if session.dialect.modseqs else (b"FLAGS",)
    plan_of_seen = evolve(plan, attributes=tuple(dict.fromkeys((*plan.attributes, *also)))) if seen else plan
    if plan.reads:
        return await _send_read(session, rows, by_uid, lambda index: plan_of_seen if index in seen else plan)
    for is_seen, some in groupby(rows, lambda row: by_uid[row[0]] in seen) if seen else ((False, rows),):
        for block in _blocks(view, by_uid, list(some), plan_of_seen if is_seen else plan, session.uidonly):
            session.writer.write(block)
            await session.writer.drain()
    return len(rows), None


def _blocks(
    view: SelectedMailbox, by_uid: dict[int, int], rows: Sequence[Row], plan: Plan, uidonly: bool
) -> Iterator[bytes]:
    """Answers that need no file, ``ROWS_BLOCK`` messages at a time, column by column: see ``fetch_block``."""
    word = b"UIDFETCH" if uidonly else b"FETCH"
    items = [IN_BLOCK.get(name, b"%b") for name in plan.attributes]
    items += [section.label.replace(b"%", b"%%") + b" {%d}\r\n%b" for section in plan.sections]
    template = b"* %%d %b (%b)\r\n" % (word, b" ".join(items))
    for start in range(0, len(rows), ROWS_BLOCK):
        columns = list(zip(*rows[start : start + ROWS_BLOCK], strict=True))
        indexes = [by_uid[uid] for uid in columns[0]]
        values: list[Iterable[Any]] = [columns[0] if uidonly else [index + 1 for index in indexes]]
        for name in plan.attributes:
            if name in IN_BLOCK:
                values.append(view_column(view, indexes, name))
            else:
                column, render = plan.renderings[name]
                values.append(map(render, columns[plan.places[column]]))
        for section in plan.sections:
            octets = list(map(plan.choices[section].choose, columns[plan.places[column_of(section)]]))
            values += [map(len, octets), octets]
        yield b"".join([template % row for row in zip(*values, strict=True)])


async def _send_read(
    session: Session, rows: Sequence[Row], by_uid: dict[int, int], plan_of: Callable[[int], Plan]
) -> tuple[int, Declined | None]:
    """Answers for which files are read."""
    view = session.selected
    responses: list[Response] = []
    refused = None
    for row in rows:
        index = by_uid[row[0]]
        try:
            responses.append(_response(view, index, row, plan_of(index), session.uidonly))
        except Declined as refusal:  # the others are answered
            refused = refusal
    return await send_responses(session, view.mailbox.id, responses), refused


def _response(view: SelectedMailbox, index: int, row: Row, plan: Plan, uidonly: bool) -> Response:
    start = b"* %d UIDFETCH (%b" if uidonly else b"* %d FETCH (%b"
    number = row[0] if uidonly else index + 1
    values = [_attribute(view, index, row, plan, name) for name in plan.attributes]
    parts = unpack_parts(row[plan.places["parts"]]) if "parts" in plan.places else None
    sources = [(section.label, _source(section, row, plan, parts)) for section in plan.sections]
    beginning = start % (number, b" ".join(values))
    return Response(row[0], beginning + b" " if values else beginning, sources)


def _source(section: Section, row: Row, plan: Plan, parts: PartIndex | None) -> Source:
    choice = plan.choices.get(section)
    if choice is not None:
        return choice.choose(row[plan.places[column_of(section)]])
    if parts is None or is_whole(section):
        return whole_message(section, row[plan.places["size"]])
    return find_decoded(section, parts) if section.text in binary.NAMES else find_source(section, parts)


async def _mark_seen(session: Session, view: SelectedMailbox, uids: list[int]) -> set[int]:
    r"""Set \Seen; the indexes of the messages that lacked it."""
    if view.read_only or "s" not in view.rights:
        return set()
    unseen = [uid for uid in uids if (index := view.index_of(uid)) is not None and SEEN.isdisjoint(view.flags[index])]
    if not unseen:
        return set()
    return set(view.take_flags(await session.store.change_flags(view.mailbox.id, unseen, FlagMode.ADD, SEEN)))


def _attribute(view: SelectedMailbox, index: int, row: Row, plan: Plan, name: bytes) -> bytes:
    if name in IN_BLOCK:
        return IN_BLOCK[name] % view_column(view, [index], name)[0]
    column, render = plan.renderings[name]
    return render(row[plan.places[column]])
