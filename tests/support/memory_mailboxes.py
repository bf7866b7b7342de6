"""Accounts and mailboxes in memory, for ``memory_store``."""

from collections.abc import Iterator, Sequence

from attrs import Factory, define, evolve, field

from daptinmail.errors import AlreadyExists, Forbidden, Invalid, NotFound
from daptinmail.interfaces.mailboxes import IAccountListener, MailboxEvent, What
from daptinmail.interfaces.messages import (
    SPECIAL_USE_MAILBOXES,
    Copied,
    IMailboxListener,
    Mailbox,
)
from daptinmail.interfaces.runtime import IClock, IIdentifiers
from daptinmail.interfaces.storage import ITransaction
from daptinmail.mail.address import Address
from daptinmail.store.names import INBOX, account_directory, in_order, normal_name, parents
from tests.support.memory_box import Box, fired
from tests.support.memory_sharing import MemoryAccountListeners, MemoryAnnotations, MemoryQuotas, MemoryRights


@define(eq=False)
class MemoryMailboxes:
    """The part of ``MemoryMessageStore`` that knows names. Accounts exist after ``open_account``."""

    clock: IClock
    identifiers: IIdentifiers
    accounts: dict[int, dict[str, Box]] = field(factory=dict)
    unheld: dict[int, set[str]] = field(factory=dict)
    listeners: dict[int, list[IMailboxListener]] = field(factory=dict)
    last_id: int = 0
    last_uidvalidity: int = 0
    logins: dict[int, str] = field(factory=dict)
    ears: MemoryAccountListeners = field(factory=MemoryAccountListeners, init=False)
    rights: MemoryRights = field(
        init=False, default=Factory(lambda self: MemoryRights(self, self.ears), takes_self=True)
    )
    annotations: MemoryAnnotations = field(
        init=False, default=Factory(lambda self: MemoryAnnotations(self, self.ears), takes_self=True)
    )
    quotas: MemoryQuotas = field(init=False, default=Factory(MemoryQuotas, takes_self=True))

    @fired
    def mailboxes(self, account_id: int) -> list[Mailbox]:
        """All mailboxes, INBOX first."""
        boxes = self.accounts.get(account_id, {})
        return [boxes[name].row for name in sorted(boxes, key=in_order)]

    @fired
    def mailbox(self, account_id: int, name: str) -> Mailbox:
        """One mailbox by name."""
        return self._named(account_id, name).row

    @fired
    def create(self, account_id: int, name: str, special_use: bytes | None = None) -> Mailbox:
        """Make a mailbox and its parents."""
        name = normal_name(name)
        if name in self._account(account_id):
            raise AlreadyExists("Mailbox already exists")
        return self._make(account_id, name, special_use).row

    @fired
    def delete(self, account_id: int, name: str) -> None:
        """Delete a mailbox; its children stay."""
        box = self._named(account_id, name)
        if box.row.name == INBOX:
            raise Forbidden("INBOX cannot be deleted")
        del self.accounts[account_id][box.row.name]
        if box.row.subscribed:
            self.unheld[account_id].add(box.row.name)
        self._happened(What.DELETED, box)
        for listener in self.listeners.pop(box.row.id, []):
            listener.mailbox_deleted(box.row.id)

    @fired
    def rename(self, account_id: int, name: str, new_name: str) -> None:
        """Rename with children; INBOX only gives its messages away."""
        box, new_name = self._named(account_id, name), normal_name(new_name)
        boxes = self.accounts[account_id]
        if new_name in boxes:
            raise AlreadyExists("Mailbox already exists")
        if box.row.name == INBOX:
            self._transfer(box, sorted(box.messages), self._make(account_id, new_name), keep=False)
            return
        prefix = box.row.name + "/"
        if new_name.startswith(prefix):
            raise Invalid(fields={"name": "a mailbox cannot be moved into itself"})
        family = [old for old in boxes if old == box.row.name or old.startswith(prefix)]
        renamed = {old: normal_name(new_name + old[len(box.row.name) :]) for old in family}
        if any(new in boxes for new in renamed.values()):
            raise AlreadyExists("Mailbox already exists")
        for parent in parents(new_name):
            if parent not in boxes:
                self._make(account_id, parent)
        for old, new in renamed.items():
            moved = boxes[new] = boxes.pop(old)
            held = new in self.unheld[account_id]
            self.unheld[account_id].discard(new)
            if moved.row.subscribed:
                self.unheld[account_id].add(old)
            moved.row = evolve(moved.row, name=new, subscribed=moved.row.subscribed or held)
            self._happened(What.RENAMED, moved, old)

    @fired
    def subscribe(self, account_id: int, name: str, subscribed: bool) -> None:
        """Set the subscription of an existing name, or remember that of a missing one."""
        boxes = self._account(account_id)
        try:
            name = normal_name(name)
        except Invalid:
            if subscribed:
                raise
            return
        if name in boxes:
            boxes[name].row = evolve(boxes[name].row, subscribed=subscribed)
        elif subscribed:
            self.unheld[account_id].add(name)
        else:
            self.unheld[account_id].discard(name)
        at = boxes[name].row.id if name in boxes else 0
        self.ears.tell(MailboxEvent(What.SUBSCRIBED, account_id, at, name))

    @fired
    def subscriptions(self, account_id: int) -> list[str]:
        """Subscribed names, existing or not."""
        held = {name for name, box in self.accounts.get(account_id, {}).items() if box.row.subscribed}
        return sorted(held | self.unheld.get(account_id, set()), key=in_order)

    # Accounts and listeners

    def directory_for(self, address: Address) -> str:
        """As the real store names it."""
        return account_directory(address)

    def open_account(self, account_id: int) -> None:
        """Make INBOX and the special-use mailboxes."""
        self.accounts[account_id], self.unheld[account_id] = {}, set()
        self.logins.setdefault(account_id, f"{account_id}@example.test")
        self._make(account_id, INBOX, subscribed=True)
        for name, special_use in SPECIAL_USE_MAILBOXES.items():
            self._make(account_id, name, special_use, subscribed=True)

    def open_account_in(self, transaction: ITransaction, account_id: int) -> None:
        """``open_account``, at once."""
        self.open_account(account_id)

    def close_account_in(self, transaction: ITransaction, account_id: int) -> None:
        """Forget the account when ``transaction`` commits."""

        def forget() -> None:
            self.unheld.pop(account_id, None)
            for box in self.accounts.pop(account_id, {}).values():
                for listener in self.listeners.pop(box.row.id, []):
                    listener.mailbox_deleted(box.row.id)

        transaction.after_commit(forget)

    def listen(self, mailbox_id: int, listener: IMailboxListener) -> None:
        """Tell ``listener`` of every later change."""
        self.listeners.setdefault(mailbox_id, []).append(listener)

    def unlisten(self, mailbox_id: int, listener: IMailboxListener) -> None:
        """Stop telling."""
        if listener in self.listeners.get(mailbox_id, []):
            self.listeners[mailbox_id].remove(listener)

    def listen_account(self, account_id: int, listener: IAccountListener) -> None:
        """Tell ``listener`` what happens to mailboxes."""
        self.ears.listening.setdefault(account_id, []).append(listener)

    def unlisten_account(self, account_id: int, listener: IAccountListener) -> None:
        """Stop telling."""
        if listener in self.ears.listening.get(account_id, []):
            self.ears.listening[account_id].remove(listener)

    # Inside

    def _happened(self, what: What, box: Box, old_name: str = "") -> None:
        self.ears.tell(MailboxEvent(what, box.row.account_id, box.row.id, box.row.name, old_name))

    def _boxes(self) -> Iterator[Box]:
        for boxes in self.accounts.values():
            yield from boxes.values()

    def _box(self, mailbox_id: int) -> Box:
        for box in self._boxes():
            if box.row.id == mailbox_id:
                return box
        raise NotFound("No such mailbox")

    def _account(self, account_id: int) -> dict[str, Box]:
        if account_id not in self.accounts:
            raise NotFound("No such account")
        return self.accounts[account_id]

    def _named(self, account_id: int, name: str) -> Box:
        try:
            return self.accounts[account_id][normal_name(name)]
        except (KeyError, Invalid):
            raise NotFound("No such mailbox") from None

    def _ensure(self, account_id: int, name: str, special_use: bytes | None) -> Box:
        boxes = self.accounts[account_id]
        used = [box for box in boxes.values() if special_use and box.row.special_use == special_use]
        return next(iter(used), None) or boxes.get(name) or self._make(account_id, name, special_use, subscribed=True)

    def _make(self, account_id: int, name: str, special_use: bytes | None = None, subscribed: bool = False) -> Box:
        boxes = self.accounts[account_id]
        for parent in parents(name):
            if parent not in boxes:
                self._make(account_id, parent)
        self.last_id += 1
        self.last_uidvalidity = max(self.last_uidvalidity + 1, int(self.clock.now().timestamp()))
        held = name in self.unheld[account_id]
        self.unheld[account_id].discard(name)
        row = Mailbox(
            id=self.last_id,
            reference=self.identifiers.uuid7(),
            account_id=account_id,
            name=name,
            subscribed=subscribed or held,
            special_use=special_use,
            uidvalidity=self.last_uidvalidity,
            uidnext=1,
            highestmodseq=1,
        )
        boxes[name] = Box(row)
        if parents(name) and (above := boxes.get(parents(name)[-1])) and above.row.id in self.rights.lists:
            self.rights.lists[row.id] = dict(self.rights.lists[above.row.id])
        self._happened(What.CREATED, boxes[name])
        return boxes[name]

    def _transfer(self, source: Box, uids: Sequence[int], target: Box, *, keep: bool) -> Copied:
        sources = [uid for uid in sorted(set(uids)) if uid in source.messages]
        if keep or source.row.account_id != target.row.account_id:
            octets = sum(len(source.messages[uid].content) for uid in sources)
            self.quotas.check(target.row.account_id, len(sources), octets)
        targets = []
        if sources:
            modseq = target.step()
            for uid in sources:
                message = source.messages[uid]
                targets.append(target.take_uid())
                target.messages[targets[-1]] = evolve(
                    message,
                    uid=targets[-1],
                    modseq=modseq,
                    saved_at=self.clock.now(),
                    reference=self.identifiers.uuid7(),
                )
            if not keep:
                modseq = source.step()
                for uid in sources:
                    source.bury(uid, modseq)
                self._tell(source)
            self._tell(target)
        return Copied(target.row.uidvalidity, sources, targets)

    def _tell(self, box: Box) -> None:
        for listener in list(self.listeners.get(box.row.id, [])):
            listener.mailbox_changed(box.row.id, box.row.highestmodseq)
        self._happened(What.MESSAGES, box)
