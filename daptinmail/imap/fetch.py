"""FETCH: flags from the view, columns from the index, content from its file, in that order of cost."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date
from functools import lru_cache
from typing import Any

from attrs import field, frozen

from daptinmail.imap.answers import Answer, no, ok
from daptinmail.imap.content import Response, send_responses
from daptinmail.imap.grammar import MONTHS
from daptinmail.imap.limits import COLUMNS_SLICE, HEADER_SLICE, TEXT_SLICE, VIEW_SLICE
from daptinmail.imap.sections import HeaderChoice, Source, column_of, find_source, needs_parts
from daptinmail.imap.selected import SelectedMailbox
from daptinmail.imap.session import Session
from daptinmail.imap.values import Attribute, Fetch, FetchItem, Section
from daptinmail.interfaces.messages import FlagMode
from daptinmail.mail.structure import PartIndex, unpack_parts

SEEN = frozenset({rb"\Seen"})
IN_VIEW = frozenset({b"FLAGS", b"UID"})

DAY = 86_400_000  # milliseconds
EPOCH = 719_163  # the day 1970-01-01 as ``date.toordinal`` counts


def date_time(milliseconds: int) -> bytes:
    """RFC 3501 §9 ``date-time``, without its quotes, in UTC."""
    day, rest = divmod(milliseconds, DAY)
    seconds = rest // 1000
    return b"%b %02d:%02d:%02d +0000" % (_day(day), seconds // 3600, seconds // 60 % 60, seconds % 60)


@lru_cache(maxsize=4096)
def _day(number: int) -> bytes:
    moment = date.fromordinal(EPOCH + number)
    return b"%2d-%b-%04d" % (moment.day, MONTHS[moment.month - 1].capitalize(), moment.year)


RENDERED: dict[bytes, tuple[str, Callable[[Any], bytes]]] = {
    b"INTERNALDATE": ("internal_date", lambda moment: b'INTERNALDATE "%b"' % date_time(moment)),
    b"RFC822.SIZE": ("size", b"RFC822.SIZE %d".__mod__),
    b"ENVELOPE": ("envelope", b"ENVELOPE ".__add__),
    b"BODY": ("body", b"BODY ".__add__),
    b"BODYSTRUCTURE": ("bodystructure", b"BODYSTRUCTURE ".__add__),
}
"""Attributes that the index answers: the column, and how its value is sent."""


@frozen
class Plan:
    """What one FETCH needs. ``columns`` are asked of the index, ``places`` tells where each stands in a row."""

    attributes: tuple[bytes, ...]
    sections: tuple[Section, ...]
    columns: tuple[str, ...] = field(init=False)
    places: dict[str, int] = field(init=False)
    choices: dict[Section, HeaderChoice] = field(init=False)

    def __attrs_post_init__(self) -> None:
        named = [RENDERED[name][0] for name in self.attributes if name in RENDERED]
        columns = tuple(dict.fromkeys([*named, *map(column_of, self.sections)]))
        own = [section for section in self.sections if not needs_parts(section)]
        object.__setattr__(self, "columns", columns)
        object.__setattr__(self, "places", {name: place for place, name in enumerate(columns, 1)})
        object.__setattr__(self, "choices", {section: HeaderChoice.of(section) for section in own})

    @classmethod
    def of(cls, items: Sequence[FetchItem], uid: bool) -> "Plan":
        """UID FETCH always answers the UID (RFC 3501 §6.4.8)."""
        names = [item.name for item in items if isinstance(item, Attribute)]
        if uid and b"UID" not in names:
            names.insert(0, b"UID")
        return cls(tuple(names), tuple(item for item in items if isinstance(item, Section)))

    @property
    def in_view(self) -> bool:
        """True if the view alone can answer."""
        return not self.sections and IN_VIEW.issuperset(self.attributes)

    @property
    def slice(self) -> int:
        """Messages at a time."""
        if self.in_view:
            return VIEW_SLICE
        if "parts" in self.columns:
            return TEXT_SLICE
        return HEADER_SLICE if "header" in self.columns else COLUMNS_SLICE

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
    plan = Plan.of(arguments.items, uid)
    indexes = view.indexes(arguments.messages, uid)
    sent = 0
    for number, some in enumerate(_slices(indexes, plan.slice)):
        if number:
            await session.breathe()
        if plan.in_view:
            session.writer.write(_from_view(view, some, plan.attributes))
            sent += len(some)
        else:
            sent += await _fetch_some(session, view, some, plan)
    if sent < len(indexes) and not uid:
        raise no(b"Some of the messages were expunged", b"EXPUNGEISSUED")
    return ok(b"FETCH completed")


def _slices(indexes: list[int], size: int) -> Iterator[list[int]]:
    return (indexes[start : start + size] for start in range(0, len(indexes), size))


def _from_view(view: SelectedMailbox, indexes: list[int], names: Sequence[bytes]) -> bytes:
    """All answers at once, column by column: mailboxes of many thousand messages are read this way at every start."""
    template = b"* %%d FETCH (%b)\r\n" % b" ".join(b"UID %d" if name == b"UID" else b"%b" for name in names)
    columns: list[Iterable[int | bytes]] = [[index + 1 for index in indexes]]
    columns += [map(view.uids.__getitem__ if name == b"UID" else view.rendered_flags, indexes) for name in names]
    return b"".join([template % row for row in zip(*columns, strict=True)])


async def _fetch_some(session: Session, view: SelectedMailbox, indexes: list[int], plan: Plan) -> int:
    """Answer for these messages; how many of them still existed."""
    rows = await session.store.columns(view.mailbox.id, [view.uids[index] for index in indexes], plan.columns)
    seen = await _mark_seen(session, view, [row[0] for row in rows]) if plan.sets_seen else set()
    by_uid = dict(zip([view.uids[index] for index in indexes], indexes, strict=True))
    responses = [_response(view, by_uid[row[0]], row, plan, by_uid[row[0]] in seen) for row in rows]
    if "parts" in plan.columns:
        return await send_responses(session, view.mailbox.id, responses)
    for response in responses:
        session.writer.write(response.beginning + b")\r\n")
        await session.writer.drain()
    return len(responses)


def _response(view: SelectedMailbox, index: int, row: Sequence[Any], plan: Plan, seen: bool) -> Response:
    names = plan.attributes
    if seen and b"FLAGS" not in names:
        names = (*names, b"FLAGS")
    values = [_attribute(view, index, row, plan, name) for name in names]
    if "parts" not in plan.columns:
        values += [_own_header(section, row, plan) for section in plan.sections]
        return Response(row[0], b"* %d FETCH (%b" % (index + 1, b" ".join(values)), ())
    parts = unpack_parts(row[plan.places["parts"]])
    sources = [(section.label, _source(section, row, plan, parts)) for section in plan.sections]
    beginning = b"* %d FETCH (%b" % (index + 1, b" ".join(values))
    return Response(row[0], beginning + b" " if values else beginning, sources)


def _own_header(section: Section, row: Sequence[Any], plan: Plan) -> bytes:
    octets = plan.choices[section].choose(row[plan.places[column_of(section)]])
    return b"%b {%d}\r\n%b" % (section.label, len(octets), octets)


def _source(section: Section, row: Sequence[Any], plan: Plan, parts: PartIndex) -> Source:
    choice = plan.choices.get(section)
    if choice is None:
        return find_source(section, parts)
    return choice.choose(row[plan.places[column_of(section)]])


async def _mark_seen(session: Session, view: SelectedMailbox, uids: list[int]) -> set[int]:
    r"""Set \Seen; the indexes of the messages that lacked it."""
    if view.read_only:
        return set()
    unseen = [uid for uid in uids if (index := view.index_of(uid)) is not None and SEEN.isdisjoint(view.flags[index])]
    if not unseen:
        return set()
    return set(view.take_flags(await session.store.change_flags(view.mailbox.id, unseen, FlagMode.ADD, SEEN)))


def _attribute(view: SelectedMailbox, index: int, row: Sequence[Any], plan: Plan, name: bytes) -> bytes:
    if name == b"FLAGS":
        return view.rendered_flags(index)
    if name == b"UID":
        return b"UID %d" % row[0]
    column, render = RENDERED[name]
    return render(row[plan.places[column]])
