"""One mailbox in memory, for ``memory_store``."""

from collections.abc import Callable
from datetime import datetime
from typing import ParamSpec, TypeVar
from uuid import UUID

from attrs import define, evolve, field, frozen
from twisted.internet.defer import Deferred, maybeDeferred

from daptinmail.db.types import to_milliseconds
from daptinmail.interfaces.messages import Arrival, Change, Flags, Mailbox, MailboxStatus
from daptinmail.mail import summary as summaries
from daptinmail.store.flags import DELETED, SEEN

P = ParamSpec("P")
T = TypeVar("T")


def fired(function: Callable[P, T]) -> Callable[P, "Deferred[T]"]:
    """Run at once; answer a Deferred that has fired."""

    def call(*arguments: P.args, **keywords: P.kwargs) -> "Deferred[T]":
        return maybeDeferred(function, *arguments, **keywords)

    return call


@frozen
class Message:
    """A stored message."""

    uid: int
    modseq: int
    flags: Flags
    internal_date: datetime
    saved_at: datetime
    content: bytes = field(repr=False)
    reference: UUID
    arrival: Arrival
    recipient: str = ""
    email_id: bytes = b""
    thread_id: bytes = b""

    def change(self) -> Change:
        """As ``changes`` tells it."""
        return Change(self.uid, self.modseq, self.flags)

    def column(self, name: str) -> object:
        """As ``columns`` tells it."""
        if name == "size":
            return len(self.content)
        if name in {"internal_date", "saved_at"}:
            return to_milliseconds(getattr(self, name))
        if name == "reference":
            return self.reference.bytes
        if name in {"email_id", "thread_id"}:
            return getattr(self, name)
        summary = summaries.summarize(self.content)
        return getattr(summary.terms if hasattr(summary.terms, name) else summary, name)


@define(eq=False)
class Box:
    """A mailbox with its messages by UID and its tombstones (UID -> modseq)."""

    row: Mailbox
    messages: dict[int, Message] = field(factory=dict)
    tombstones: dict[int, int] = field(factory=dict)
    first_recent_uid: int = 1

    def step(self) -> int:
        """Begin a change: the next modseq."""
        self.row = evolve(self.row, highestmodseq=self.row.highestmodseq + 1)
        return self.row.highestmodseq

    def take_uid(self) -> int:
        """The next UID, never to be used again."""
        uid = self.row.uidnext
        self.row = evolve(self.row, uidnext=uid + 1)
        return uid

    def bury(self, uid: int, modseq: int) -> Message:
        """Take a message out, leaving a tombstone."""
        self.tombstones[uid] = modseq
        return self.messages.pop(uid)

    def status(self) -> MailboxStatus:
        """Counts now."""
        messages = self.messages.values()
        return MailboxStatus(
            messages=len(messages),
            recent=sum(message.uid >= self.first_recent_uid for message in messages),
            unseen=sum(SEEN not in message.flags for message in messages),
            deleted=sum(DELETED in message.flags for message in messages),
            size=sum(len(message.content) for message in messages),
            uidnext=self.row.uidnext,
            uidvalidity=self.row.uidvalidity,
            highestmodseq=self.row.highestmodseq,
            deleted_size=sum(len(message.content) for message in messages if DELETED in message.flags),
        )
