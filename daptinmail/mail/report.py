"""What a sender is told of one recipient (RFC 3464 §2.3), and what senders ask to be told (RFC 3461 §4.1)."""

from datetime import datetime
from enum import Enum

from attrs import frozen

from daptinmail.mail.address import Address
from daptinmail.mail.reply import Reply


class Action(Enum):
    """What became of a recipient, the most important first."""

    FAILED = "failed"
    DELAYED = "delayed"
    RELAYED = "relayed"
    DELIVERED = "delivered"

    @property
    def asked_as(self) -> str:
        """The word of NOTIFY that asks for it."""
        return {Action.FAILED: "FAILURE", Action.DELAYED: "DELAY"}.get(self, "SUCCESS")


@frozen
class RecipientReport:
    """One recipient in a notification.

    ``reply`` is the last reply and ``remote`` the host that gave it; ``original`` the recipient as the sender wrote it,
    ``type;address`` (ORCPT, RFC 3461 §4.2); ``tried`` the time of the last attempt; ``until`` when we stop trying.
    """

    recipient: Address
    action: Action
    reply: Reply | None = None
    remote: str | None = None
    original: str | None = None
    tried: datetime | None = None
    until: datetime | None = None


def wants(notify: str | None, word: str) -> bool:
    """Whether a sender wants to hear of ``word`` (SUCCESS, FAILURE or DELAY).

    ``notify`` is the value of NOTIFY; without one, failures and delays are told.
    """
    return word in ("FAILURE,DELAY" if notify is None else notify).split(",")
