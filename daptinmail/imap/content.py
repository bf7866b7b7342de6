"""Content from its file to the client: read in a pool thread, in chunks, no faster than the client takes it."""

from collections.abc import Sequence

from twisted.logger import Logger

from daptinmail.errors import DaptinmailError, StoreDamaged
from daptinmail.imap.limits import CONTENT_CHUNK
from daptinmail.imap.responses import Disconnected
from daptinmail.imap.sections import Selection, Source, Stretch
from daptinmail.imap.session import Session
from daptinmail.interfaces.messages import Opened

log = Logger()

Sources = Sequence[tuple[bytes, Source]]


async def send_content(session: Session, mailbox_id: int, uid: int, beginning: bytes, sources: Sources) -> None:
    """Send ``beginning``, every source under its label, and the end of the line.

    Nothing is sent before the message is open and, if it is small, read.

    Raises:
        NotFound: the message is gone.
        StoreDamaged: the file is shorter than the index says.
    """
    reads = [source for _, source in sources if isinstance(source, Stretch | Selection)]
    if not reads:
        session.writer.write(beginning + b" ".join(_known(label, source) for label, source in sources) + b")\r\n")
        return
    opened = await session.store.open(mailbox_id, uid)
    if sum(_stretch(source).size for source in reads) <= CONTENT_CHUNK:
        octets = iter(await session.edge.blocking.run(_read_all, opened, reads))
        known = [
            (label, next(octets) if isinstance(source, Stretch | Selection) else source) for label, source in sources
        ]
        session.writer.write(beginning + b" ".join(_known(label, source) for label, source in known) + b")\r\n")
        return
    try:
        await _stream(session, opened, beginning, sources)
    finally:
        await session.edge.blocking.run(opened.close)


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
        log.failure("{session}: content could not be read", session=session.id)
        raise Disconnected from None
