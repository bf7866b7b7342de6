"""Content from its file to the client: read in a pool thread, in chunks, no faster than the client takes it."""

from collections.abc import Iterator, Sequence

from attrs import frozen
from twisted.logger import Logger

from daptinmail.errors import DaptinmailError, StoreDamaged
from daptinmail.imap.limits import CONTENT_CHUNK
from daptinmail.imap.responses import Disconnected
from daptinmail.imap.sections import Selection, Source, Stretch
from daptinmail.imap.session import Session
from daptinmail.interfaces.messages import Opened

log = Logger()

Sources = Sequence[tuple[bytes, Source]]


@frozen
class Response:
    """One FETCH response to come: its ``beginning``, then every source under its label, then the end of the line."""

    uid: int
    beginning: bytes
    sources: Sources

    @property
    def reads(self) -> list[Stretch | Selection]:
        """What must be read from the file."""
        return [source for _, source in self.sources if isinstance(source, Stretch | Selection)]

    @property
    def size(self) -> int:
        """How many octets that is."""
        return sum(_stretch(source).size for source in self.reads)


async def send_responses(session: Session, mailbox_id: int, responses: Sequence[Response]) -> int:
    """Send them in order; how many of the messages still existed.

    Nothing is sent of a message before it is open and, if it is small, read.

    Raises:
        StoreDamaged: a file is shorter than the index says.
    """
    sent = 0
    for group in _groups(responses):
        opened = await _open(session, mailbox_id, [response.uid for response in group if response.reads])
        if group[0].size > CONTENT_CHUNK:
            sent += await _send_large(session, opened, group[0])
        else:
            sent += await _send_small(session, opened, group)
        await session.writer.drain()
    return sent


def _groups(responses: Sequence[Response]) -> Iterator[list[Response]]:
    """Neighbours that together are no more than ``CONTENT_CHUNK``; a larger one stands alone."""
    group: list[Response] = []
    total = 0
    for response in responses:
        if group and total + response.size > CONTENT_CHUNK:
            yield group
            group, total = [], 0
        group.append(response)
        total += response.size
    if group:
        yield group


async def _open(session: Session, mailbox_id: int, uids: list[int]) -> dict[int, Opened]:
    return await session.store.open_many(mailbox_id, uids) if uids else {}


async def _send_large(session: Session, opened: dict[int, Opened], response: Response) -> int:
    if response.uid not in opened:
        return 0
    file = opened[response.uid]
    try:
        await _stream(session, file, response.beginning, response.sources)
    finally:
        await session.edge.blocking.run(file.close)
    return 1


async def _send_small(session: Session, opened: dict[int, Opened], group: Sequence[Response]) -> int:
    octets = await session.edge.blocking.run(_read_group, opened, group) if opened else {}
    sent = 0
    for response in group:
        if response.reads and response.uid not in opened:
            continue
        read = octets.get(response.uid, [])
        if isinstance(read, Exception):
            raise read
        following = iter(read)
        known = [
            _known(label, next(following) if isinstance(source, Stretch | Selection) else source)
            for label, source in response.sources
        ]
        session.writer.write(response.beginning + b" ".join(known) + b")\r\n")
        sent += 1
    return sent


def _read_group(opened: dict[int, Opened], group: Sequence[Response]) -> dict[int, list[bytes] | Exception]:
    """In a pool thread. What cannot be read spoils no other message."""
    octets: dict[int, list[bytes] | Exception] = {}
    for response in group:
        if response.uid in opened:
            try:
                octets[response.uid] = _read_all(opened[response.uid], response.reads)
            except (OSError, StoreDamaged) as error:
                octets[response.uid] = error
    return octets


def _stretch(source: Stretch | Selection) -> Stretch:
    return source.header if isinstance(source, Selection) else source


def _known(label: bytes, source: Source) -> bytes:
    """``label`` and a literal, or NIL."""
    if isinstance(source, bytes):
        return b"%b {%d}\r\n%b" % (label, len(source), source)
    return label + b" NIL"


def _read_all(opened: Opened, sources: Sequence[Stretch | Selection]) -> list[bytes]:
    """In a pool thread: everything at once, then close."""
    try:
        return [_read(opened, source) for source in sources]
    finally:
        opened.close()


def _read(opened: Opened, source: Stretch | Selection) -> bytes:
    stretch = _stretch(source)
    octets = opened.read(stretch.start, stretch.size) if stretch.size else b""
    if len(octets) != stretch.size:
        raise StoreDamaged(cause="content is shorter than its index says")
    return source.choose(octets) if isinstance(source, Selection) else octets


async def _stream(session: Session, opened: Opened, beginning: bytes, sources: Sources) -> None:
    session.writer.write(beginning)
    for position, (label, source) in enumerate(sources):
        session.writer.write(b" " if position else b"")
        if isinstance(source, Stretch):
            session.writer.write(b"%b {%d}\r\n" % (label, source.size))
            await _send_stretch(session, opened, source)
        elif isinstance(source, Selection):
            session.writer.write(_known(label, await _inside_response(session, opened, source)))
        else:
            session.writer.write(_known(label, source))
    session.writer.write(b")\r\n")


async def _send_stretch(session: Session, opened: Opened, stretch: Stretch) -> None:
    for start in range(stretch.start, stretch.end, CONTENT_CHUNK):
        chunk = Stretch(start, min(start + CONTENT_CHUNK, stretch.end))
        session.writer.write(await _inside_response(session, opened, chunk))
        await session.writer.drain()


async def _inside_response(session: Session, opened: Opened, source: Stretch | Selection) -> bytes:
    """Read while a response is half sent: on failure only the end of the connection keeps the client from harm."""
    try:
        return await session.edge.blocking.run(_read, opened, source)
    except (OSError, DaptinmailError):
        log.failure("{connection}: content could not be read", connection=session.id)
        raise Disconnected from None
