"""How challenges and responses travel in SMTP (RFC 4954 §4) and IMAP (RFC 9051 §6.2.2)."""

import binascii
from base64 import b64decode, b64encode

from daptinmail.errors import Malformed
from daptinmail.sasl.exchange import MAX_RESPONSE


class Cancelled(Malformed):
    """The client gave up."""

    status = "5.7.0"
    default_text = "Authentication cancelled"


class BadBase64(Malformed):
    """Not base64, or more than a response may have."""

    status = "5.5.2"
    default_text = "Cannot decode base64"


def encode(challenge: bytes) -> bytes:
    """A challenge as it goes on the wire."""
    return b64encode(challenge)


def decode_initial(text: bytes) -> bytes:
    """An initial response; ``=`` is an empty one (RFC 4959 §3).

    Raises:
        BadBase64.
    """
    return b"" if text == b"=" else decode(text)


def decode(line: bytes) -> bytes:
    """A response.

    Raises:
        Cancelled: the client sent ``*``.
        BadBase64.
    """
    if line == b"*":
        raise Cancelled
    try:
        response = b64decode(line, validate=True)
    except binascii.Error:
        raise BadBase64 from None
    if len(response) > MAX_RESPONSE or b64encode(response) != line:
        raise BadBase64
    return response
