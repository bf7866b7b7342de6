"""AUTH (RFC 4954): how SMTP frames SASL."""

from collections.abc import Awaitable

from twisted.internet.defer import CancelledError
from twisted.internet.task import deferLater
from twisted.logger import Logger

from daptinmail.errors import Malformed, RateLimited, Unauthenticated
from daptinmail.interfaces.credentials import SMTP, Channel
from daptinmail.mail.reply import Reply
from daptinmail.sasl.exchange import Client, Impersonation
from daptinmail.sasl.framing import decode, decode_initial, encode
from daptinmail.sasl.mechanisms import begin, mechanisms
from daptinmail.sasl.negotiation import Challenge, Login
from daptinmail.smtp import replies
from daptinmail.smtp.session import After, Answer, Answered, Session

log = Logger()


def offered(session: Session) -> list[bytes]:
    """The mechanisms that can be used on this connection now."""
    return mechanisms(session.shared.portal, _channel(session))


def auth(session: Session, argument: bytes) -> Answered:
    """Begin an exchange. ``=`` is an empty initial response (RFC 4954 §4)."""
    mechanism, _, initial = argument.partition(b" ")
    refusal = _refusal(session, mechanism)
    if refusal:
        return Answer(refusal)
    client = Client(session.ip, SMTP, _channel(session))
    response = decode_initial(initial) if initial else None
    session.exchange = begin(mechanism, response, session.shared.portal, client)
    if session.exchange is None:
        return Answer(replies.UNKNOWN_MECHANISM)
    return _advance(session, session.exchange.start())


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
    if session.exchange is None:
        return Answer(replies.LOGIN_CANCELLED)
    try:
        return _advance(session, session.exchange.respond(decode(line)))
    except Malformed as error:
        session.end_exchange()
        return Answer(error.reply)


def _channel(session: Session) -> Channel:
    return session.tls.channel if session.tls else Channel()


async def _advance(session: Session, step: Awaitable[Challenge | Login]) -> Answer:
    """The next challenge, or how the login ended."""
    try:
        reached = await step
        if isinstance(reached, Challenge):
            return Answer(Reply(334, None, encode(reached.data).decode("ascii")), After.RESPONSE)
    except CancelledError:
        raise
    except Exception as error:  # noqa: BLE001 - each gets its reply
        session.end_exchange()
        return await _refused(session, error)
    session.end_exchange()
    session.account, session.logout = reached.account, reached.logout
    log.info("{connection} logged in", connection=session.connection, account=str(reached.account.reference))
    return Answer(replies.LOGIN_OK)


async def _refused(session: Session, error: Exception) -> Answer:
    if isinstance(error, Unauthenticated | Impersonation):
        if error.cause:
            log.debug("{connection} {cause}", connection=session.connection, cause=error.cause)
        return _failed(session)
    if isinstance(error, RateLimited):
        delay = min(error.retry_after, session.shared.limits.login_delay)
        await deferLater(session.shared.clock, delay)
        _failed(session)
        return Answer(replies.LOGIN_TEMPORARY)
    if isinstance(error, Malformed):
        return Answer(error.reply)
    replies.reply_to_error(error, session.connection)
    return Answer(replies.LOGIN_TEMPORARY)


def _failed(session: Session) -> Answer:
    session.login_failures += 1
    log.info("{connection} login failed from {ip}", connection=session.connection, ip=session.ip)
    return Answer(replies.LOGIN_FAILED)
