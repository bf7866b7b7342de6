"""OAUTHBEARER (RFC 7628) and XOAUTH2, its older form as Google describes it: a token instead of a password.

Both end a refusal with a challenge that tells why; the client answers it before the exchange fails (RFC 7628 §3.2.3).
"""

import re

from daptinmail.errors import Malformed
from daptinmail.interfaces.credentials import BearerToken
from daptinmail.sasl.exchange import MAX_NAME, Client, Exchange, Outcome
from daptinmail.sasl.gs2 import read_header

MAX_TOKEN = 8192
"""Octets."""

OAUTHBEARER_ERROR = b'{"status":"invalid_token"}'
XOAUTH2_ERROR = b'{"status":"401","schemes":"bearer","scope":""}'

_PAIRS = re.compile(rb"\x01(?:[A-Za-z]{1,32}=[\x09\x0a\x0d\x20-\x7e]*\x01)*\x01")
_XOAUTH2 = re.compile(rb"user=(?P<user>[^\x00\x01]*)\x01(?P<pairs>(?:[A-Za-z]{1,32}=[\x20-\x7e]*\x01)*)\x01")
_AUTH = re.compile(rb"\x01auth=bearer ([A-Za-z0-9._~+/-]+=*)\x01", re.IGNORECASE)


def oauthbearer(initial: bytes | None, client: Client) -> Exchange:
    """GS2 header, then pairs of which ``auth`` holds the token (RFC 7628 §3.1)."""
    message = initial if initial is not None else (yield b"")
    header, pairs = read_header(message)
    if header.flag == "p" or not _PAIRS.fullmatch(pairs):
        raise Malformed("Malformed OAUTHBEARER message")
    return Outcome(BearerToken(_token(pairs), header.identity, client.ip), rejected=OAUTHBEARER_ERROR)


def xoauth2(initial: bytes | None, client: Client) -> Exchange:
    """User name and token."""
    message = initial if initial is not None else (yield b"")
    found = _XOAUTH2.fullmatch(message)
    if found is None or len(found["user"]) > MAX_NAME:
        raise Malformed("Malformed XOAUTH2 message")
    try:
        username = found["user"].decode()
    except UnicodeDecodeError:
        raise Malformed("Malformed XOAUTH2 message") from None
    return Outcome(BearerToken(_token(b"\x01" + found["pairs"]), username, client.ip), rejected=XOAUTH2_ERROR)


def _token(pairs: bytes) -> str:
    """The token; "" if there is none, which is nobody's."""
    found = _AUTH.search(pairs)
    return found[1].decode() if found and len(found[1]) <= MAX_TOKEN else ""
