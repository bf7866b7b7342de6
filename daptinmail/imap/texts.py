"""Octets as IMAP strings in answers."""

import re

PLAIN = re.compile(rb"[\x20\x21\x23-\x5b\x5d-\x7e]{0,500}")
"""What may stand between quotes as it is."""


def string(octets: bytes) -> bytes:
    """Quoted if it can be, else a literal; one with NUL is a literal8 (RFC 9051 §4.3)."""
    if PLAIN.fullmatch(octets):
        return b'"%b"' % octets
    return b"%b{%d}\r\n%b" % (b"~" if b"\x00" in octets else b"", len(octets), octets)


def nstring(octets: bytes | None) -> bytes:
    """A string, or NIL."""
    return b"NIL" if octets is None else string(octets)
