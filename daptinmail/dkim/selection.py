"""Which fields a signature covers (RFC 6376 §5.4.1)."""

from collections.abc import Sequence

ALWAYS = (
    b"from",
    b"to",
    b"cc",
    b"subject",
    b"date",
    b"reply-to",
    b"message-id",
    b"mime-version",
    b"content-type",
    b"content-transfer-encoding",
)
"""Signed once more than they occur, so that none can be added: whoever passes the message on may change neither who
is said to write, nor where answers go, nor how the body is read (RFC 6376 §8.15)."""

IF_PRESENT = (
    b"sender",
    b"in-reply-to",
    b"references",
    b"list-id",
    b"list-help",
    b"list-unsubscribe",
    b"list-unsubscribe-post",
    b"list-subscribe",
    b"list-post",
    b"list-owner",
    b"list-archive",
)
"""Signed as often as they occur. Trace fields are not: each hop adds its own."""


def fields_to_sign(names: Sequence[bytes]) -> list[bytes]:
    """The value of ``h=`` for a header with fields of these names (lower case)."""
    chosen: list[bytes] = []
    for name in ALWAYS:
        chosen += [name] * (names.count(name) + 1)
    for name in IF_PRESENT:
        chosen += [name] * names.count(name)
    return chosen
