"""Content-Transfer-Encodings undone, a piece at a time (RFC 2045 §6). Nothing here raises on hostile input."""

import binascii
import re
from typing import Protocol

from attrs import define

LONGEST_HELD = 1 << 16
"""Octets of a line of quoted-printable that are kept until its end is seen."""

_JUNK = bytes(set(range(256)) - set(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/="))
_PADDING = re.compile(rb"(?<![ \t])[ \t]+(?=\r?\n)")


class Decoder(Protocol):
    """Undoes one encoding of one part."""

    def decode(self, data: bytes, last: bool) -> bytes:
        """What can be decoded of what came so far and ``data``; with ``last``, all of it."""


class Identity:
    """7bit, 8bit, binary."""

    def decode(self, data: bytes, last: bool) -> bytes:
        """As it is."""
        del last
        return data


@define
class Base64:
    """What is not base64 is passed over (RFC 2045 §6.8); what follows the padding is none of it."""

    _rest: bytes = b""
    _ended: bool = False

    def decode(self, data: bytes, last: bool) -> bytes:
        """Whole groups of four characters; at the end, what is left of one."""
        if self._ended:
            return b""
        clean = self._rest + data.translate(None, _JUNK)
        end = clean.find(b"=")
        if end >= 0:
            self._ended, clean = True, clean[:end]
        whole = len(clean) // 4 * 4
        self._rest = clean[whole:]
        decoded = binascii.a2b_base64(clean[:whole])
        if (last or self._ended) and len(self._rest) > 1:
            decoded += binascii.a2b_base64(self._rest.ljust(4, b"="))
        return decoded


@define
class QuotedPrintable:
    """Blanks at the ends of lines were added on the way (RFC 2045 §6.7, rule 3)."""

    _rest: bytes = b""

    def decode(self, data: bytes, last: bool) -> bytes:
        """Whole lines."""
        data = self._rest + data
        end = len(data) if last else data.rfind(b"\n") + 1
        if not last and len(data) - end > LONGEST_HELD:
            end = len(data) - 3
            end = data.find(b"=", end) if b"=" in data[end:] else len(data)
        self._rest = data[end:]
        return binascii.a2b_qp(_PADDING.sub(b"", data[:end]))


_DECODERS: dict[str, type[Identity] | type[Base64] | type[QuotedPrintable]] = {
    "7bit": Identity,
    "8bit": Identity,
    "binary": Identity,
    "base64": Base64,
    "quoted-printable": QuotedPrintable,
}


def decoder_for(encoding: str) -> Decoder | None:
    """A decoder for an encoding in lower case; ``None`` if nobody knows it."""
    kind = _DECODERS.get(encoding)
    return None if kind is None else kind()


def decode_all(encoding: str, octets: bytes) -> bytes:
    """All at once; what has an unknown encoding stays as it is."""
    decoder = decoder_for(encoding)
    return octets if decoder is None else decoder.decode(octets, last=True)
