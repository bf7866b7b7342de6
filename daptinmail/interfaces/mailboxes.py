"""The store as the IMAP edge sees it: messages, and all that belongs to mailboxes beside them."""

from collections.abc import Awaitable, Sequence
from enum import Enum

from attrs import frozen
from zope.interface import Attribute, Interface

from daptinmail.interfaces.annotations import IAnnotations
from daptinmail.interfaces.messages import IMessageStore, MailboxStatus
from daptinmail.interfaces.quota import IQuotas
from daptinmail.interfaces.sharing import IMailboxRights


class What(Enum):
    """What happened to a mailbox of an account."""

    MESSAGES = "messages"
    CREATED = "created"
    DELETED = "deleted"
    RENAMED = "renamed"
    SUBSCRIBED = "subscribed"
    ANNOTATED = "annotated"
    SHARED = "shared"


@frozen
class MailboxEvent:
    """One thing that happened. ``old_name`` is set for ``RENAMED``, ``entries`` for ``ANNOTATED``.

    ``mailbox_id`` 0 is a name without a mailbox, or the server. ``SHARED`` is told to whoever got or lost rights:
    then ``account_id`` is theirs and the mailbox somebody else's.
    """

    what: What
    account_id: int
    mailbox_id: int
    name: str
    old_name: str = ""
    entries: tuple[str, ...] = ()


class IAccountListener(Interface):
    """Hears what happens to the mailboxes of an account. Called in the reactor thread; must not block or raise."""

    def mailbox_event(event: MailboxEvent) -> None:
        """It happened, and is durable."""


class IMailboxStore(IMessageStore):
    """What IMAP needs."""

    rights: IMailboxRights = Attribute("Access control: names become mailboxes here.")
    annotations: IAnnotations = Attribute("Annotations of mailboxes and the server.")
    quotas: IQuotas = Attribute("Use and limits.")

    def statuses(mailbox_ids: Sequence[int]) -> Awaitable[dict[int, MailboxStatus]]:
        """Counts of those mailboxes that exist, by id, in one look."""

    def listen_account(account_id: int, listener: IAccountListener) -> None:
        """Tell ``listener`` of everything that happens to mailboxes of an account. Reactor thread only."""

    def unlisten_account(account_id: int, listener: IAccountListener) -> None:
        """Stop telling. Harmless if it was not listening."""
