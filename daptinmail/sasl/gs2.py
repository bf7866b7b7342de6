"""The GS2 header that SCRAM and OAUTHBEARER messages begin with (RFC 5801 §4)."""

import re

from attrs import frozen

from daptinmail.errors import Malformed
from daptinmail.sasl.exchange import MAX_NAME

_HEADER = re.compile(rb"(?:(?P<flag>[ny])|p=(?P<binding>[A-Za-z0-9.-]{1,64})),(?:a=(?P<identity>[^,\x00]+))?,")
_ESCAPE = re.compile(rb"=(2C|3D|)")


@frozen
class Gs2Header:
    """``flag`` is n, y or p, ``binding`` the name of the channel binding with p; ``octets`` the header as sent."""

    flag: str
    binding: str
    identity: str
    octets: bytes


def read_header(message: bytes) -> tuple[Gs2Header, bytes]:
    """The header of a message, and the rest.

    Raises:
        Malformed.
    """
    found = _HEADER.match(message)
    if found is None or len(found[0]) > MAX_NAME:
        raise Malformed("Malformed GS2 header")
    flag, binding, identity = (part or b"" for part in found.group("flag", "binding", "identity"))
    header = Gs2Header((flag or b"p").decode(), binding.decode(), read_name(identity), found[0])
    return header, message[found.end() :]


def read_name(octets: bytes) -> str:
    """A ``saslname``: UTF-8 with ``=2C`` for a comma and ``=3D`` for an equals sign (RFC 5801 §4).

    Raises:
        Malformed.
    """

    def unescaped(found: re.Match[bytes]) -> bytes:
        if not found[1]:
            raise Malformed("Malformed name")
        return b"," if found[1] == b"2C" else b"="

    try:
        name = _ESCAPE.sub(unescaped, octets).decode()
    except UnicodeDecodeError:
        raise Malformed("Name is not UTF-8") from None
    if len(octets) > MAX_NAME or "\0" in name:
        raise Malformed("Malformed name")
    return name
