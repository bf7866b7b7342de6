"""The replies of the SMTP server that are always the same, and the one translation of errors into replies."""

from twisted.internet.defer import CancelledError
from twisted.logger import Logger
from twisted.python.failure import Failure

from daptinmail.errors import DaptinmailError
from daptinmail.mail.reply import Reply
from daptinmail.smtp.content import Fault

log = Logger()

OK = Reply(250, "2.0.0", "OK")
BYE = Reply(221, "2.0.0", "Goodbye")
HELP = Reply(214, "2.0.0", "Commands: EHLO HELO MAIL RCPT DATA RSET NOOP VRFY AUTH STARTTLS HELP QUIT; see RFC 5321")
SENDER_OK = Reply(250, "2.1.0", "Sender OK")
RECIPIENT_OK = Reply(250, "2.1.5", "Recipient OK")
START_CONTENT = Reply(354, None, "End data with <CR><LF>.<CR><LF>")
START_TLS = Reply(220, "2.0.0", "Ready to start TLS")
CANNOT_VERIFY = Reply(252, "2.1.5", "Cannot VRFY user, but will accept message and attempt delivery")

UNKNOWN_COMMAND = Reply(500, "5.5.2", "Command not recognized")
NOT_IMPLEMENTED = Reply(502, "5.5.1", "Command not implemented")
ILLEGAL_OCTET = Reply(500, "5.5.2", "Illegal character in command")
NO_ARGUMENT_EXPECTED = Reply(501, "5.5.4", "No argument expected")
HELO_NEEDS_NAME = Reply(501, "5.5.4", "Give your host name or address literal")
HELO_FIRST = Reply(503, "5.5.1", "Send EHLO first")
MAIL_FIRST = Reply(503, "5.5.1", "Send MAIL first")
NESTED_MAIL = Reply(503, "5.5.1", "Nested MAIL command")
NOT_NOW = Reply(503, "5.5.1", "Not at this point of the session")
NO_RECIPIENTS = Reply(554, "5.5.1", "No valid recipients")
TOO_MANY_RECIPIENTS = Reply(452, "4.5.3", "Too many recipients")
NO_TLS = Reply(502, "5.5.1", "TLS not available")

LOGIN_OK = Reply(235, "2.7.0", "Authentication succeeded")
LOGIN_FAILED = Reply(535, "5.7.0", "Invalid login or password")
LOGIN_TEMPORARY = Reply(454, "4.7.0", "Temporary authentication failure")
LOGIN_CANCELLED = Reply(501, "5.7.0", "Authentication cancelled")
LOGIN_TWICE = Reply(503, "5.5.1", "Already authenticated")
LOGIN_NEEDS_TLS = Reply(538, "5.7.11", "Encryption required for requested authentication mechanism")
UNKNOWN_MECHANISM = Reply(504, "5.5.4", "Unrecognized authentication type")

XCLIENT_DENIED = Reply(550, "5.7.0", "XCLIENT not permitted")
BAD_XCLIENT = Reply(501, "5.5.4", "Bad XCLIENT argument")

SHUTTING_DOWN = Reply(421, "4.3.2", "Service shutting down")
BROKEN = Reply(421, "4.3.0", "Internal error, closing")
TOO_MANY_CONNECTIONS = Reply(421, "4.3.2", "Too many connections")
TOO_MANY_ERRORS = Reply(421, "4.7.0", "Too many errors")
TOO_MANY_LOGINS = Reply(421, "4.7.0", "Too many failed logins")
TOO_MANY_COMMANDS = Reply(421, "4.7.0", "Too many commands without a message")
TOO_MANY_TRANSACTIONS = Reply(421, "4.7.0", "Too many messages on this connection")
TIMED_OUT = Reply(421, "4.4.2", "Timed out")
TOO_SLOW = Reply(421, "4.4.2", "Content comes too slowly")
FAULT_OF_OURS = Reply(451, "4.3.0", "Temporary failure, please try again later")

_FAULTS = {
    Fault.BARE_NEWLINE: Reply(550, "5.6.11", "Bare CR or LF in content; lines must end with CRLF"),
    Fault.NUL: Reply(554, "5.6.0", "NUL octet in content"),
    Fault.LONG_LINE: Reply(554, "5.6.0", "Line too long in content"),
}


def greeting(hostname: str) -> Reply:
    """The first words (RFC 5321 §4.2); no version, which would only serve attackers."""
    return Reply(220, None, f"{hostname} ESMTP daptinmail")


def too_large(limit: int) -> Reply:
    """RFC 1870 §6.1."""
    return Reply(552, "5.3.4", f"Message size exceeds limit of {limit} octets")


def reply_to_fault(fault: Fault, limit: int) -> Reply:
    """What a client is told at the end of a content that cannot be accepted."""
    return too_large(limit) if fault is Fault.TOO_LARGE else _FAULTS[fault]


def reply_to_error(error: Exception, connection: str) -> Reply:
    """What a client is told about ``error``; what it may not know goes to the log under the connection's id.

    An error that is not of our own tree is a fault of ours, so it is temporary. Cancellation is raised again.
    """
    if isinstance(error, CancelledError):
        raise error
    if not isinstance(error, DaptinmailError):
        log.failure("{connection} unexpected error", Failure(error), connection=connection)
        return FAULT_OF_OURS
    if error.cause:
        log.warn("{connection} {reply}: {cause}", connection=connection, reply=str(error.reply), cause=error.cause)
    return error.reply
