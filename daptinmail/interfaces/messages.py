"""The message store: accounts' mailboxes, views of them, and the messages inside."""

from array import array
from collections.abc import Awaitable, Callable, Collection, Iterator, Mapping, Sequence
from datetime import datetime
from enum import Enum
from typing import Any, NamedTuple, overload
from uuid import UUID

from attrs import Factory, field, frozen
from zope.interface import Interface

from daptinmail.interfaces.digest import Digest
from daptinmail.interfaces.search import Criterion
from daptinmail.interfaces.storage import Content, ITransaction
from daptinmail.mail.address import Address

Flags = frozenset[bytes]
"""System flags as ``rb"\\Seen"`` in their RFC 9051 §2.3.2 spelling, keywords as sent first. Never ``\\Recent``."""

SPECIAL_USE_MAILBOXES: dict[str, bytes] = {
    "Sent": rb"\Sent",
    "Drafts": rb"\Drafts",
    "Trash": rb"\Trash",
    "Archive": rb"\Archive",
    "Spam": rb"\Junk",
}
"""Made with each account, beside INBOX (RFC 6154 §2)."""


@frozen
class Mailbox:
    """A mailbox (an IMAP folder). ``name`` is Unicode with ``/`` as hierarchy delimiter; INBOX in capitals."""

    id: int
    reference: UUID
    account_id: int
    name: str
    subscribed: bool
    special_use: bytes | None
    uidvalidity: int
    uidnext: int
    highestmodseq: int


@frozen
class MailboxStatus:
    """Counts of one mailbox; ``size`` in octets (RFC 8438), ``deleted_size`` of messages flagged so (RFC 9208 §5.3)."""

    messages: int
    recent: int
    unseen: int
    deleted: int
    size: int
    uidnext: int
    uidvalidity: int
    highestmodseq: int
    deleted_size: int = 0


@frozen
class Snapshot:
    """All messages of a mailbox at one modseq, in UID order; the three sequences run in parallel."""

    mailbox: Mailbox
    uids: "array[int]"
    modseqs: "array[int]"
    flags: list[Flags]
    first_recent_uid: int
    """Messages from this UID on are recent to the session that took this snapshot (RFC 3501 §2.3.2)."""
    digest: Digest = field(default=Factory(lambda self: Digest.of(self.flags), takes_self=True))
    """Of ``flags``; a store that knows it already gives it."""

    @property
    def modseq(self) -> int:
        """The modseq this view stands at."""
        return self.mailbox.highestmodseq


class Change(NamedTuple):
    """A message that is new or whose flags changed."""

    uid: int
    modseq: int
    flags: Flags


@frozen(eq=False)
class Marked(Sequence[Change]):
    """Messages after a change of flags, in UID order: column by column, as there may be thousands.

    ``steps``: the modseqs that the mailbox got by it, ascending; nothing but these messages changed at them.
    """

    uids: "array[int]"
    modseqs: "array[int]"
    flags: list[Flags]
    steps: tuple[int, ...] = ()

    @classmethod
    def of(cls, changes: Sequence[Change], steps: tuple[int, ...] = ()) -> "Marked":
        """The columns of these."""
        uids, modseqs, flags = zip(*changes, strict=True) if changes else ((), (), ())
        return cls(array("Q", uids), array("Q", modseqs), list(flags), steps)

    def joined(self, later: "Marked") -> "Marked":
        """This and one with higher UIDs."""
        uids, modseqs, flags = self.uids + later.uids, self.modseqs + later.modseqs, self.flags + later.flags
        return Marked(uids, modseqs, flags, self.steps + later.steps)

    def __len__(self) -> int:
        return len(self.uids)

    def __iter__(self) -> Iterator[Change]:
        return map(Change, self.uids, self.modseqs, self.flags)

    @overload
    def __getitem__(self, at: int) -> Change: ...
    @overload
    def __getitem__(self, at: slice) -> "Marked": ...
    def __getitem__(self, at: int | slice) -> "Change | Marked":
        if isinstance(at, slice):
            return Marked(self.uids[at], self.modseqs[at], self.flags[at])
        return Change(self.uids[at], self.modseqs[at], self.flags[at])


@frozen
class Changes:
    """What happened to a mailbox after a modseq. ``changed`` and ``expunged`` are in UID order.

    Not ``complete``: some expunges since then have been forgotten, so compare all UIDs (RFC 7162 §3.2.5.2).
    """

    modseq: int
    uidnext: int
    changed: Sequence[Change]
    expunged: Sequence[int]
    complete: bool = True


class FlagMode(Enum):
    """How STORE changes flags."""

    REPLACE = ""
    ADD = "+"
    REMOVE = "-"


@frozen
class Appended:
    """Where a message went (RFC 4315 §3)."""

    mailbox_id: int
    uidvalidity: int
    uid: int


@frozen
class Copied:
    """What COPY or MOVE did: ``sources[i]`` became ``targets[i]`` (RFC 4315 §3)."""

    uidvalidity: int
    sources: Sequence[int]
    targets: Sequence[int]


@frozen
class Delivery:
    """One final delivery of a content. ``account_id`` owns the mailbox called ``mailbox``, made if missing.

    ``recipient`` is the envelope recipient as text, ``flags`` the first flags. With ``special_use`` the mailbox that
    has it, whatever it is called, goes before one called ``mailbox``; one that is made gets it. ``owed``: stored even
    if the account is full, as the server's own notices and copies are.
    """

    account_id: int
    recipient: str
    mailbox: str = "INBOX"
    flags: Flags = frozenset()
    special_use: bytes | None = None
    owed: bool = False


@frozen
class Arrival:
    """How a message came; stored with it for the API and the trail."""

    trail: UUID
    return_path: str = ""
    ip: str = ""
    tls: bool = False


@frozen
class NewMessage:
    """A message to be appended. Without ``internal_date`` it is dated when it comes."""

    content: Content
    flags: Flags = frozenset()
    internal_date: datetime | None = None


@frozen
class Opened:
    """One message opened for reading. ``read(offset, size)`` blocks: call it in a pool thread; then ``close()``."""

    size: int
    read: Callable[[int, int], bytes] = field(repr=False)
    close: Callable[[], None] = field(repr=False)


@frozen
class Overview:
    """One mailbox with its counts, and the reference of its latest message (``None`` when empty)."""

    mailbox: Mailbox
    status: MailboxStatus
    latest: UUID | None


class IMailboxListener(Interface):
    """Hears that a mailbox moved on. Called in the reactor thread; must not block or raise."""

    def mailbox_changed(mailbox_id: int, modseq: int) -> None:
        """The mailbox stands at ``modseq`` now; ask ``changes`` for what happened."""

    def mailbox_deleted(mailbox_id: int) -> None:
        """The mailbox is gone."""


class IMessageStore(Interface):
    """Every account's mailboxes. Coroutines run in the reactor; ``*_in`` run in the storage thread.

    All raise ``NotFound`` for a mailbox that is not there (any more), ``Unavailable`` if the disk fails.
    """

    def mailboxes(account_id: int) -> Awaitable[list[Mailbox]]:
        """All mailboxes of an account in name order, INBOX first."""

    def mailbox(account_id: int, name: str) -> Awaitable[Mailbox]:
        """One mailbox; any case of INBOX is INBOX (RFC 9051 §5.1)."""

    def create(account_id: int, name: str, special_use: bytes | None = None) -> Awaitable[Mailbox]:
        """Make a mailbox and the parents it lacks.

        Raises:
            AlreadyExists, Invalid (a name that no mailbox may have).
        """

    def delete(account_id: int, name: str) -> Awaitable[None]:
        """Delete a mailbox and its messages; its children stay. INBOX cannot be deleted (``Forbidden``)."""

    def rename(account_id: int, name: str, new_name: str) -> Awaitable[None]:
        """Rename with all children; INBOX moves its messages and stays (RFC 9051 §6.3.6)."""

    def subscribe(account_id: int, name: str, subscribed: bool) -> Awaitable[None]:
        """Set the subscription. Unsubscribing what does not exist is not an error."""

    def subscriptions(account_id: int) -> Awaitable[list[str]]:
        """Names that are subscribed, existing or not (RFC 3501 §6.3.9)."""

    def status(mailbox_id: int) -> Awaitable[MailboxStatus]:
        """Counts now."""

    def snapshot(mailbox_id: int, claim_recent: bool = False) -> Awaitable[Snapshot]:
        """The whole mailbox. ``claim_recent``: later snapshots see these messages as not recent."""

    def changes(mailbox_id: int, since: int) -> Awaitable[Changes]:
        """What happened after modseq ``since``."""

    def columns(mailbox_id: int, uids: Sequence[int], names: tuple[str, ...]) -> Awaitable[list[tuple[Any, ...]]]:
        """Rows ``(uid, *values)`` of those UIDs that still exist, in UID order; ``names`` among ``columns.COLUMNS``.

        Callers ask for as many messages at once as they would hold in memory: a ``header`` may be a megabyte.
        """

    def sizes(mailbox_id: int, uids: Sequence[int]) -> Awaitable["array[int] | None"]:
        """Octets of each of these messages, in UID order, without a look into rows if possible.

        ``None``: some of them are gone, or there is no quicker way than ``columns``.
        """

    def find(mailbox_id: int, criterion: Criterion, uids: Sequence[int] | None = None) -> Awaitable["array[int]"]:
        """The UIDs of the messages that meet one criterion, ascending; only among ``uids`` if given."""

    def open(mailbox_id: int, uid: int) -> Awaitable[Opened]:
        """Open one message's content. ``NotFound`` if it was expunged."""

    def open_many(mailbox_id: int, uids: Sequence[int]) -> Awaitable[dict[int, Opened]]:
        """Open those messages that exist, by UID. Each holds a file descriptor: callers ask for 50 at most."""

    def visit(mailbox_id: int, visits: Mapping[int, Callable[[Opened], Any]]) -> Awaitable[dict[int, Any]]:
        """Open each of those messages that exist, call what is given for its UID in a pool thread, close it.

        Answers what the calls answered, by UID. One thread does them all: callers bound what is read at once.
        """

    def append(
        mailbox_id: int, content: Content, flags: Flags, internal_date: datetime | None, arrival: Arrival
    ) -> Awaitable[Appended]:
        """Store one message; done when synced."""

    def append_many(
        mailbox_id: int,
        messages: Sequence[NewMessage],
        arrival: Arrival,
        replaces: tuple[int, int] | None = None,
    ) -> Awaitable[list[Appended]]:
        r"""Store messages, all or none; done when synced (RFC 3502).

        ``replaces`` is the mailbox id and UID of a message that goes in the same moment, \Deleted or not (RFC 8508);
        ``NotFound`` if it is not there.
        """

    def deliver(content: Content, deliveries: Sequence[Delivery], arrival: Arrival) -> Awaitable[list[Appended]]:
        """Store one content in several accounts, all or none; done when synced."""

    def deliver_in(
        transaction: ITransaction, content: Content, deliveries: Sequence[Delivery], arrival: Arrival
    ) -> list[Appended]:
        """``deliver`` as part of a larger transaction."""

    def change_flags(
        mailbox_id: int,
        uids: Collection[int],
        mode: FlagMode,
        flags: Flags,
        unchanged_since: int | None = None,
    ) -> Awaitable[Marked]:
        """Change flags; answers the new state of each message that exists and passed ``unchanged_since``.

        A message whose flags do not really change keeps its modseq.
        """

    def copy(mailbox_id: int, uids: Sequence[int], target_id: int) -> Awaitable[Copied]:
        """Copy messages with flags and internal date, all or none."""

    def move(mailbox_id: int, uids: Sequence[int], target_id: int) -> Awaitable[Copied]:
        """Move messages, all or none (RFC 6851)."""

    def expunge(mailbox_id: int, uids: Collection[int] | None = None) -> Awaitable[list[int]]:
        r"""Remove messages flagged ``\Deleted``, all or those among ``uids``; answers the removed UIDs."""

    def overview(references: Sequence[UUID]) -> Awaitable[list[Overview]]:
        """Counts of those mailboxes that exist, by the references of their rows."""

    def directory_for(address: Address) -> str:
        """The directory of a new account's tree, relative to the mail directory, safe for any address."""

    def open_account_in(transaction: ITransaction, account_id: int) -> None:
        """Make the tree of a new ``mail_account`` row, INBOX and the special-use mailboxes."""

    def close_account_in(transaction: ITransaction, account_id: int) -> None:
        """Remove all mailboxes, messages and files of an account whose row is about to go."""

    def listen(mailbox_id: int, listener: IMailboxListener) -> None:
        """Tell ``listener`` of every later change. Reactor thread only."""

    def unlisten(mailbox_id: int, listener: IMailboxListener) -> None:
        """Stop telling. Harmless if it was not listening."""
