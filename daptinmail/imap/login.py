"""LOGIN and AUTHENTICATE, through the portal."""

import binascii
from base64 import b64decode, b64encode

from twisted.cred.error import LoginFailed, UnauthorizedLogin
from twisted.logger import Logger

from daptinmail.errors import DaptinmailError, Malformed, RateLimited, Unauthenticated
from daptinmail.imap.answers import Answer, no, ok
from daptinmail.imap.limits import LONGEST_PENALTY
from daptinmail.imap.session import Session
from daptinmail.imap.values import Credentials, Sasl
from daptinmail.interfaces.directory import AccountCredentials, IAuthenticated

log = Logger()


async def login(session: Session, arguments: Credentials) -> Answer:
    """LOGIN (RFC 3501 §6.2.3), only under TLS."""
    _require_tls(session)
    return await _present(session, arguments.username, arguments.password)


async def authenticate(session: Session, arguments: Sasl) -> Answer:
    """AUTHENTICATE (RFC 3501 §6.2.2) with PLAIN (RFC 4616) or LOGIN, only under TLS."""
    if arguments.mechanism not in {b"PLAIN", b"LOGIN"}:
        raise no(b"Unknown mechanism", b"CANNOT")
    _require_tls(session)
    if arguments.mechanism == b"PLAIN":
        return await _plain(session, arguments.initial)
    username = await _response(session, b"Username:", arguments.initial)
    password = await _response(session, b"Password:", None)
    return await _present(session, username, password)


async def _plain(session: Session, initial: bytes | None) -> Answer:
    """``authzid NUL authcid NUL password``; acting for others is not offered."""
    fields = (await _response(session, b"", initial)).split(b"\x00")
    if len(fields) != 3:
        raise Malformed("Malformed PLAIN message")
    identity, username, password = fields
    if identity not in {b"", username}:
        raise no(b"May not act for another identity", b"AUTHORIZATIONFAILED")
    return await _present(session, username, password)


def _require_tls(session: Session) -> None:
    if not session.secure:
        raise no(b"Start TLS first", b"PRIVACYREQUIRED")


async def _response(session: Session, challenge: bytes, initial: bytes | None) -> bytes:
    """One answer of the client, decoded. ``*`` cancels; ``=`` as initial response is empty (RFC 4959 §3)."""
    if initial is None:
        session.wire.ask(b64encode(challenge))
        initial = await session.wire.read_line()
        if initial == b"*":
            raise Malformed("Authentication cancelled")
    elif initial == b"=":
        return b""
    try:
        return b64decode(initial, validate=True)
    except binascii.Error:
        raise Malformed("Malformed base64") from None


async def _present(session: Session, username: bytes, password: bytes) -> Answer:
    credentials = AccountCredentials(username, password, session.peer)
    try:
        _, avatar, logout = await session.edge.portal.login(credentials, None, IAuthenticated)
    except RateLimited as error:
        await session.sleep(min(error.retry_after, LONGEST_PENALTY))
        return _failed(session, no(b"Too many failed logins, try again later", b"LIMIT").answer)
    except (UnauthorizedLogin, LoginFailed, Unauthenticated):
        return _failed(session, no(b"Invalid login or password", b"AUTHENTICATIONFAILED").answer)
    except DaptinmailError:
        log.failure("{connection}: login could not be checked", connection=session.id)
        raise no(b"Login cannot be checked now", b"UNAVAILABLE") from None
    account = IAuthenticated(avatar).account
    session.log_in(account, logout)
    log.info("{connection}: account {account} logged in", connection=session.id, account=account.id)
    return ok(b"Logged in", b"CAPABILITY " + b" ".join(session.wire.listCapabilities()))


def _failed(session: Session, answer: Answer) -> Answer:
    session.login_failures += 1
    log.info("{connection}: login failed from {peer}", connection=session.id, peer=session.peer)
    return answer
