"""Text parts as text: the transfer encoding undone, the charset applied (RFC 2045 §6, RFC 2046 §4.1.2)."""

from daptinmail.mail.parameters import plain_parameter
from daptinmail.mail.structure import Part
from daptinmail.mail.transfer_encoding import decode_all
from daptinmail.mail.words import decode_charset


def decode_text(part: Part, octets: bytes) -> str:
    """``octets``, the body of ``part`` or its beginning, as text. Never raises; nonsense stays as it is written."""
    cut = len(octets) < part.size
    charset = plain_parameter(part.parameters, b"charset") or b"us-ascii"
    return decode_charset(decode_all(part.encoding, octets) or octets, charset.decode("latin-1"), cut)
