"""Content from its file to the client: read in pool threads, in pieces, no faster than the client takes it."""

from collections.abc import Awaitable, Iterator, Sequence
from functools import partial
from itertools import pairwise
from typing import TypeVar

from attrs import field, frozen
from twisted.internet.defer import Deferred
from twisted.logger import Logger

from daptinmail.errors import DaptinmailError, NotFound
from daptinmail.imap.limits import CONTENT_CHUNK
from daptinmail.imap.responses import Disconnected
from daptinmail.imap.sections import Source, literal
from daptinmail.imap.session import Session
from daptinmail.interfaces.messages import Opened

log = Logger()
T = TypeVar("T")

Piece = tuple[bytes, Sequence[bytes]]
"""What stands before some octets, and the octets."""


@frozen
class Response:
    """One FETCH response to come: its ``beginning``, then every source under its label, then the end of the line."""

    uid: int
    beginning: bytes
    sources: Sequence[tuple[bytes, Source]]
    cost: int = field(init=False)
    """Octets to be read."""

    def __attrs_post_init__(self) -> None:
        cost = sum(source.cost for _, source in self.sources if source is not None and not isinstance(source, bytes))
        object.__setattr__(self, "cost", cost)

    def read(self, opened: Opened) -> "list[Piece] | Exception":
        """In a pool thread: everything at once. What cannot be read spoils no other message."""
        try:
            return [self._piece(opened, label, source) for label, source in self.sources]
        except (OSError, DaptinmailError) as error:
            return error

    def _piece(self, opened: Opened, label: bytes, source: Source) -> Piece:
        if source is None:
            return label + b" NIL", ()
        before, octets = literal(source) if isinstance(source, bytes) else source.stream(opened)
        return b"%b %b" % (label, before), tuple(octets)


async def send_responses(session: Session, mailbox_id: int, responses: Sequence[Response]) -> int:
    """Send them in order; how many of the messages still existed.

    Nothing is sent of a message before it is open and, if it is small, read. While one group is sent the next is read.

    Raises:
        StoreDamaged: a file is shorter than the index says.
    """
    sent = 0
    ahead: Deferred[dict[int, list[Piece] | Exception]] | None = None
    try:
        for group, following in pairwise([*_groups(responses), None]):
            if group is None:
                break
            if _is_large(group):
                sent += await _send_large(session, mailbox_id, group[0])
            else:
                read = await (ahead or _read(session, mailbox_id, group))
                ahead = None
                if following is not None and not _is_large(following):
                    ahead = Deferred.fromCoroutine(_read(session, mailbox_id, following))
                sent += _send_small(session, group, read)
            await session.writer.drain()
    finally:
        if ahead is not None:
            _ = ahead.addErrback(lambda _: None)  # nobody waits for it any more
    return sent


def _is_large(group: Sequence[Response]) -> bool:
    return group[0].cost > CONTENT_CHUNK


def _groups(responses: Sequence[Response]) -> Iterator[list[Response]]:
    """Neighbours that together are no more than ``CONTENT_CHUNK``; a larger one stands alone."""
    group: list[Response] = []
    total = 0
    for response in responses:
        if group and total + response.cost > CONTENT_CHUNK:
            yield group
            group, total = [], 0
        group.append(response)
        total += response.cost
    if group:
        yield group


async def _read(session: Session, mailbox_id: int, group: Sequence[Response]) -> dict[int, list[Piece] | Exception]:
    return await session.store.visit(mailbox_id, {response.uid: response.read for response in group})


def _send_small(session: Session, group: Sequence[Response], read: dict[int, list[Piece] | Exception]) -> int:
    sent = 0
    write = session.writer.write
    for response in group:
        pieces = read.get(response.uid)
        if pieces is None:
            continue
        if isinstance(pieces, Exception):
            raise pieces
        between = response.beginning
        for before, octets in pieces:
            write(between + before)
            for some in octets:
                write(some)
            between = b" "
        write(b")\r\n")
        sent += 1
    return sent


async def _send_large(session: Session, mailbox_id: int, response: Response) -> int:
    try:
        opened = await session.store.open(mailbox_id, response.uid)
    except NotFound:
        return 0
    try:
        await _stream(session, opened, response)
    finally:
        await session.edge.blocking.run(opened.close)
    return 1


async def _stream(session: Session, opened: Opened, response: Response) -> None:
    """Of what is not known to be readable nothing is announced. Once a response is half sent, only the end of the
    connection keeps the client from harm.
    """
    run = session.edge.blocking.run
    between = response.beginning
    for label, source in response.sources:
        begun = between is not response.beginning
        if source is None:
            session.writer.write(between + label + b" NIL")
        else:
            reading = partial(literal, source) if isinstance(source, bytes) else partial(source.stream, opened)
            before, octets = await _inside(session, run(reading), begun)
            session.writer.write(b"%b%b %b" % (between, label, before))
            while (some := await _inside(session, run(next, octets, None), begun=True)) is not None:
                session.writer.write(some)
                await session.writer.drain()
        between = b" "
    session.writer.write(b")\r\n")


async def _inside(session: Session, reading: Awaitable[T], begun: bool) -> T:
    try:
        return await reading
    except (OSError, DaptinmailError):
        if not begun:
            raise
        log.failure("{connection}: content could not be read", connection=session.id)
        raise Disconnected from None
