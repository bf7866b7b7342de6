"""What became of one recipient (RFC 5321 §4.2.5, RFC 3464 §2.3.3)."""

from enum import Enum

from attrs import frozen

from daptinmail.mail.address import Address
from daptinmail.mail.reply import Reply


class Outcome(Enum):
    """``DEFERRED`` means a temporary failure: it will be tried again."""

    DELIVERED = "delivered"
    DEFERRED = "deferred"
    REFUSED = "refused"


@frozen
class Receipt:
    """The outcome for one recipient.

    ``reply`` is the reply that decided it, ours or the remote host's; ``remote`` names the host that gave it;
    ``tls`` the TLS version used for the hop, if any; ``reports`` is true if that host took over what the sender asked
    to be told (DSN, RFC 3461 §5.2.2).
    """

    recipient: Address
    outcome: Outcome
    reply: Reply
    remote: str | None = None
    tls: str | None = None
    reports: bool = False
