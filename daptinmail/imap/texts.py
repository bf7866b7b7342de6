"""Octets as IMAP strings in answers."""

import re

PRINTABLE = re.compile(rb"[\x20-\x7e]{0,500}")


def string(octets: bytes) -> bytes:
    """Quoted if it can be, else a literal; one with NUL is a literal8 (RFC 9051 §4.3)."""
    if PRINTABLE.fullmatch(octets):
        return b'"%b"' % octets.replace(b"\\", b"\\\\").replace(b'"', b'\\"')
    return b"%b{%d}\r\n%b" % (b"~" if b"\x00" in octets else b"", len(octets), octets)


def nstring(octets: bytes | None) -> bytes:
    """A string, or NIL."""
    return b"NIL" if octets is None else string(octets)
