"""FETCH: flags from the view, metadata from the store, content from its file, in that order of cost."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime

from attrs import frozen

from daptinmail.errors import StoreDamaged
from daptinmail.imap.answers import Answer, no, ok
from daptinmail.imap.content import Response, send_responses
from daptinmail.imap.grammar import MONTHS
from daptinmail.imap.limits import METADATA_SLICE, TEXT_SLICE, VIEW_SLICE
from daptinmail.imap.sections import find_source, index_of, needs_parts
from daptinmail.imap.selected import SelectedMailbox
from daptinmail.imap.session import Session
from daptinmail.imap.values import Attribute, Fetch, FetchItem, Section
from daptinmail.interfaces.messages import METADATA_FIELDS, FlagMode, Metadata

SEEN = frozenset({rb"\Seen"})


@frozen
class Plan:
    """What one FETCH needs."""

    attributes: tuple[bytes, ...]
    sections: tuple[Section, ...]

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
        return not self.sections and all(name in {b"FLAGS", b"UID"} for name in self.attributes)

    @property
    def fields(self) -> frozenset[str]:
        """What must be read of the metadata."""
        named = {name.decode("ascii").lower() for name in self.attributes} & METADATA_FIELDS
        return frozenset(named | {"parts" if needs_parts(section) else "header" for section in self.sections})

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
    for number, some in enumerate(_slices(indexes, plan)):
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


def _slices(indexes: list[int], plan: Plan) -> Iterator[list[int]]:
    size = TEXT_SLICE if plan.sections else METADATA_SLICE if plan.fields else VIEW_SLICE
    return (indexes[start : start + size] for start in range(0, len(indexes), size))


def _from_view(view: SelectedMailbox, indexes: list[int], names: Sequence[bytes]) -> bytes:
    """All answers at once, column by column: mailboxes of many thousand messages are read this way at every start."""
    template = b"* %%d FETCH (%b)\r\n" % b" ".join(b"UID %d" if name == b"UID" else b"%b" for name in names)
    columns: list[Iterable[int | bytes]] = [[index + 1 for index in indexes]]
    columns += [map(view.uids.__getitem__ if name == b"UID" else view.rendered_flags, indexes) for name in names]
    return b"".join([template % row for row in zip(*columns, strict=True)])


async def _fetch_some(session: Session, view: SelectedMailbox, indexes: list[int], plan: Plan) -> int:
    """Answer for these messages; how many of them still existed."""
    found = await session.store.metadata(view.mailbox.id, [view.uids[index] for index in indexes], plan.fields)
    by_uid = {metadata.uid: metadata for metadata in found}
    seen = await _mark_seen(session, view, [metadata.uid for metadata in found]) if plan.sets_seen else set()
    responses: list[Response] = []
    for index in indexes:
        metadata = by_uid.get(view.uids[index])
        if metadata is not None:
            names = plan.attributes
            if index in seen and b"FLAGS" not in names:
                names = (*names, b"FLAGS")
            values = [_attribute(view, index, metadata, name) for name in names]
            responses.append(_response(index, metadata, values, plan.sections))
    if plan.sections:
        return await send_responses(session, view.mailbox.id, responses)
    for response in responses:
        session.writer.write(response.beginning + b")\r\n")
        await session.writer.drain()
    return len(responses)


def _response(index: int, metadata: Metadata, values: Sequence[bytes], sections: Sequence[Section]) -> Response:
    parts = index_of(metadata) if any(needs_parts(section) for section in sections) else None
    sources = [(section.label, find_source(section, metadata, parts)) for section in sections]
    beginning = b"* %d FETCH (%b" % (index + 1, b" ".join(values))
    return Response(metadata.uid, beginning + b" " if values and sources else beginning, sources)


async def _mark_seen(session: Session, view: SelectedMailbox, uids: list[int]) -> set[int]:
    r"""Set \Seen; the indexes of the messages that lacked it."""
    if view.read_only:
        return set()
    unseen = [uid for uid in uids if (index := view.index_of(uid)) is not None and SEEN.isdisjoint(view.flags[index])]
    if not unseen:
        return set()
    return set(view.take_flags(await session.store.change_flags(view.mailbox.id, unseen, FlagMode.ADD, SEEN)))


def _attribute(view: SelectedMailbox, index: int, metadata: Metadata, name: bytes) -> bytes:
    if name == b"FLAGS":
        return view.rendered_flags(index)
    if name == b"UID":
        return b"UID %d" % metadata.uid
    if name == b"INTERNALDATE":
        return b'INTERNALDATE "%b"' % date_time(metadata.internal_date)
    if name == b"RFC822.SIZE":
        return b"RFC822.SIZE %d" % metadata.size
    if name == b"ENVELOPE":
        return b"ENVELOPE " + metadata.envelope
    if name == b"BODY":
        return b"BODY " + metadata.body
    if name == b"BODYSTRUCTURE":
        return b"BODYSTRUCTURE " + metadata.bodystructure
    raise StoreDamaged(cause=f"no way to answer {name!r}")


def date_time(moment: datetime) -> bytes:
    """RFC 3501 §9 ``date-time``, without its quotes."""
    month = MONTHS[moment.month - 1].capitalize()
    clock = moment.strftime("%H:%M:%S").encode("ascii")
    offset = round((moment.utcoffset() or moment - moment).total_seconds() / 60)
    sign = b"-" if offset < 0 else b"+"
    zone = b"%b%02d%02d" % (sign, *divmod(abs(offset), 60))
    return b"%2d-%b-%04d %b %b" % (moment.day, month, moment.year, clock, zone)
