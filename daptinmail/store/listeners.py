"""Who wants to hear of which mailbox. Reactor thread only."""

from attrs import define, field

from daptinmail.interfaces.messages import IMailboxListener


@define(eq=False)
class Listeners:
    """Listeners by mailbox id."""

    _listeners: dict[int, list[IMailboxListener]] = field(factory=dict, init=False)

    def add(self, mailbox_id: int, listener: IMailboxListener) -> None:
        """Tell ``listener`` from now on."""
        self._listeners.setdefault(mailbox_id, []).append(listener)

    def remove(self, mailbox_id: int, listener: IMailboxListener) -> None:
        """Stop telling. Harmless if it was not told."""
        told = self._listeners.get(mailbox_id, [])
        if listener in told:
            told.remove(listener)
        if not told:
            self._listeners.pop(mailbox_id, None)

    def changed(self, mailbox_id: int, modseq: int) -> None:
        """The mailbox stands at ``modseq``."""
        for listener in list(self._listeners.get(mailbox_id, ())):
            listener.mailbox_changed(mailbox_id, modseq)

    def deleted(self, mailbox_id: int) -> None:
        """The mailbox is gone."""
        for listener in self._listeners.pop(mailbox_id, ()):
            listener.mailbox_deleted(mailbox_id)
