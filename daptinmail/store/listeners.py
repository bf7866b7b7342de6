"""Who wants to hear of which mailbox, or of all mailboxes of an account. Reactor thread only."""

from collections.abc import Callable
from typing import Generic, TypeVar

from attrs import define, field

from daptinmail.interfaces.mailboxes import IAccountListener, MailboxEvent, What
from daptinmail.interfaces.messages import IMailboxListener, Mailbox

T = TypeVar("T")


@define(eq=False)
class Ears(Generic[T]):
    """Listeners by the id of what they listen to."""

    _listening: dict[int, list[T]] = field(factory=dict, init=False)

    def add(self, key: int, listener: T) -> None:
        """Tell ``listener`` from now on."""
        self._listening.setdefault(key, []).append(listener)

    def remove(self, key: int, listener: T) -> None:
        """Stop telling. Harmless if it was not told."""
        told = self._listening.get(key, [])
        if listener in told:
            told.remove(listener)
        if not told:
            self._listening.pop(key, None)

    def of(self, key: int) -> list[T]:
        """Who listens now."""
        return list(self._listening.get(key, ()))

    def keys(self) -> list[int]:
        """What is listened to."""
        return list(self._listening)

    def take(self, key: int) -> list[T]:
        """Who listens now, and will hear no more."""
        return self._listening.pop(key, [])

    def __bool__(self) -> bool:
        return bool(self._listening)


@define(eq=False)
class Listeners:
    """Listeners of mailboxes, and of ``accounts``."""

    accounts: Ears[IAccountListener] = field(factory=Ears, init=False)
    woken: Callable[[], None] = field(default=lambda: None, init=False)
    """Called at every change of any mailbox."""
    renamed: Callable[[int], None] = field(default=lambda account_id: None, init=False)
    """Called with an account of which a mailbox may be new, gone, or another than it was by name."""
    _listeners: Ears[IMailboxListener] = field(factory=Ears, init=False)

    def add(self, mailbox_id: int, listener: IMailboxListener) -> None:
        """Tell ``listener`` from now on."""
        self._listeners.add(mailbox_id, listener)

    def remove(self, mailbox_id: int, listener: IMailboxListener) -> None:
        """Stop telling. Harmless if it was not told."""
        self._listeners.remove(mailbox_id, listener)

    def mailboxes(self) -> list[int]:
        """Which mailboxes somebody listens to."""
        return self._listeners.keys()

    def changed(self, mailbox: Mailbox, modseq: int) -> None:
        """The mailbox stands at ``modseq``."""
        self.woken()
        for listener in self._listeners.of(mailbox.id):
            listener.mailbox_changed(mailbox.id, modseq)
        if self.accounts:
            self.event(MailboxEvent(What.MESSAGES, mailbox.account_id, mailbox.id, mailbox.name))

    def deleted(self, mailbox_id: int) -> None:
        """The mailbox is gone."""
        self.woken()
        for listener in self._listeners.take(mailbox_id):
            listener.mailbox_deleted(mailbox_id)

    def shared(self, mailbox_id: int, account_id: int | None) -> None:
        """Rights on a mailbox were given to an account or taken from it; ``None``: perhaps from many."""
        for key in self.accounts.keys() if account_id is None else [account_id]:
            self.event(MailboxEvent(What.SHARED, key, mailbox_id, ""))

    def event(self, event: MailboxEvent) -> None:
        """Something happened to a mailbox of an account."""
        if event.what is not What.MESSAGES:
            self.renamed(event.account_id)
        for listener in self.accounts.of(event.account_id):
            listener.mailbox_event(event)
