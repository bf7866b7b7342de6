"""CAPABILITY, NOOP, LOGOUT, STARTTLS, ID, ENABLE, NAMESPACE."""

from daptinmail.errors import Malformed
from daptinmail.imap.answers import Answer, no, ok
from daptinmail.imap.capabilities import ENABLED_BY
from daptinmail.imap.session import Session

SPELLED = {b"IMAP4REV2": b"IMAP4rev2"}


async def capability(session: Session, _: None) -> Answer:
    """CAPABILITY (RFC 3501 §6.1.1)."""
    session.untagged(b"CAPABILITY " + b" ".join(session.wire.listCapabilities()))
    return ok(b"CAPABILITY completed")


async def noop(session: Session, _: None) -> Answer:
    """NOOP: a moment to hear what happened (RFC 9051 §6.1.2)."""
    await session.catch_up(may_expunge=True, always=session.stale, asked=True)
    return ok(b"Completed")


async def check(session: Session, _: None) -> Answer:
    """CHECK (RFC 3501 §6.4.1): as NOOP, but it looks whether other tools changed the mailbox."""
    await session.catch_up(may_expunge=True, always=True, asked=True)
    return ok(b"Completed")


async def logout(session: Session, _: None) -> Answer:
    """LOGOUT (RFC 3501 §6.1.3)."""
    session.untagged(b"BYE Logging out")
    await session.unselect()
    session.afterwards = session.wire.close
    return ok(b"LOGOUT completed")


async def starttls(session: Session, _: None) -> Answer:
    """STARTTLS (RFC 3501 §6.2.1)."""
    if session.secure:
        raise Malformed("TLS is active already")  # RFC 9051 §6.2.1: BAD
    if session.edge.tls is None:
        raise no(b"TLS is not available")
    session.afterwards = session.wire.switch_to_tls
    return ok(b"Begin TLS negotiation now")


async def identify(session: Session, _: dict[bytes, bytes | None]) -> Answer:
    """ID (RFC 2971 §3.1). What the client says of itself is not used."""
    session.untagged(b'ID ("name" "daptinmail")')
    return ok(b"ID completed")


async def enable(session: Session, names: list[bytes]) -> Answer:
    """ENABLE (RFC 5161 §3.1). What is not known is passed over; what is on already is not told again."""
    fresh = [name for name in dict.fromkeys(names) if name in ENABLED_BY and name not in session.enabled]
    session.untagged(b" ".join((b"ENABLED", *(SPELLED.get(name, name) for name in fresh))))
    for name in fresh:
        session.enable({name, *ENABLED_BY[name]})
    return ok(b"ENABLE completed")
