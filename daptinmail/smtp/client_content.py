"""Content on its way out: CRLF line ends, dots doubled, one terminating line (RFC 5321 §4.5.2)."""

import re

from attrs import define

_LINE_END = re.compile(rb"\r\n|\r|\n")


@define(eq=False)
class DotStuffer:
    """Turns chunks of a content into what goes on the wire after DATA.

    A bare CR or LF never leaves: each becomes CRLF before dots are doubled, so that no content can end
    itself early at a host that reads line ends differently (CVE-2023-51764 and its kin).
    """

    _line_start: bool = True
    _held_cr: bool = False

    def feed(self, chunk: bytes) -> bytes:
        """The octets to send for ``chunk``."""
        if self._held_cr:
            chunk, self._held_cr = b"\r" + chunk, False
        if chunk.endswith(b"\r"):
            chunk, self._held_cr = chunk[:-1], True
        return self._stuff(_with_crlf(chunk))

    def finish(self) -> bytes:
        """What is left, and the line with the single dot."""
        rest = self._stuff(b"\r\n") if self._held_cr else b""
        self._held_cr = False
        return rest + (b"" if self._line_start else b"\r\n") + b".\r\n"

    def _stuff(self, data: bytes) -> bytes:
        if not data:
            return b""
        stuffed = data.replace(b"\r\n.", b"\r\n..")
        if self._line_start and data.startswith(b"."):
            stuffed = b"." + stuffed
        self._line_start = data.endswith(b"\r\n")
        return stuffed


def _with_crlf(data: bytes) -> bytes:
    pairs = data.count(b"\r\n")
    if pairs == data.count(b"\n") == data.count(b"\r"):
        return data
    return _LINE_END.sub(b"\r\n", data)
