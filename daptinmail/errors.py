"""One exception tree. Each error knows its SMTP reply and whether it is temporary; IMAP and HTTP translate by class.

The message of an error is public: it may be sent to a client. What must stay in the log goes into ``cause``.
Unclassified failures count as temporary, so that a fault of ours never bounces mail.
"""

from collections.abc import Mapping

from daptinmail.mail.reply import Reply


class DaptinmailError(Exception):
    """Root of the tree. ``reply`` is what an SMTP client is told."""

    code = 451
    status = "4.3.0"
    default_text = "Temporary failure, please try again later"

    def __init__(self, text: str | None = None, *, cause: str | None = None) -> None:
        self.text = text or self.default_text
        self.cause = cause
        super().__init__(self.text)

    @property
    def reply(self) -> Reply:
        """The SMTP reply for this error."""
        return Reply(self.code, self.status, self.text)

    @property
    def temporary(self) -> bool:
        """True if trying again may succeed."""
        return self.reply.temporary


class Unavailable(DaptinmailError):
    """A part of this server cannot work now: disk full, database busy, shutting down."""

    default_text = "Service not available, please try again later"


class RateLimited(DaptinmailError):
    """Too much, too fast; ``retry_after`` in seconds."""

    code = 451
    status = "4.7.0"
    default_text = "Too many requests, slow down"

    def __init__(self, text: str | None = None, *, retry_after: float = 1.0, cause: str | None = None) -> None:
        super().__init__(text, cause=cause)
        self.retry_after = retry_after


class OverQuota(DaptinmailError):
    """The mailbox or account is full."""

    code = 452
    status = "4.2.2"
    default_text = "Mailbox full"


class PermanentError(DaptinmailError):
    """Trying again without a change is useless."""

    code = 554
    status = "5.0.0"
    default_text = "Transaction failed"


class Refused(PermanentError):
    """A refusal with a reply of its own, for instance by policy. May be temporary if its code is 4yz."""

    def __init__(self, reply: Reply, *, cause: str | None = None) -> None:
        self.code = reply.code
        self._status = reply.status
        super().__init__(reply.text, cause=cause)

    @property
    def reply(self) -> Reply:
        return Reply(self.code, self._status, self.text)


class NotFound(PermanentError):
    """The named thing does not exist, or the asker may not know that it does."""

    code = 550
    status = "5.1.1"
    default_text = "No such object"


class AlreadyExists(PermanentError):
    """A unique name is taken."""

    default_text = "Already exists"


class Conflict(PermanentError):
    """The object changed in between, or the state does not allow the request."""

    default_text = "Conflict with the current state"


class Malformed(PermanentError):
    """The request cannot be parsed at all."""

    code = 501
    status = "5.5.4"
    default_text = "Malformed request"


class Invalid(PermanentError):
    """The request was understood and its content is not acceptable.

    ``fields`` maps the name of each attribute or relationship at fault to what is wrong with it.
    """

    code = 501
    status = "5.5.4"
    default_text = "Invalid value"

    def __init__(
        self, text: str | None = None, *, fields: Mapping[str, str] | None = None, cause: str | None = None
    ) -> None:
        self.fields: dict[str, str] = dict(fields or {})
        if text is None and self.fields:
            text = "; ".join(f"{name}: {what}" for name, what in self.fields.items())
        super().__init__(text, cause=cause)


class Unauthenticated(PermanentError):
    """No, wrong or stale credentials. Never says which."""

    code = 535
    status = "5.7.0"
    default_text = "Invalid login or password"


class Forbidden(PermanentError):
    """Known who asks; not permitted."""

    code = 550
    status = "5.7.1"
    default_text = "Not permitted"


class TooLarge(PermanentError):
    """More octets than the limit allows."""

    code = 552
    status = "5.3.4"
    default_text = "Message too large"


class StoreDamaged(DaptinmailError):
    """What is stored cannot be used: files and rows disagree, or a key cannot be decrypted."""

    default_text = "Message store needs attention"


class ConfigurationError(PermanentError):
    """The command line, data directory or database cannot be used; one line tells the operator why."""

    default_text = "Configuration error"
