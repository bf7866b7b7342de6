"""Messages of one command from their pieces: literals in the spool, and what URLs refer to (RFC 4469)."""

from collections.abc import Callable, Sequence
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
            Declined: a URL leads nowhere, the message is too large or empty.
        """
        if arriving.parts == (None,):
            piece = self._next()
            if not piece.spooled.size:
                raise no(b"An empty message cannot be stored", b"CANNOT")
            if piece.has_nul:
                raise no(b"NUL octets are not stored", b"UNKNOWN-CTE")
            return await piece.spooled.finish()
        return await self._catenated(arriving.parts)

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
        whole = self.session.edge.spool.create(0)
        self._made.append(whole)
        for part in parts:
            if part is None:
                await self._add_text(whole)
            else:
                await self._add_url(whole, part)
        if not whole.size:
            raise no(b"An empty message cannot be stored", b"CANNOT")
        return await whole.finish()

    async def _add_text(self, whole: ISpooled) -> None:
        piece = self._next()
        if piece.has_nul:
            raise no(b"NUL octets are not stored", b"UNKNOWN-CTE")
        content = await piece.spooled.finish()
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
