"""LOGIN and AUTHENTICATE: how IMAP frames SASL."""

from collections.abc import Awaitable

from twisted.logger import Logger

from daptinmail.errors import DaptinmailError, PermanentError, RateLimited, Unauthenticated
from daptinmail.imap.answers import Answer, no, ok
from daptinmail.imap.limits import LONGEST_PENALTY
from daptinmail.imap.session import Session
from daptinmail.imap.values import Credentials, Sasl
from daptinmail.interfaces.credentials import IMAP
from daptinmail.sasl.exchange import Client, Impersonation
from daptinmail.sasl.framing import decode, decode_initial, encode
from daptinmail.sasl.mechanisms import begin, mechanisms
from daptinmail.sasl.negotiation import Challenge, Login, Negotiation, log_in
from daptinmail.sasl.passwords import presented

log = Logger()


def offered(session: Session) -> list[bytes]:
    """The mechanisms that can be used on this connection now."""
    return mechanisms(session.edge.portal, session.wire.channel())


async def login(session: Session, arguments: Credentials) -> Answer:
    """LOGIN (RFC 9051 §6.2.3), only under TLS."""
    _require_tls(session)

    async def present() -> Login:
        client = _client(session)
        return await log_in(session.edge.portal, presented(arguments.username, arguments.password, client))

    return await _answer(session, present())


async def authenticate(session: Session, arguments: Sasl) -> Answer:
    """AUTHENTICATE (RFC 9051 §6.2.2), only under TLS."""
    _require_tls(session)
    initial = None if arguments.initial is None else decode_initial(arguments.initial)
    negotiation = begin(arguments.mechanism, initial, session.edge.portal, _client(session))
    if negotiation is None:
        raise no(b"Mechanism not offered", b"CANNOT")
    return await _answer(session, _negotiate(session, negotiation))


async def _negotiate(session: Session, negotiation: Negotiation) -> Login:
    try:
        step = await negotiation.start()
        while isinstance(step, Challenge):
            session.wire.ask(encode(step.data))
            step = await negotiation.respond(decode(await session.wire.read_line()))
    finally:
        negotiation.close()
    return step


def _require_tls(session: Session) -> None:
    if not session.secure:
        raise no(b"Start TLS first", b"PRIVACYREQUIRED")


def _client(session: Session) -> Client:
    return Client(session.peer, IMAP, session.wire.channel())


async def _answer(session: Session, attempt: Awaitable[Login]) -> Answer:
    """The tagged answer for an attempt to log in."""
    try:
        granted = await attempt
    except RateLimited as error:
        await session.sleep(min(error.retry_after, LONGEST_PENALTY))
        return _failed(session, no(b"Too many failed logins, try again later", b"LIMIT").answer)
    except Impersonation as error:
        return _failed(session, no(error.text.encode(), b"AUTHORIZATIONFAILED").answer)
    except Unauthenticated as error:
        if error.cause:
            log.debug("{connection}: {cause}", connection=session.id, cause=error.cause)
        return _failed(session, no(b"Invalid login or password", b"AUTHENTICATIONFAILED").answer)
    except PermanentError:
        raise
    except DaptinmailError:
        log.failure("{connection}: login could not be checked", connection=session.id)
        raise no(b"Login cannot be checked now", b"UNAVAILABLE") from None
    session.log_in(granted.account, granted.logout)
    log.info("{connection}: account {account} logged in", connection=session.id, account=granted.account.id)
    return ok(b"Logged in", b"CAPABILITY " + b" ".join(session.wire.listCapabilities()))


def _failed(session: Session, answer: Answer) -> Answer:
    session.login_failures += 1
    log.info("{connection}: login failed from {peer}", connection=session.id, peer=session.peer)
    return answer
