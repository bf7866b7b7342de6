"""What the promises of ``IMessageStore`` are told with."""

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, TypeVar
from uuid import UUID

from attrs import define, field
from twisted.internet.defer import Deferred
from twisted.python.failure import Failure
from twisted.trial.unittest import SynchronousTestCase
from zope.interface import implementer

from daptinmail.errors import DaptinmailError
from daptinmail.interfaces.messages import (
    Arrival,
    Flags,
    IMailboxListener,
    IMessageStore,
    Mailbox,
)
from daptinmail.interfaces.storage import Content, ITransaction
from tests.support.runtime import SteadyClock
from tests.support.stored import fired

T = TypeVar("T")

SEEN, DELETED, FLAGGED, ANSWERED = rb"\Seen", rb"\Deleted", rb"\Flagged", rb"\Answered"
ARRIVAL = Arrival(trail=UUID(int=0x0198_0000_0000_7000_8000_00000000ABCD), return_path="a@example.test", ip="192.0.2.1")


def content(text: str = "hello") -> Content:
    """A small message."""
    octets = f"From: A <a@example.test>\r\nSubject: {text}\r\n\r\n{text}\r\n".encode()
    return Content(body_size=len(octets), body=octets)


@implementer(IMailboxListener)
@define(eq=False)
class Listening:
    """Writes down what it hears."""

    heard: list[tuple[int, int]] = field(factory=list)
    deleted: list[int] = field(factory=list)

    def mailbox_changed(self, mailbox_id: int, modseq: int) -> None:
        """A change."""
        self.heard.append((mailbox_id, modseq))

    def mailbox_deleted(self, mailbox_id: int) -> None:
        """A deletion."""
        self.deleted.append(mailbox_id)


if TYPE_CHECKING:
    Mixin = SynchronousTestCase
else:
    Mixin = object


class StoreCase(Mixin):
    """Base of the promises. A provider's case sets these up in ``setUp``."""

    store: IMessageStore
    clock: SteadyClock
    account: int
    neighbour: int
    """Another account, opened too."""

    def in_transaction(self, work: Callable[[ITransaction], T]) -> T:
        """Run ``work`` in a transaction and commit it; its exception undoes everything."""
        raise NotImplementedError

    def settled(self, waiting: "Deferred[Any]") -> Any:
        """What a Deferred comes to: a result or a ``Failure``."""
        return fired(waiting)

    def now(self, awaitable: Awaitable[T]) -> T:
        """The result; raises its error."""

        async def wait() -> T:
            return await awaitable

        came: T | Failure = self.settled(Deferred.fromCoroutine(wait()))
        if isinstance(came, Failure):
            came.raiseException()
        return came

    def refused(self, awaitable: Awaitable[object], *errors: type[DaptinmailError]) -> None:
        """Assert that it fails so."""
        with self.assertRaises(errors):
            self.now(awaitable)

    def inbox(self) -> Mailbox:
        """The INBOX as it is now."""
        return self.box("INBOX")

    def box(self, name: str) -> Mailbox:
        """A mailbox as it is now."""
        return self.now(self.store.mailbox(self.account, name))

    def add(self, name: str = "INBOX", text: str = "hello", flags: Flags = frozenset()) -> int:
        """Append a message; its UID."""
        return self.now(self.store.append(self.box(name).id, content(text), flags, None, ARRIVAL)).uid

    def names(self) -> list[str]:
        """Names of all mailboxes."""
        return [mailbox.name for mailbox in self.now(self.store.mailboxes(self.account))]

    def uids(self, name: str = "INBOX") -> list[int]:
        """UIDs in a mailbox."""
        return list(self.now(self.store.snapshot(self.box(name).id)).uids)

    def flags(self, uid: int, name: str = "INBOX") -> Flags:
        """Flags of one message."""
        view = self.now(self.store.snapshot(self.box(name).id))
        return view.flags[list(view.uids).index(uid)]

    def octets(self, uid: int, name: str = "INBOX") -> bytes:
        """The content of one message."""
        opened = self.now(self.store.open(self.box(name).id, uid))
        try:
            return opened.read(0, opened.size)
        finally:
            opened.close()
