"""MAIL, RCPT and DATA: the verbs of a mail transaction (RFC 5321 §3.3)."""

from attrs import evolve

from daptinmail.mail.address import Address
from daptinmail.mail.envelope import Envelope, MailParameters
from daptinmail.smtp import replies
from daptinmail.smtp.content import ContentScanner
from daptinmail.smtp.incoming import IncomingContent
from daptinmail.smtp.parameters import parse_mail, parse_rcpt
from daptinmail.smtp.session import After, Answer, Answered, Session


def mail(session: Session, argument: bytes) -> Answered:
    """Begin a transaction."""
    if not session.helo:
        return Answer(replies.HELO_FIRST)
    if session.envelope is not None:
        return Answer(replies.NESTED_MAIL)
    if session.transactions >= session.shared.limits.transactions:
        return Answer(replies.TOO_MANY_TRANSACTIONS, After.CLOSE)
    return_path, parameters = parse_mail(argument)
    if parameters.size is not None and parameters.size > session.max_size:
        return Answer(replies.too_large(session.max_size))
    return _mail(session, return_path, parameters)


async def _mail(session: Session, return_path: Address | None, parameters: MailParameters) -> Answer:
    await session.shared.reception.mail(session.origin(), return_path, parameters)
    session.transactions += 1
    session.envelope = Envelope(return_path, parameters=parameters)
    return Answer(replies.SENDER_OK)


def rcpt(session: Session, argument: bytes) -> Answered:
    """Add a recipient."""
    envelope = session.envelope
    if envelope is None:
        return Answer(replies.MAIL_FIRST)
    recipient = parse_rcpt(argument, session.server.hostname, envelope.parameters.smtputf8)
    if recipient in envelope.recipients:
        return Answer(replies.RECIPIENT_OK)
    if len(envelope.recipients) >= session.shared.limits.recipients:
        return Answer(replies.TOO_MANY_RECIPIENTS)
    return _rcpt(session, envelope, recipient)


async def _rcpt(session: Session, envelope: Envelope, recipient: Address) -> Answer:
    await session.shared.reception.recipient(session.origin(), envelope, recipient)
    session.envelope = evolve(envelope, recipients=(*envelope.recipients, recipient))
    return Answer(replies.RECIPIENT_OK)


def data(session: Session, argument: bytes) -> Answer:
    """Begin the content. The message gets its trail here."""
    envelope = session.envelope
    if argument:
        return Answer(replies.NO_ARGUMENT_EXPECTED)
    if envelope is None:
        return Answer(replies.MAIL_FIRST)
    if not envelope.recipients:
        return Answer(replies.NO_RECIPIENTS)
    session.incoming = IncomingContent(
        trail=session.shared.identifiers.uuid7(),
        origin=session.origin(),
        envelope=envelope,
        scanner=ContentScanner(session.max_size, session.shared.limits.content_line),
        spooled=session.shared.spool.create(),
    )
    return Answer(replies.START_CONTENT, After.CONTENT)


async def end_of_content(session: Session, incoming: IncomingContent) -> Answer:
    """The final dot came: the transaction ends, whatever the outcome (RFC 5321 §4.1.1.4)."""
    reply = await incoming.deliver(session.shared.reception)
    session.envelope = session.incoming = None
    if reply.code == 250:
        session.commands = session.errors = 0
    return Answer(reply)
