"""Tagged answers, and the one place where errors become them."""

from attrs import frozen

from daptinmail.errors import (
    AlreadyExists,
    Conflict,
    DaptinmailError,
    Forbidden,
    Invalid,
    Malformed,
    NotFound,
    OverQuota,
    PermanentError,
    RateLimited,
    StoreDamaged,
    TooLarge,
    Unauthenticated,
    Unavailable,
)


@frozen
class Answer:
    """The end of a command: ``OK``, ``NO`` or ``BAD``, an optional response code, a human's text (RFC 3501 §7.1)."""

    state: bytes
    text: bytes
    code: bytes = b""

    @property
    def message(self) -> bytes:
        """What follows the state word."""
        return b"[%b] %b" % (self.code, self.text) if self.code else self.text


def ok(text: bytes, code: bytes = b"") -> Answer:
    """A command that did what it was asked."""
    return Answer(b"OK", text, code)


class Declined(PermanentError):
    """A command ends with this answer."""

    def __init__(self, answer: Answer) -> None:
        self.answer = answer
        super().__init__(answer.text.decode("ascii", "replace"))


def no(text: bytes, code: bytes = b"") -> Declined:
    """A ``NO`` to raise."""
    return Declined(Answer(b"NO", text, code))


class MissingTarget(NotFound):
    """The mailbox that APPEND, COPY or MOVE should fill does not exist; the client may create it."""

    default_text = "No such mailbox"


CODES: tuple[tuple[type[DaptinmailError], bytes], ...] = (
    (MissingTarget, b"TRYCREATE"),
    (NotFound, b"NONEXISTENT"),
    (AlreadyExists, b"ALREADYEXISTS"),
    (OverQuota, b"OVERQUOTA"),
    (Unauthenticated, b"AUTHENTICATIONFAILED"),
    (Forbidden, b"NOPERM"),
    (RateLimited, b"LIMIT"),
    (TooLarge, b"TOOBIG"),
    (Invalid, b"CANNOT"),
    (Conflict, b"CANNOT"),
    (Unavailable, b"UNAVAILABLE"),
)
"""Response codes of RFC 5530 §3, RFC 3501 §7.1 (TRYCREATE), RFC 9208 §4.3.1 (OVERQUOTA) and RFC 4469 §4.2 (TOOBIG)."""


def answer_for(error: DaptinmailError) -> Answer:
    """The tagged answer for an error. What the tree does not classify is our own fault: SERVERBUG, no details."""
    if isinstance(error, Declined):
        return error.answer
    text = error.text.encode("ascii", "replace").replace(b"\r", b" ").replace(b"\n", b" ")
    if isinstance(error, Malformed):
        return Answer(b"BAD", text)
    for kind, code in CODES:
        if isinstance(error, kind):
            return Answer(b"NO", text, code)
    return CORRUPTION if isinstance(error, StoreDamaged) else SERVER_BUG


CORRUPTION = Answer(b"NO", b"What is stored cannot be read, the log tells more", b"CORRUPTION")

SERVER_BUG = Answer(b"NO", b"Internal failure, the log tells more", b"SERVERBUG")
