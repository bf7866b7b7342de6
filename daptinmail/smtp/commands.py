"""The verbs, and those of them that need no transaction (RFC 5321 §4.1)."""

from collections.abc import Callable, Coroutine
from typing import Any

from daptinmail.mail.reply import Reply
from daptinmail.smtp import login, replies, transaction
from daptinmail.smtp.session import HELO_NAME, After, Answer, Answered, Session
from daptinmail.smtp.xclient import permitted, xclient

Verb = Callable[[Session, bytes], Answered]

HTTP_METHODS = frozenset({b"GET", b"POST", b"HEAD", b"PUT", b"DELETE", b"OPTIONS", b"CONNECT", b"PATCH", b"TRACE"})
"""A browser that was tricked into speaking to us is cut off at its first word."""


def extensions(session: Session) -> dict[bytes, list[bytes] | None]:
    """EHLO keywords with their parameters."""
    limits = session.shared.limits
    offered: dict[bytes, list[bytes] | None] = {
        b"SIZE": [b"%d" % session.max_size],  # RFC 1870
        b"PIPELINING": None,  # RFC 2920
        b"8BITMIME": None,  # RFC 6152
        b"SMTPUTF8": None,  # RFC 6531
        b"ENHANCEDSTATUSCODES": None,  # RFC 2034
        b"LIMITS": [b"RCPTMAX=%d" % limits.recipients, b"MAILMAX=%d" % limits.transactions],  # RFC 9422
    }
    if session.offers_tls:
        offered[b"STARTTLS"] = None  # RFC 3207
    if session.tls:
        offered[b"AUTH"] = login.offered(session)  # RFC 4954
    if permitted(session):
        offered[b"XCLIENT"] = [b"ADDR", b"HELO"]
    offered[b"HELP"] = None
    return offered


def ehlo(session: Session, argument: bytes) -> Answer:
    """Extended greeting."""
    refusal = _greet(session, argument, extended=True)
    if refusal:
        return Answer(refusal)
    lines = [f"{session.server.hostname} Hello [{session.ip}]"]
    for keyword, values in extensions(session).items():
        lines.append(b" ".join([keyword, *(values or ())]).decode("ascii"))
    return Answer(Reply(250, None, "\n".join(lines)))


def helo(session: Session, argument: bytes) -> Answer:
    """Plain greeting."""
    refusal = _greet(session, argument, extended=False)
    return Answer(refusal or Reply(250, None, f"{session.server.hostname} Hello [{session.ip}]"))


def _greet(session: Session, argument: bytes, extended: bool) -> Reply | None:
    if not HELO_NAME.fullmatch(argument):
        return replies.HELO_NEEDS_NAME
    session.greet(argument.decode("ascii"), extended)
    return None


def starttls(session: Session, argument: bytes) -> Answer:
    """Begin TLS (RFC 3207 §4). What may not be buffered behind it is the protocol's to check."""
    if argument:
        return Answer(replies.NO_ARGUMENT_EXPECTED)
    if not session.offers_tls:
        return Answer(replies.NO_TLS)
    if session.envelope is not None:
        return Answer(replies.NOT_NOW)
    return Answer(replies.START_TLS, After.TLS)


def rset(session: Session, argument: bytes) -> Answer:
    """Forget the transaction."""
    if argument:
        return Answer(replies.NO_ARGUMENT_EXPECTED)
    session.envelope = None
    return Answer(replies.OK)


def noop(session: Session, argument: bytes) -> Answer:
    """Nothing; an argument is ignored (RFC 5321 §4.1.1.9)."""
    return Answer(replies.OK)


def vrfy(session: Session, argument: bytes) -> Answer:
    """Never tells who exists (RFC 5321 §7.3)."""
    return Answer(replies.CANNOT_VERIFY)


def expn(session: Session, argument: bytes) -> Answer:
    """Lists are not disclosed."""
    return Answer(replies.NOT_IMPLEMENTED)


def help_(session: Session, argument: bytes) -> Answer:
    """Which verbs there are."""
    return Answer(replies.HELP)


def quit_(session: Session, argument: bytes) -> Answer:
    """The end. An open transaction is forgotten (RFC 5321 §4.1.1.10)."""
    return Answer(replies.BYE, After.CLOSE)


VERBS: dict[bytes, Verb] = {
    b"EHLO": ehlo,
    b"HELO": helo,
    b"MAIL": transaction.mail,
    b"RCPT": transaction.rcpt,
    b"DATA": transaction.data,
    b"AUTH": login.auth,
    b"STARTTLS": starttls,
    b"RSET": rset,
    b"NOOP": noop,
    b"VRFY": vrfy,
    b"EXPN": expn,
    b"HELP": help_,
    b"QUIT": quit_,
    b"XCLIENT": xclient,
}
"""The only commands there are; nothing that Twisted's classes can do besides is reachable."""


def split(line: bytes) -> tuple[bytes, bytes]:
    """Verb in capitals, and argument."""
    verb, _, argument = line.partition(b" ")
    return verb.upper(), argument.strip(b" ")


def answer(session: Session, verb: Verb, argument: bytes) -> Answered:
    """What ``verb`` answers; its errors as replies."""
    try:
        answered = verb(session, argument)
    except Exception as error:  # noqa: BLE001 - reply_to_error raises a cancellation again
        return Answer(replies.reply_to_error(error, session.connection))
    return answered if isinstance(answered, Answer) else settle(session, answered)


async def settle(session: Session, answered: Coroutine[Any, Any, Answer]) -> Answer:
    """The answer of a verb that has to wait; its errors as replies."""
    try:
        return await answered
    except Exception as error:  # noqa: BLE001 - reply_to_error raises a cancellation again
        return Answer(replies.reply_to_error(error, session.connection))


def farewell(session: Session) -> Reply | None:
    """The reply that ends a connection which used up one of its limits."""
    limits = session.shared.limits
    if session.login_failures >= limits.login_failures:
        return replies.TOO_MANY_LOGINS
    if session.errors >= limits.errors:
        return replies.TOO_MANY_ERRORS
    if session.commands >= limits.commands:
        return replies.TOO_MANY_COMMANDS
    return None
