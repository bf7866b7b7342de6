"""What is known about a message from another host before it is taken, and what follows from it."""

from collections.abc import Awaitable
from enum import Enum

from attrs import frozen
from zope.interface import Interface

from daptinmail.interfaces.reception import Origin
from daptinmail.interfaces.storage import Content
from daptinmail.interfaces.transfer import IResolver
from daptinmail.mail.envelope import Envelope
from daptinmail.mail.header import HeaderSection
from daptinmail.mail.reply import Reply


class Action(Enum):
    """What becomes of a message."""

    ACCEPT = "accept"
    SPAM = "spam"
    REFUSE = "refuse"


@frozen
class Check:
    """One result as Authentication-Results states it (RFC 8601 §2.3).

    ``method`` and ``result`` are words of the IANA registry ("spf", "softfail"), ``properties`` pairs such as
    ``("smtp.mailfrom", "example.com")``. ``reason`` is for people; it may quote what the sender wrote.
    """

    method: str
    result: str
    reason: str = ""
    properties: tuple[tuple[str, str], ...] = ()


@frozen
class Signature:
    """What became of one DKIM-Signature field. ``result`` as in RFC 8601 §2.7.1; names are "" if unreadable."""

    result: str
    domain: str = ""
    selector: str = ""
    algorithm: str = ""
    identity: str = ""
    reason: str = ""
    start: str = ""
    """The first characters of ``b=``, which tell signatures apart (RFC 6008)."""


@frozen
class Chain:
    """The Authenticated Received Chain (RFC 8617). ``result`` is "none", "pass", "fail" or "temperror".

    ``instances`` counts the sets. ``sealer`` signed the last one, whose ARC-Authentication-Results say ``results``;
    both are "" unless the chain passed.
    """

    result: str
    instances: int = 0
    sealer: str = ""
    results: str = ""
    reason: str = ""


NO_CHAIN = Chain("none")


@frozen
class SignatureReport:
    """All that signatures on a message say, those on top first."""

    signatures: tuple[Signature, ...] = ()
    chain: Chain = NO_CHAIN


class ISignatureVerifier(Interface):
    """Verifies DKIM signatures and ARC chains."""

    def verify(content: Content, header: bytes, resolver: IResolver) -> Awaitable[SignatureReport]:
        """Look at a content as it was received, and its header section. Never raises for what they say, nor for DNS."""


@frozen
class Verdict:
    """The decision about a message, with everything that led to it.

    ``reply`` is set if and only if ``action`` is ``REFUSE``; it may be temporary. ``marked`` asks for the keyword
    ``Spam`` on each copy. ``reasons`` are sentences for the event log.
    """

    action: Action
    checks: tuple[Check, ...] = ()
    score: float = 0.0
    reasons: tuple[str, ...] = ()
    marked: bool = False
    reply: Reply | None = None
    chain: Chain = NO_CHAIN


class IScreening(Interface):
    """Judges mail of clients that did not log in."""

    def screen(origin: Origin, envelope: Envelope, content: Content, header: HeaderSection) -> Awaitable[Verdict]:
        """Decide, before 250. ``header`` is the header section of ``content``, which is as it was received.

        Never raises for what is in the message, nor for DNS.
        """

    def authserv_ids(origin: Origin) -> tuple[str, ...]:
        """The names that only this server may use in Authentication-Results; the first one is what it stamps.

        Empty: this client is not screened, and its message is left as it is.
        """
