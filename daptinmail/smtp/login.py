"""AUTH (RFC 4954): the mechanisms PLAIN (RFC 4616) and LOGIN, and the login through a cred portal."""

import base64
import binascii
from collections.abc import Callable

from twisted.cred.error import UnauthorizedLogin
from twisted.internet.defer import CancelledError
from twisted.internet.task import deferLater
from twisted.logger import Logger

from daptinmail.errors import RateLimited, Unauthenticated
from daptinmail.interfaces.directory import Account, AccountCredentials, IAuthenticated
from daptinmail.mail.reply import Reply
from daptinmail.smtp import replies
from daptinmail.smtp.session import After, Answer, Answered, Exchange, Session

log = Logger()


def plain(initial: bytes | None) -> Exchange:
    """Authorization identity, NUL, user name, NUL, password (RFC 4616 §2).

    Raises:
        Unauthenticated: another form, or an authorization identity that is not the user name.
    """
    response = initial if initial is not None else (yield b"")
    identity, *rest = response.split(b"\0")
    if len(rest) != 2 or identity not in {b"", rest[0]}:
        raise Unauthenticated
    return rest[0], rest[1]


def login(initial: bytes | None) -> Exchange:
    """User name, then password, each asked for."""
    username = initial if initial is not None else (yield b"Username:")
    password = yield b"Password:"
    return username, password


MECHANISMS: dict[bytes, Callable[[bytes | None], Exchange]] = {b"PLAIN": plain, b"LOGIN": login}


def auth(session: Session, argument: bytes) -> Answered:
    """Begin an exchange. ``=`` is an empty initial response (RFC 4954 §4)."""
    mechanism, _, initial = argument.partition(b" ")
    refusal = _refusal(session, mechanism)
    if refusal:
        return Answer(refusal)
    start = MECHANISMS.get(mechanism.upper())
    if start is None:
        return Answer(replies.UNKNOWN_MECHANISM)
    try:
        response = _decode(b"" if initial == b"=" else initial) if initial else None
    except binascii.Error:
        return Answer(replies.BAD_BASE64)
    session.exchange = start(response)
    return _advance(session, session.exchange, None)


def _refusal(session: Session, mechanism: bytes) -> Reply | None:
    if not session.tls:
        return replies.LOGIN_NEEDS_TLS
    if not session.helo:
        return replies.HELO_FIRST
    if session.account is not None:
        return replies.LOGIN_TWICE
    if session.envelope is not None:
        return replies.NOT_NOW
    return None if mechanism else replies.UNKNOWN_MECHANISM


def response(session: Session, line: bytes) -> Answered:
    """Take one line of the exchange; ``*`` cancels it."""
    exchange, session.exchange = session.exchange, None
    if exchange is None or line == b"*":
        return Answer(replies.LOGIN_CANCELLED)
    try:
        return _advance(session, exchange, _decode(line))
    except binascii.Error:
        return Answer(replies.BAD_BASE64)


def _decode(text: bytes) -> bytes:
    return base64.b64decode(text, validate=True)


def _advance(session: Session, exchange: Exchange, given: bytes | None) -> Answered:
    try:
        challenge = next(exchange) if given is None else exchange.send(given)
    except StopIteration as end:
        session.exchange = None
        username, password = end.value
        if not (_is_text(username) and _is_text(password)):
            return _failed(session)
        return _log_in(session, AccountCredentials(username, password, session.ip))
    except Unauthenticated:
        session.exchange = None
        return _failed(session)
    session.exchange = exchange
    return Answer(Reply(334, None, base64.b64encode(challenge).decode("ascii")), After.RESPONSE)


def _is_text(octets: bytes) -> bool:
    """UTF-8, not empty, without NUL (RFC 4616 §2)."""
    try:
        return "\0" not in octets.decode("utf-8") and octets != b""
    except UnicodeDecodeError:
        return False


async def _log_in(session: Session, credentials: AccountCredentials) -> Answer:
    try:
        _, avatar, logout = await session.shared.portal.login(credentials, None, IAuthenticated)
        account: Account = IAuthenticated(avatar).account
    except (Unauthenticated, UnauthorizedLogin):
        return _failed(session)
    except RateLimited as limited:
        delay = min(limited.retry_after, session.shared.limits.login_delay)
        await deferLater(session.shared.clock, delay)
        _failed(session)
        return Answer(replies.LOGIN_TEMPORARY)
    except CancelledError:
        raise
    except Exception as error:  # noqa: BLE001 - the client may try again (RFC 4954 §6)
        replies.reply_to_error(error, session.connection)
        return Answer(replies.LOGIN_TEMPORARY)
    session.account, session.logout = account, logout
    log.info("{connection} logged in", connection=session.connection, account=str(account.reference))
    return Answer(replies.LOGIN_OK)


def _failed(session: Session) -> Answer:
    session.login_failures += 1
    log.info("{connection} login failed from {ip}", connection=session.connection, ip=session.ip)
    return Answer(replies.LOGIN_FAILED)
