"""SMTP edge -> agents: one incoming transaction."""

from collections.abc import Awaitable
from uuid import UUID

from attrs import frozen
from zope.interface import Interface

from daptinmail.interfaces.directory import Account
from daptinmail.interfaces.storage import Content
from daptinmail.mail.address import Address
from daptinmail.mail.envelope import Envelope, MailParameters
from daptinmail.settings import ServerSettings


@frozen
class Origin:
    """Who is at the other end of an SMTP connection, and over what.

    ``ip`` may come from XCLIENT. ``tls`` is the protocol version ("TLSv1.3") or ``None``; ``cipher`` its cipher.
    ``extended`` is true after EHLO. ``account`` is ``None`` until AUTH succeeded. ``via`` names
    another protocol than SMTP ("HTTP").
    """

    connection: str
    ip: str
    helo: str
    server: ServerSettings
    tls: str | None = None
    cipher: str | None = None
    extended: bool = True
    account: Account | None = None
    via: str = ""

    def protocol(self, smtputf8: bool) -> str:
        """The ``with`` word of Received (RFC 3848, RFC 6531 §4.3)."""
        if self.via:
            return self.via
        if not self.extended:
            return "SMTP"
        letters = ("S" if self.tls else "") + ("A" if self.account else "")
        return ("UTF8SMTP" if smtputf8 else "ESMTP") + letters


class IReception(Interface):
    """Decides about and takes one incoming message. Refusals are raised as errors that know their reply."""

    def mail(origin: Origin, return_path: Address | None, parameters: MailParameters) -> Awaitable[None]:
        """May this transaction begin?"""

    def recipient(origin: Origin, envelope: Envelope, recipient: Address) -> Awaitable[None]:
        """May ``recipient`` be added to ``envelope``?

        Raises:
            Refused: relaying denied, no such account, access denied.
        """

    def receive(origin: Origin, envelope: Envelope, content: Content, trail: UUID) -> Awaitable[None]:
        """Take responsibility for the message: returns only when it is synced to disk.

        The caller keeps the spooled content alive until this returns. Any error means nothing was kept.
        """
