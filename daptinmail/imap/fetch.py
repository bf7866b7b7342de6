"""FETCH: flags from the view, columns from the index, content from its file, in that order of cost."""

from collections.abc import Callable, Iterator, Sequence
from itertools import groupby

from attrs import evolve

from daptinmail.errors import Malformed
from daptinmail.imap import binary
from daptinmail.imap.answers import Answer, Declined, no, ok
from daptinmail.imap.attributes import CLASSIC, MODERN
from daptinmail.imap.binary import find_decoded
from daptinmail.imap.content import Response, send_responses
from daptinmail.imap.fetch_plan import Plan
from daptinmail.imap.fetch_rows import Row, Rows, RowsAhead, blocks, places
from daptinmail.imap.resync import tell_vanished
from daptinmail.imap.sections import Source, column_of, find_source, is_whole, whole_message
from daptinmail.imap.selected import SelectedMailbox, values_at
from daptinmail.imap.session import Session
from daptinmail.imap.telling import IN_BLOCK, fetch_block, view_column
from daptinmail.imap.values import Fetch, FetchModifiers, Section
from daptinmail.interfaces.messages import FlagMode
from daptinmail.mail.structure import PartIndex, unpack_parts

SEEN = frozenset({rb"\Seen"})


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
    slices = _slices(indexes, plan.slice)
    ahead = RowsAhead(session.store, view, plan.columns, slices)
    try:
        sent, refused = await _answer(session, view, slices, plan, ahead)
    finally:
        ahead.stop()
    if refused is not None:
        raise refused
    if sent < len(indexes) and not uid:
        raise no(b"Some of the messages were expunged", b"EXPUNGEISSUED")
    return ok(b"FETCH completed")


def _slices(indexes: Sequence[int], size: int) -> Sequence[Sequence[int]]:
    return [indexes[start : start + size] for start in range(0, len(indexes), size)]


async def _answer(
    session: Session, view: SelectedMailbox, slices: Sequence[Sequence[int]], plan: Plan, ahead: RowsAhead
) -> tuple[int, Declined | None]:
    """How many of the messages still existed, and why there was no answer for some."""
    sent, goal = 0, sum(map(len, slices))
    refused: Declined | None = None
    for number, some in enumerate(slices):
        if number:
            await session.breathe()
            session.progress(sent, goal)
        if plan.in_view:
            session.writer.write(fetch_block(view, some, plan.attributes, session.uidonly))
            sent += len(some)
        elif plan.sized and (sizes := await session.store.sizes(view.mailbox.id, values_at(view.uids, some))):
            session.writer.write(fetch_block(view, some, plan.attributes, session.uidonly, sizes))
            sent += len(some)
        else:
            rows = await ahead.of(number)
            answered, refusal = await _fetch_some(session, view, places(view, some, rows), rows, plan)
            sent += answered
            refused = refused or refusal
    return sent, refused


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
    session: Session, view: SelectedMailbox, indexes: Sequence[int], rows: Rows, plan: Plan
) -> tuple[int, Declined | None]:
    """Answer for messages that have rows; for how many of them there was content, and why not for some."""
    seen = await _mark_seen(session, view, [row[0] for row in rows]) if plan.sets_seen else set()
    also = (b"UID", b"FLAGS", b"MODSEQ") if session.dialect.modseqs else (b"FLAGS",)
    plan_of_seen = evolve(plan, attributes=tuple(dict.fromkeys((*plan.attributes, *also)))) if seen else plan
    if plan.reads:
        return await _send_read(session, indexes, rows, lambda index: plan_of_seen if index in seen else plan)
    for some, is_seen in _stretches(indexes, seen):
        for block in blocks(view, indexes[some], rows[some], plan_of_seen if is_seen else plan, session.uidonly):
            session.writer.write(block)
            await session.writer.drain()
    return len(rows), None


def _stretches(indexes: Sequence[int], chosen: set[int]) -> Iterator[tuple[slice, bool]]:
    """Where neighbours lie that are all among ``chosen``, or all not."""
    start = 0
    for is_chosen, group in groupby(indexes, chosen.__contains__):
        stop = start + len(list(group))
        yield slice(start, stop), is_chosen
        start = stop


async def _send_read(
    session: Session, indexes: Sequence[int], rows: Rows, plan_of: Callable[[int], Plan]
) -> tuple[int, Declined | None]:
    """Answers for which files are read."""
    view = session.selected
    responses: list[Response] = []
    refused = None
    for index, row in zip(indexes, rows, strict=True):
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
        return choice(row[plan.places[column_of(section)]])
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
    rendering = plan.renderings[name]
    return rendering.of(row[plan.places[rendering.column]])
