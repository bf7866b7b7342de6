"""``IMailboxStore``: what the edges and agents call in the reactor; the work is done in other threads."""

import os
from array import array
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Any, Concatenate, ParamSpec, TypeVar
from uuid import UUID

from attrs import define, field, frozen
from twisted.internet.interfaces import IReactorTime
from zope.interface import implementer

from daptinmail.errors import NotFound, Unavailable
from daptinmail.interfaces.events import IEventLog
from daptinmail.interfaces.mailboxes import IAccountListener, IMailboxStore
from daptinmail.interfaces.messages import (
    Appended,
    Arrival,
    Changes,
    Copied,
    Delivery,
    FlagMode,
    Flags,
    IMailboxListener,
    Mailbox,
    MailboxStatus,
    Marked,
    NewMessage,
    Opened,
    Overview,
    Snapshot,
)
from daptinmail.interfaces.runtime import IBlocking, IClock, IIdentifiers
from daptinmail.interfaces.search import Criterion, ITextIndex
from daptinmail.interfaces.storage import Content, IStorage, ITransaction
from daptinmail.mail.address import Address
from daptinmail.store import counts, views
from daptinmail.store.adoption import Adoption
from daptinmail.store.annotations import Annotations
from daptinmail.store.chores import Chores
from daptinmail.store.contents import SMALL, Prepared, clear_staging, prepare, prepare_large
from daptinmail.store.discovery import Discovery
from daptinmail.store.flags import canonical
from daptinmail.store.images import Images
from daptinmail.store.listeners import Listeners
from daptinmail.store.mailboxes import Mailboxes
from daptinmail.store.maildir import Tree
from daptinmail.store.marks import Marks, Order
from daptinmail.store.messages import Messages
from daptinmail.store.names import account_directory, normal_name
from daptinmail.store.pruning import Pruning
from daptinmail.store.quota import Quotas, check_room
from daptinmail.store.reindex import Progress, Reindex
from daptinmail.store.renaming import Names, Renaming
from daptinmail.store.rights import MailboxRights
from daptinmail.store.rows import folder_by_id
from daptinmail.store.scan import Scan
from daptinmail.store.search import NoTextIndex, Search
from daptinmail.store.transfers import Transfers
from daptinmail.store.viewing import Viewing
from daptinmail.store.watch import Watch

T = TypeVar("T")
P = ParamSpec("P")

FLAGS_SLICE = 2000
"""Messages whose flags change in the first unit of a STORE; the next ones are larger, as long as they are fast."""

FLAGS_HELD = 0.02
"""Seconds that such a unit may take, so that STORE on a large mailbox does not hold up mail that comes in."""


@frozen
class Parts:
    """The parts that run in the storage thread, for rules of the same layer."""

    messages: Messages
    marks: Marks
    mailboxes: Mailboxes
    transfers: Transfers


@implementer(IMailboxStore)
@define(eq=False)
class MessageStore:
    """Mailboxes in Maildir++ trees below ``mail_dir`` and in the database.

    ``host`` stands in file names only.
    """

    storage: IStorage
    mail_dir: Path
    clock: IClock
    identifiers: IIdentifiers
    events: IEventLog
    blocking: IBlocking
    host: str = field(factory=lambda: os.uname().nodename)
    index: ITextIndex = field(factory=NoTextIndex)
    _listeners: Listeners = field(factory=Listeners, init=False)
    _watch: Watch = field(factory=Watch, init=False)
    parts: Parts = field(init=False)
    rights: MailboxRights = field(init=False)
    annotations: Annotations = field(init=False)
    quotas: Quotas = field(init=False)
    renaming: Renaming = field(init=False)
    _chores: Chores = field(init=False)
    _discovery: Discovery = field(init=False)
    _viewing: Viewing = field(init=False)
    _scan: Scan = field(init=False)
    _search: Search = field(init=False)

    def __attrs_post_init__(self) -> None:
        tree = Tree(self.mail_dir)
        messages = Messages(tree, self.identifiers, self.events, self._listeners, self._watch, self.host, os.getpid())
        transfers, marks = Transfers(messages), Marks(messages)
        self.parts = Parts(messages, marks, Mailboxes(messages, transfers), transfers)
        self.rights = MailboxRights(self.storage, self._listeners)
        self.annotations = Annotations(self.storage, self._listeners)
        self.quotas = Quotas(self.storage)
        self._scan = Scan(self.storage, self.blocking, tree, self._watch, Adoption(tree, marks), self.clock)
        self.renaming = Renaming(self.storage, Names(messages), self._scan.run)
        images = Images(self.storage, self.blocking, self._watch, self.clock)
        messages.due, messages.followed, messages.forgotten = self.renaming.wake, images.apply, images.forget
        pruning = Pruning(self.storage, self.clock)
        self._chores = Chores(self.renaming, images, pruning, self._scan, self._watch, self._listeners, self.blocking)
        self._discovery = Discovery(self.storage, self.parts.mailboxes)
        self._viewing = Viewing(
            self.storage, self.blocking, self.rights.lookups, tree, self._watch, self._scan, marks, images
        )
        self._search = Search(self.storage, self.blocking, self, self.index)
        self._listeners.woken = self.index.wake

    # Mailboxes

    async def mailboxes(self, account_id: int) -> list[Mailbox]:
        """All mailboxes, INBOX first; folders that other tools made are mailboxes too."""
        await self._discovery.look(account_id)
        return await self.storage.read(lambda connection: views.mailboxes(connection, account_id))

    async def mailbox(self, account_id: int, name: str) -> Mailbox:
        """One mailbox by name."""
        return await self.storage.read(lambda connection: views.named(connection, account_id, name).mailbox)

    async def create(self, account_id: int, name: str, special_use: bytes | None = None) -> Mailbox:
        """Make a mailbox and its parents."""
        return await self._write(self.parts.mailboxes.create, account_id, name, special_use)

    async def delete(self, account_id: int, name: str) -> None:
        """Delete a mailbox and its messages."""
        await self._write(self.parts.mailboxes.delete, account_id, name)

    async def rename(self, account_id: int, name: str, new_name: str) -> None:
        """Rename with all children; INBOX moves its messages and stays."""
        await self._write(self.parts.mailboxes.rename, account_id, name, new_name)

    async def subscribe(self, account_id: int, name: str, subscribed: bool) -> None:
        """Set the subscription."""
        await self._write(self.parts.mailboxes.subscribe, account_id, name, subscribed)

    async def subscriptions(self, account_id: int) -> list[str]:
        """Subscribed names."""
        return await self.storage.read(lambda connection: views.subscriptions(connection, account_id))

    # Views

    async def status(self, mailbox_id: int) -> MailboxStatus:
        """Counts now."""
        return await self._viewing.look(mailbox_id, counts.status)

    async def statuses(self, mailbox_ids: Sequence[int]) -> dict[int, MailboxStatus]:
        """Counts of many mailboxes in one look."""
        return await self._viewing.statuses(mailbox_ids)

    async def snapshot(self, mailbox_id: int, claim_recent: bool = False) -> Snapshot:
        """The whole mailbox."""
        return await self._viewing.snapshot(mailbox_id, claim_recent)

    async def changes(self, mailbox_id: int, since: int) -> Changes:
        """What happened after modseq ``since``."""
        return await self._viewing.changes(mailbox_id, since)

    async def columns(self, mailbox_id: int, uids: Sequence[int], names: tuple[str, ...]) -> list[tuple[Any, ...]]:
        """Rows ``(uid, *values)`` of those that exist."""
        return await self.storage.read(lambda connection: views.columns(connection, mailbox_id, uids, names))

    async def sizes(self, mailbox_id: int, uids: Sequence[int]) -> "array[int] | None":
        """Octets of each of these messages, if that is known at once for all."""
        return await self._viewing.sizes(mailbox_id, uids)

    async def find(self, mailbox_id: int, criterion: Criterion, uids: Sequence[int] | None = None) -> "array[int]":
        """The messages that meet a criterion."""
        return await self._search.find(mailbox_id, criterion, uids)

    async def overview(self, references: Sequence[UUID]) -> list[Overview]:
        """Counts by reference."""
        return await self.storage.read(lambda connection: counts.overview(connection, references))

    async def open(self, mailbox_id: int, uid: int) -> Opened:
        """One message's content, found again if another tool renamed its file."""
        opened = await self.open_many(mailbox_id, [uid])
        if uid not in opened:
            raise NotFound("No such message")
        return opened[uid]

    async def open_many(self, mailbox_id: int, uids: Sequence[int]) -> dict[int, Opened]:
        """Those messages' contents; files that another tool renamed are found again."""
        return await self._viewing.open_many(mailbox_id, uids)

    async def visit(self, mailbox_id: int, visits: Mapping[int, Callable[[Opened], Any]]) -> dict[int, Any]:
        """Read those messages in one go."""
        return await self._viewing.visit(mailbox_id, visits)

    # Messages

    async def append(
        self, mailbox_id: int, content: Content, flags: Flags, internal_date: datetime | None, arrival: Arrival
    ) -> Appended:
        """Store one message; done when synced."""
        (appended,) = await self.append_many(mailbox_id, [NewMessage(content, flags, internal_date)], arrival)
        return appended

    async def append_many(
        self,
        mailbox_id: int,
        messages: Sequence[NewMessage],
        arrival: Arrival,
        replaces: tuple[int, int] | None = None,
    ) -> list[Appended]:
        """Store messages, all or none, perhaps in place of another one; done when synced."""
        flags = [canonical(one.flags) for one in messages]
        prepared: list[Prepared | None] = []

        def work(transaction: ITransaction) -> list[Appended]:
            done = []
            for one, chosen, ready in zip(messages, flags, prepared, strict=True):
                folder = folder_by_id(transaction.connection, mailbox_id)
                check_room(transaction.connection, folder.mailbox.account_id, 1, one.content.size)
                whole = ready or prepare(one.content)
                done.append(self.parts.messages.add(transaction, folder, whole, chosen, one.internal_date, arrival)[0])
            if replaces is not None:
                self.parts.messages.take(transaction, *replaces)
            return done

        try:
            for one in messages:
                prepared.append(await self._prepare(one.content))
            return await self.storage.write(work)
        finally:
            await self._discard(prepared)

    async def deliver(self, content: Content, deliveries: Sequence[Delivery], arrival: Arrival) -> list[Appended]:
        """Store one content in several accounts, all or none."""
        prepared = await self._prepare(content)

        def work(transaction: ITransaction) -> list[Appended]:
            return self._deliver(transaction, prepared or prepare(content), deliveries, arrival)

        try:
            return await self.storage.write(work)
        finally:
            await self._discard([prepared])

    def deliver_in(
        self, transaction: ITransaction, content: Content, deliveries: Sequence[Delivery], arrival: Arrival
    ) -> list[Appended]:
        """``deliver`` as part of a larger transaction."""
        return self._deliver(transaction, prepare(content), deliveries, arrival)

    async def change_flags(
        self,
        mailbox_id: int,
        uids: Collection[int],
        mode: FlagMode,
        flags: Flags,
        unchanged_since: int | None = None,
    ) -> Marked:
        """Change flags."""
        flags, wanted, done = canonical(flags), array("Q", sorted(set(uids))), Marked.of(())
        start, size = 0, FLAGS_SLICE
        while start < max(len(wanted), 1):
            order = Order(mailbox_id, wanted[start : start + size], mode, flags, unchanged_since)
            known = self._viewing.images.known(mailbox_id, order.uids)
            change = partial(self.parts.marks.change, order=order, known=known)
            marked, seconds = await self._write(self._timed, change)
            done = done.joined(marked) if start else marked
            start += size
            size = min(max(FLAGS_SLICE, int(size * FLAGS_HELD / max(seconds, 0.001))), 2 * size)
        return done

    async def copy(self, mailbox_id: int, uids: Sequence[int], target_id: int) -> Copied:
        """Copy messages, all or none."""
        return await self._write(self.parts.transfers.copy, mailbox_id, uids, target_id)

    async def move(self, mailbox_id: int, uids: Sequence[int], target_id: int) -> Copied:
        """Move messages, all or none."""
        return await self._write(self.parts.transfers.move, mailbox_id, uids, target_id)

    async def expunge(self, mailbox_id: int, uids: Collection[int] | None = None) -> list[int]:
        r"""Remove messages flagged \Deleted."""
        return await self._write(self.parts.messages.expunge, mailbox_id, uids)

    # Accounts and listeners

    def directory_for(self, address: Address) -> str:
        """The directory of a new account's tree."""
        return account_directory(address)

    def open_account_in(self, transaction: ITransaction, account_id: int) -> None:
        """Make INBOX and the special-use mailboxes."""
        self.parts.mailboxes.open_account(transaction, account_id)

    def close_account_in(self, transaction: ITransaction, account_id: int) -> None:
        """Remove all mailboxes."""
        self.parts.mailboxes.close_account(transaction, account_id)

    def listen(self, mailbox_id: int, listener: IMailboxListener) -> None:
        """Tell ``listener`` of every later change."""
        self._listeners.add(mailbox_id, listener)

    def unlisten(self, mailbox_id: int, listener: IMailboxListener) -> None:
        """Stop telling."""
        self._listeners.remove(mailbox_id, listener)

    def listen_account(self, account_id: int, listener: IAccountListener) -> None:
        """Tell ``listener`` of everything that happens to mailboxes of an account."""
        self._listeners.accounts.add(account_id, listener)

    def unlisten_account(self, account_id: int, listener: IAccountListener) -> None:
        """Stop telling."""
        self._listeners.accounts.remove(account_id, listener)

    def start(self, timers: IReactorTime) -> None:
        """Begin what is done by itself (``chores``)."""
        self._chores.start(timers)

    async def stop(self) -> None:
        """End it, after what is due, within a bound; before storage stops."""
        await self._chores.stop()

    def clear(self) -> int:
        """Remove large contents that a crash left half-way; answers how many. Blocking; call at start."""
        return clear_staging(self.parts.messages.tree.staging)

    async def reindex(self, account_id: int, progress: Progress = lambda done, total: None) -> int:
        """Give rows to the account's message files that have none, with their UIDs; answers how many.

        ``progress`` is called with mailboxes done and mailboxes in all.
        """
        return await Reindex(self.storage, self._scan).reindex(account_id, progress)

    # Inside

    def _timed(self, transaction: ITransaction, work: Callable[[ITransaction], T]) -> tuple[T, float]:
        """What ``work`` answers, and the seconds it took."""
        began = self.clock.now()
        done = work(transaction)
        return done, (self.clock.now() - began).total_seconds()

    async def _write(
        self, work: Callable[Concatenate[ITransaction, P], T], *arguments: P.args, **keywords: P.kwargs
    ) -> T:
        return await self.storage.write(lambda transaction: work(transaction, *arguments, **keywords))

    async def _prepare(self, content: Content) -> Prepared | None:
        """Do in a pool thread what would hold up all other writes; ``None`` for what is small."""
        if content.size <= SMALL:
            return None
        staging, token = self.parts.messages.tree.staging, self.identifiers.uuid7()
        try:
            return await self.blocking.run(prepare_large, content, staging, token)
        except OSError as error:
            raise Unavailable(cause=str(error)) from error

    async def _discard(self, prepared: Sequence[Prepared | None]) -> None:
        for one in prepared:
            if one is not None and one.staged is not None:
                await self.blocking.run(one.discard)

    def _deliver(
        self, transaction: ITransaction, prepared: Prepared, deliveries: Sequence[Delivery], arrival: Arrival
    ) -> list[Appended]:
        done: list[Appended] = []
        twin: Path | None = None
        for delivery in deliveries:
            if not delivery.owed:
                check_room(transaction.connection, delivery.account_id, 1, prepared.content.size)
            name, flags = normal_name(delivery.mailbox), canonical(delivery.flags)
            folder = self.parts.mailboxes.ensure(transaction, delivery.account_id, name, delivery.special_use)
            add = partial(
                self.parts.messages.add, transaction, folder, prepared, flags, None, arrival, delivery.recipient
            )
            appended, twin = add(twin=twin)
            done.append(appended)
        return done
