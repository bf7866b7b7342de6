"""Mailbox names: modified UTF-7 (RFC 3501 §5.1.3), wildcards, hierarchy."""

import unicodedata

from twisted.mail import imap4

from daptinmail.errors import Malformed
from daptinmail.imap.answers import no

DELIMITER = "/"
LONGEST_NAME = 1000
INBOX = "INBOX"


def decode_name(wire: bytes, utf8: bool = False) -> str:
    """The Unicode name in its one spelling. Raises ``Malformed`` for what no encoder would have written."""
    return normal_name(decode_as_sent(wire, utf8))


def decode_as_sent(wire: bytes, utf8: bool) -> str:
    """The Unicode name as the client spelt it. Raises ``Malformed``."""
    if len(wire) > LONGEST_NAME:
        raise no(b"Mailbox name too long", b"LIMIT")
    if utf8 or not wire.isascii():  # modified UTF-7 is ASCII (RFC 9755 §3)
        try:
            return wire.decode("utf-8")
        except UnicodeDecodeError:
            raise Malformed("Mailbox name is not UTF-8") from None
    try:
        name, _ = imap4.decoder(wire)
        name.encode("utf-8")  # no lone surrogates
        canonical = bool(encode_name(name) == wire)
    except (UnicodeError, ValueError, IndexError):
        canonical = False
    if not canonical:
        raise Malformed("Mailbox name is not modified UTF-7")
    return str(name)


def encode_name(name: str) -> bytes:
    """The name in modified UTF-7."""
    wire, _ = imap4.encoder(name)
    return bytes(wire)


def quoted_name(name: str, utf8: bool = False) -> bytes:
    """The name ready to send: quoted."""
    wire = name.encode("utf-8") if utf8 else encode_name(name)
    return b'"%b"' % wire.replace(b"\\", b"\\\\").replace(b'"', b'\\"')


def normal_name(name: str) -> str:
    """The one spelling of a name: NFC (RFC 9051 §5.1), INBOX in capitals, alone or as the first level."""
    if not name.isascii():
        name = unicodedata.normalize("NFC", name)
    first, delimiter, rest = name.partition(DELIMITER)
    return INBOX + delimiter + rest if first.upper() == INBOX else name


def ancestors(name: str) -> list[str]:
    """``a/b/c`` -> ``a``, ``a/b``."""
    levels = name.split(DELIMITER)
    return [DELIMITER.join(levels[:count]) for count in range(1, len(levels))]


def matches(pattern: str, name: str) -> bool:
    """True if a LIST pattern matches: ``*`` anything, ``%`` anything within one level.

    Takes time in proportion to both lengths, whatever the pattern: bit ``i`` of ``reached`` says that the pattern so
    far can match the first ``i`` characters.
    """
    positions: dict[str, int] = {}
    for position, char in enumerate(name, 1):
        positions[char] = positions.get(char, 0) | 1 << position
    end = 1 << len(name)
    inside = (2 * end - 2) & ~positions.get(DELIMITER, 0)
    reached = 1
    for symbol in pattern:
        if symbol == "*":
            reached = -(reached & -reached) & (2 * end - 1)
        elif symbol == "%":
            reached |= _spread(reached << 1 & inside, inside)
        else:
            reached = reached << 1 & positions.get(symbol, 0)
        if not reached:
            return False
    return bool(reached & end)


def _spread(starts: int, allowed: int) -> int:
    """``starts`` and every bit above them as far as ``allowed`` goes without a gap; the carry of an addition runs."""
    return ((allowed + starts) ^ allowed) & allowed | starts
