"""COMPRESS (RFC 4978)."""

from daptinmail.imap.answers import Answer, no, ok
from daptinmail.imap.cursor import Cursor
from daptinmail.imap.session import Session


def mechanism(cursor: Cursor) -> bytes:
    """The argument of COMPRESS."""
    cursor.space()
    name = cursor.keyword()
    cursor.end()
    return name


async def compress(session: Session, name: bytes) -> Answer:
    """COMPRESS (RFC 4978 §3). There is nothing to compress before login: no secret is guessed by its size."""
    if name != b"DEFLATE":
        raise no(b"Only DEFLATE is known", b"CANNOT")
    if session.wire.compressed:
        raise no(b"DEFLATE is active already", b"COMPRESSIONACTIVE")
    if session.wire.buffered:
        return Answer(b"BAD", b"Wait for the answer to COMPRESS before you go on")
    session.afterwards = session.wire.start_compression
    return ok(b"DEFLATE active")
