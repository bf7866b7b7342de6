"""Messages of one command from their pieces: literals in the spool, and what URLs refer to (RFC 4469)."""

import mmap
from collections.abc import Callable, Iterator, Sequence
from typing import BinaryIO

from attrs import define, field

from daptinmail.errors import Malformed, TooLarge
from daptinmail.imap.answers import no
from daptinmail.imap.incoming import Piece
from daptinmail.imap.limits import APPEND_TOTAL, CONTENT_CHUNK
from daptinmail.imap.session import Session
from daptinmail.imap.urls import open_url
from daptinmail.imap.values import Arriving
from daptinmail.interfaces.storage import Content, ISpooled
from daptinmail.mail.recode import without_nul

Read = Callable[[int, int], bytes]


@define(eq=False)
class Assembly:
    """Takes ``pieces`` in order. Whoever makes one discards it."""

    session: Session
    pieces: Sequence[Piece]
    _taken: int = 0
    _made: list[ISpooled] = field(factory=list)
    _written: int = 0

    async def content(self, arriving: Arriving) -> Content:
        """One whole message.

        Raises:
            Declined: a URL leads nowhere, the message is too large or empty, or has NUL where no encoding allows it.
        """
        before = self._taken
        if arriving.parts == (None,):
            content = await self._next().spooled.finish()
        else:
            content = await self._catenated(arriving.parts)
        if not content.size:
            raise no(b"An empty message cannot be stored", b"CANNOT")
        if any(piece.has_nul for piece in self.pieces[before : self._taken]):
            return await self._recoded(content)
        return content

    def discard(self) -> None:
        """Give back everything in the spool."""
        for piece in self.pieces:
            piece.spooled.discard()
        for spooled in self._made:
            spooled.discard()

    def _next(self) -> Piece:
        if self._taken >= len(self.pieces):
            raise Malformed("A message is missing")
        self._taken += 1
        return self.pieces[self._taken - 1]

    async def _catenated(self, parts: Sequence[bytes | None]) -> Content:
        whole = self._begin()
        for part in parts:
            if part is None:
                await self._add_text(whole)
            else:
                await self._add_url(whole, part)
        return await whole.finish()

    async def _recoded(self, content: Content) -> Content:
        """Binary parts in base64 (RFC 3516 §4.4)."""
        whole = self._begin()
        pieces = _pieces_without_nul(content)
        while (piece := await self.session.edge.blocking.run(next, pieces, None)) is not None:
            if b"\x00" in piece:
                raise no(b"NUL octets belong into parts of binary encoding", b"UNKNOWN-CTE")
            await self._write(whole, piece)
        return await whole.finish()

    def _begin(self) -> ISpooled:
        whole = self.session.edge.spool.create(0)
        self._made.append(whole)
        return whole

    async def _add_text(self, whole: ISpooled) -> None:
        content = await self._next().spooled.finish()
        if content.path is None:
            await self._write(whole, content.body or b"")
            return
        run = self.session.edge.blocking.run
        file: BinaryIO = await run(content.path.open, "rb")
        try:
            await self._copy(whole, lambda _, size: file.read(size), 0, content.size)
        finally:
            await run(file.close)

    async def _add_url(self, whole: ISpooled, url: bytes) -> None:
        octets = await open_url(self.session, url)
        try:
            await self._copy(whole, octets.read, octets.start, octets.end)
        finally:
            await self.session.edge.blocking.run(octets.close)

    async def _copy(self, whole: ISpooled, read: Read, start: int, end: int) -> None:
        self._check(whole, end - start)
        for position in range(start, end, CONTENT_CHUNK):
            size = min(CONTENT_CHUNK, end - position)
            await self._write(whole, await self.session.edge.blocking.run(read, position, size))

    async def _write(self, whole: ISpooled, data: bytes) -> None:
        self._check(whole, len(data))
        self._written += len(data)
        writing = whole.write(data)
        if writing is not None:
            await writing

    def _check(self, whole: ISpooled, more: int) -> None:
        """RFC 4469 §4.2."""
        limit = self.session.edge.append_limit
        if whole.size + more > limit or self._written + more > max(APPEND_TOTAL, limit):
            raise TooLarge("The message would be too large")


def _pieces_without_nul(content: Content) -> Iterator[bytes]:
    """In a pool thread."""
    if content.path is None:
        yield from without_nul(content.body or b"")
        return
    with content.path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as mapped:
        yield from without_nul(mapped)
