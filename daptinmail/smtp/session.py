"""What one SMTP connection knows, and what a verb answers."""

import re
from collections.abc import Callable, Coroutine
from enum import Enum
from functools import partial
from typing import Any

from attrs import define, field, frozen
from twisted.cred.portal import Portal
from twisted.internet.interfaces import IOpenSSLServerConnectionCreator, IReactorTime

from daptinmail.interfaces.credentials import Channel
from daptinmail.interfaces.directory import Account
from daptinmail.interfaces.reception import IReception, Origin
from daptinmail.interfaces.runtime import IIdentifiers
from daptinmail.interfaces.storage import ISpool
from daptinmail.mail.envelope import Envelope
from daptinmail.mail.reply import Reply
from daptinmail.sasl.negotiation import Negotiation
from daptinmail.settings import ServerSettings
from daptinmail.smtp.incoming import IncomingContent
from daptinmail.smtp.limits import Limits

HELO_NAME = re.compile(rb'[^\x00-\x20"();<>\\\x7f-\xff]{1,255}')
"""What may stand in a Received field as it is; whether it is true is another matter (RFC 5321 §4.1.4)."""


class After(Enum):
    """What comes after a reply."""

    COMMAND = "the next command"
    RESPONSE = "a line of the SASL exchange"
    CONTENT = "the content"
    TLS = "the TLS handshake"
    CLOSE = "the end of the connection"


@frozen
class Answer:
    """What a verb answers."""

    reply: Reply
    after: After = After.COMMAND


Answered = Answer | Coroutine[Any, Any, Answer]


@frozen
class Collaborators:
    """What all sessions of a listener share."""

    reception: IReception
    spool: ISpool
    portal: Portal
    identifiers: IIdentifiers
    clock: IReactorTime
    limits: Limits


@frozen
class TlsState:
    """``version`` as "TLSv1.3", ``cipher`` by its OpenSSL name, ``channel`` for SASL."""

    version: str
    cipher: str | None
    channel: Channel = field(factory=partial(Channel, secure=True))


@define
class Session:
    """One connection. Counters are since its beginning unless said otherwise.

    ``ip`` may come from XCLIENT, ``peer`` is the real one. ``creator`` makes TLS for STARTTLS, ``tls`` is what there
    is. ``helo`` is empty until HELO or EHLO. ``commands`` and ``errors`` count since the last accepted message.
    ``envelope`` is ``None`` outside a transaction.
    """

    connection: str
    server: ServerSettings
    peer: str
    shared: Collaborators
    creator: IOpenSSLServerConnectionCreator | None
    implicit_tls: bool
    ip: str = field()
    tls: TlsState | None = None
    helo: str = ""
    extended: bool = False
    account: Account | None = None
    logout: Callable[[], object] | None = field(default=None, repr=False)
    exchange: Negotiation | None = field(default=None, repr=False)
    envelope: Envelope | None = None
    incoming: IncomingContent | None = None
    commands: int = 0
    errors: int = 0
    login_failures: int = 0
    transactions: int = 0

    @ip.default
    def _real_ip(self) -> str:
        return self.peer

    @property
    def max_size(self) -> int:
        """Octets a content may have."""
        return self.server.max_size or self.shared.limits.content_size

    @property
    def offers_tls(self) -> bool:
        """May the client say STARTTLS?"""
        return self.tls is None and self.creator is not None and not self.implicit_tls

    def origin(self) -> Origin:
        """The client as reception sees it."""
        return Origin(
            connection=self.connection,
            ip=self.ip,
            helo=self.helo,
            server=self.server,
            tls=self.tls.version if self.tls else None,
            cipher=self.tls.cipher if self.tls else None,
            extended=self.extended,
            account=self.account,
        )

    def greet(self, helo: str, extended: bool) -> None:
        """HELO or EHLO: a name, and no transaction (RFC 5321 §4.1.4)."""
        self.helo, self.extended, self.envelope = helo, extended, None

    def forget(self) -> None:
        """After STARTTLS: what came in clear never happened (RFC 3207 §4.2)."""
        self.greet("", extended=False)
        self.end_exchange()
        self.commands = 0

    def end_exchange(self) -> None:
        """The SASL exchange is over, one way or another."""
        exchange, self.exchange = self.exchange, None
        if exchange is not None:
            exchange.close()
