"""HTTP -> the MSA: composed messages, and how far they have come."""

from collections.abc import Awaitable, Sequence
from uuid import UUID

from attrs import field, frozen
from zope.interface import Interface

from daptinmail.interfaces.directory import Account
from daptinmail.mail.address import Address
from daptinmail.mail.composition import Composition

QUEUED = "queued"
HELD = "held"
DEFERRED = "deferred"
REFUSED = "refused"
SENT = "sent"
DELIVERED = "delivered"


@frozen
class SendRequest:
    """One message to be submitted by ``account``.

    ``trail`` is its id: a request with one that was submitted before is not submitted again. ``server_hostname`` names
    the ``mail_server`` that sends it, the account's own if empty. ``immediate``: wait for the first attempt.
    """

    account: Account
    composition: Composition
    trail: UUID
    ip: str = ""
    server_hostname: str = ""
    immediate: bool = False


@frozen
class Standing:
    """How far a message has come for one recipient; ``reply`` is what the last attempt was told, if it failed."""

    recipient: Address
    state: str
    reply: str = ""


@frozen
class SendOutcome:
    """What became of a request. ``message_id`` is without its angle brackets."""

    trail: UUID
    message_id: str
    standings: Sequence[Standing] = field(factory=tuple)


class ISending(Interface):
    """Takes composed messages."""

    def send(request: SendRequest) -> Awaitable[SendOutcome]:
        """Submit a message, once for each trail.

        Raises:
            Invalid: the message cannot be composed, or a recipient was refused.
            NotFound: there is no such server.
        """


class IStandings(Interface):
    """The queue, for those who sent something."""

    def standings(trail: UUID) -> Awaitable[Sequence[Standing]]:
        """Of the recipients at other hosts."""

    def attempt(trail: UUID) -> Awaitable[None]:
        """Wait for the first attempt of what is due now."""
