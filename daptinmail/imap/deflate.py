"""DEFLATE in both directions (RFC 1951, RFC 4978), a bounded piece at a time."""

import zlib

from attrs import define, field

from daptinmail.imap.responses import Outlet

LEVEL = 3
"""Mail in text shrinks to a third at this level, at three times the speed of the usual one."""

WINDOW = -13
"""Raw DEFLATE that looks back 8 KiB: with ``MEMORY`` 48 KiB for a connection, where zlib's defaults take 256."""

MEMORY = 5


@define(eq=False)
class Deflated:
    """An outlet that compresses what goes to ``outlet``. Whatever is written can be read at once."""

    outlet: Outlet
    _stream: "zlib._Compress" = field(
        factory=lambda: zlib.compressobj(LEVEL, zlib.DEFLATED, WINDOW, MEMORY), repr=False
    )

    def write(self, data: bytes) -> None:
        """Send."""
        self.outlet.write(self._stream.compress(data) + self._stream.flush(zlib.Z_SYNC_FLUSH))


@define(eq=False)
class Inflater:
    """Octets from the wire, and what they stand for as far as it was asked for."""

    _waiting: bytes = b""
    _stream: "zlib._Decompress" = field(factory=lambda: zlib.decompressobj(-zlib.MAX_WBITS), repr=False)

    @property
    def waiting(self) -> int:
        """Octets that came and have not been looked at."""
        return len(self._waiting)

    def feed(self, data: bytes) -> None:
        """Octets from the wire."""
        self._waiting += data

    def take(self, limit: int) -> bytes:
        """No more than ``limit`` octets; empty when more must come first.

        Raises:
            ValueError: this is no DEFLATE stream, or it has ended.
        """
        if self._stream.eof:
            raise ValueError("octets after the end of the compressed stream")
        try:
            octets = self._stream.decompress(self._waiting, limit)
        except zlib.error as error:
            raise ValueError(str(error)) from None
        self._waiting = self._stream.unconsumed_tail or self._stream.unused_data
        return octets
