"""Text parts as text: the transfer encoding undone, the charset applied (RFC 2045 §6, RFC 2046 §4.1.2)."""

import binascii
import re

from daptinmail.mail.parameters import plain_parameter
from daptinmail.mail.structure import Part
from daptinmail.mail.words import decode_charset

_NOT_BASE64 = re.compile(rb"[^A-Za-z0-9+/]")


def decode_text(part: Part, octets: bytes) -> str:
    """``octets``, the body of ``part`` or its beginning, as text. Never raises; nonsense stays as it is written."""
    cut = len(octets) < part.size
    if part.encoding == "quoted-printable":
        octets = binascii.a2b_qp(octets)
    elif part.encoding == "base64":
        octets = _unbase64(octets) or octets
    charset = plain_parameter(part.parameters, b"charset") or b"us-ascii"
    return decode_charset(octets, charset.decode("latin-1"), cut)


def _unbase64(octets: bytes) -> bytes:
    """As much as is whole; what is not base64 is passed over (RFC 2045 §6.8)."""
    clean = _NOT_BASE64.sub(b"", octets)
    whole = len(clean) // 4 * 4
    rest = clean[whole:]
    return binascii.a2b_base64(clean[:whole] + (rest.ljust(4, b"=") if len(rest) > 1 else b""))
