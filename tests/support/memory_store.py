"""``IMailboxStore`` in memory: every result has fired already. The contract in ``tests/contracts`` holds for it too."""

from array import array
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from typing import Any
from uuid import UUID

from attrs import define, evolve
from zope.interface import implementer

from daptinmail.errors import NotFound
from daptinmail.interfaces.columns import COLUMNS
from daptinmail.interfaces.mailboxes import IMailboxStore
from daptinmail.interfaces.messages import (
    Appended,
    Arrival,
    Changes,
    Copied,
    Delivery,
    FlagMode,
    Flags,
    MailboxStatus,
    Marked,
    NewMessage,
    Opened,
    Overview,
    Snapshot,
)
from daptinmail.interfaces.search import Criterion
from daptinmail.interfaces.storage import Content, ITransaction
from daptinmail.mail.header import HeaderSection, header_end
from daptinmail.mail.summary import terms_of
from daptinmail.store import flags as flag_rules
from daptinmail.store.names import normal_name
from tests.support.memory_box import Box, Message, fired
from tests.support.memory_mailboxes import MemoryMailboxes
from tests.support.memory_search import meets


@implementer(IMailboxStore)
@define(eq=False)
class MemoryMessageStore(MemoryMailboxes):
    """Mailboxes and messages in dictionaries.

    Accounts exist after ``open_account`` (or ``open_account_in``). ``deliver_in`` takes UIDs at once and puts the
    messages in place when the transaction commits.
    """

    # Views

    @fired
    def status(self, mailbox_id: int) -> MailboxStatus:
        """Counts now."""
        return self._box(mailbox_id).status()

    @fired
    def statuses(self, mailbox_ids: Sequence[int]) -> dict[int, MailboxStatus]:
        """Counts of those that exist."""
        wanted = set(mailbox_ids)
        return {box.row.id: box.status() for box in self._boxes() if box.row.id in wanted}

    @fired
    def snapshot(self, mailbox_id: int, claim_recent: bool = False) -> Snapshot:
        """The whole mailbox."""
        box = self._box(mailbox_id)
        messages = [box.messages[uid] for uid in sorted(box.messages)]
        view = Snapshot(
            mailbox=box.row,
            uids=array("Q", [message.uid for message in messages]),
            modseqs=array("Q", [message.modseq for message in messages]),
            flags=[message.flags for message in messages],
            first_recent_uid=box.first_recent_uid,
        )
        if claim_recent:
            box.first_recent_uid = box.row.uidnext
        return view

    @fired
    def changes(self, mailbox_id: int, since: int) -> Changes:
        """What happened after modseq ``since``."""
        box = self._box(mailbox_id)
        newer = sorted(uid for uid, message in box.messages.items() if message.modseq > since)
        return Changes(
            modseq=box.row.highestmodseq,
            uidnext=box.row.uidnext,
            changed=[box.messages[uid].change() for uid in newer],
            expunged=sorted(uid for uid, modseq in box.tombstones.items() if modseq > since),
        )

    @fired
    def columns(self, mailbox_id: int, uids: Sequence[int], names: tuple[str, ...]) -> list[tuple[Any, ...]]:
        """Rows of those that exist."""
        if not COLUMNS.issuperset(names):
            raise ValueError(names)
        box = self._box(mailbox_id)
        found = [box.messages[uid] for uid in sorted(set(uids)) if uid in box.messages]
        return [(one.uid, *map(one.column, names)) for one in found]

    @fired
    def sizes(self, mailbox_id: int, uids: Sequence[int]) -> "array[int] | None":
        """Of all, if they exist."""
        messages = self._box(mailbox_id).messages
        if not messages.keys() >= set(uids):
            return None
        return array("Q", [len(messages[uid].content) for uid in uids])

    @fired
    def find(self, mailbox_id: int, criterion: Criterion, uids: Sequence[int] | None = None) -> "array[int]":
        """Those that meet a criterion."""
        messages = self._box(mailbox_id).messages
        wanted = messages.keys() if uids is None else messages.keys() & set(uids)
        return array("Q", [uid for uid in sorted(wanted) if meets(messages[uid], criterion)])

    @fired
    def open(self, mailbox_id: int, uid: int) -> Opened:
        """One message's content."""
        message = self._box(mailbox_id).messages.get(uid)
        if message is None:
            raise NotFound("No such message")
        content = message.content
        return Opened(len(content), lambda offset, size: content[offset : offset + size], lambda: None)

    async def open_many(self, mailbox_id: int, uids: Sequence[int]) -> dict[int, Opened]:
        """Those that exist."""
        opened = {}
        for uid in uids:
            with suppress(NotFound):
                opened[uid] = await self.open(mailbox_id, uid)
        return opened

    async def visit(self, mailbox_id: int, visits: Mapping[int, Callable[[Opened], Any]]) -> dict[int, Any]:
        """Those that exist."""
        opened = await self.open_many(mailbox_id, list(visits))
        return {uid: visits[uid](one) for uid, one in opened.items()}

    @fired
    def overview(self, references: Sequence[UUID]) -> list[Overview]:
        """Counts of those mailboxes that exist."""
        wanted = set(references)
        return [
            Overview(box.row, box.status(), box.messages[max(box.messages)].reference if box.messages else None)
            for box in self._boxes()
            if box.row.reference in wanted
        ]

    # Messages

    async def append(
        self, mailbox_id: int, content: Content, flags: Flags, internal_date: datetime | None, arrival: Arrival
    ) -> Appended:
        """Store one message."""
        return (await self.append_many(mailbox_id, [NewMessage(content, flags, internal_date)], arrival))[0]

    @fired
    def append_many(
        self,
        mailbox_id: int,
        messages: Sequence[NewMessage],
        arrival: Arrival,
        replaces: tuple[int, int] | None = None,
    ) -> list[Appended]:
        """Store messages, all or none."""
        box, flags = self._box(mailbox_id), [flag_rules.canonical(one.flags) for one in messages]
        replaced = None if replaces is None else self._box(replaces[0])
        if replaces is not None and replaced is not None and replaces[1] not in replaced.messages:
            raise NotFound("No such message")
        self.quotas.check(box.row.account_id, len(messages), sum(one.content.size for one in messages))
        done = []
        for one, chosen in zip(messages, flags, strict=True):
            uid = box.take_uid()
            self._put(box, uid, one.content.read(), chosen, one.internal_date, arrival)
            done.append(Appended(mailbox_id, box.row.uidvalidity, uid))
            self._tell(box)
        if replaces is not None and replaced is not None:
            replaced.bury(replaces[1], replaced.step())
            self._tell(replaced)
        return done

    @fired
    def deliver(self, content: Content, deliveries: Sequence[Delivery], arrival: Arrival) -> list[Appended]:
        """Store one content in several accounts."""
        commits: list[Callable[[], None]] = []
        results = self._deliver(commits.append, content, deliveries, arrival)
        for commit in commits:
            commit()
        return results

    def deliver_in(
        self, transaction: ITransaction, content: Content, deliveries: Sequence[Delivery], arrival: Arrival
    ) -> list[Appended]:
        """``deliver`` in place once ``transaction`` commits."""
        return self._deliver(transaction.after_commit, content, deliveries, arrival)

    @fired
    def change_flags(
        self,
        mailbox_id: int,
        uids: Collection[int],
        mode: FlagMode,
        flags: Flags,
        unchanged_since: int | None = None,
    ) -> Marked:
        """Change flags of those that exist and pass ``unchanged_since``."""
        box, flags = self._box(mailbox_id), flag_rules.canonical(flags)
        passed = [
            box.messages[uid]
            for uid in sorted(set(uids))
            if uid in box.messages and (unchanged_since is None or box.messages[uid].modseq <= unchanged_since)
        ]
        after = {message.uid: flag_rules.changed(message.flags, mode, flags) for message in passed}
        different = [message for message in passed if after[message.uid] != message.flags]
        steps = (box.step(),) if different else ()
        for modseq in steps:
            for message in different:
                box.messages[message.uid] = evolve(message, flags=after[message.uid], modseq=modseq)
            self._tell(box)
        return Marked.of([box.messages[message.uid].change() for message in passed], steps)

    @fired
    def copy(self, mailbox_id: int, uids: Sequence[int], target_id: int) -> Copied:
        """Copy with flags and internal date."""
        return self._transfer(self._box(mailbox_id), uids, self._box(target_id), keep=True)

    @fired
    def move(self, mailbox_id: int, uids: Sequence[int], target_id: int) -> Copied:
        """Move with flags and internal date."""
        return self._transfer(self._box(mailbox_id), uids, self._box(target_id), keep=False)

    @fired
    def expunge(self, mailbox_id: int, uids: Collection[int] | None = None) -> list[int]:
        r"""Remove messages flagged \Deleted."""
        box = self._box(mailbox_id)
        gone = sorted(
            uid
            for uid, message in box.messages.items()
            if flag_rules.DELETED in message.flags and (uids is None or uid in uids)
        )
        if gone:
            modseq = box.step()
            for uid in gone:
                box.bury(uid, modseq)
            self._tell(box)
        return gone

    # Inside

    def _put(
        self,
        box: Box,
        uid: int,
        content: bytes,
        flags: Flags,
        internal_date: datetime | None,
        arrival: Arrival,
        recipient: str = "",
    ) -> None:
        now, email_id = self.clock.now(), self.identifiers.uuid7().bytes
        box.messages[uid] = Message(
            uid,
            box.step(),
            flags,
            internal_date or now,
            now,
            content,
            self.identifiers.uuid7(),
            arrival,
            recipient,
            email_id,
            self._thread_of(box.row.account_id, content) or email_id,
        )

    def _thread_of(self, account_id: int, content: bytes) -> bytes | None:
        """The thread of the first message of the account that this one refers to."""
        wanted = set(_term(content, "references").split())
        known = [message for box in self.accounts[account_id].values() for message in box.messages.values()]
        for message in sorted(known, key=lambda message: message.email_id):
            if wanted and _term(message.content, "message_id") in wanted:
                return message.thread_id
        return None

    def _deliver(
        self,
        at_commit: Callable[[Callable[[], None]], object],
        content: Content,
        deliveries: Sequence[Delivery],
        arrival: Arrival,
    ) -> list[Appended]:
        for delivery in deliveries:
            self._account(delivery.account_id)
            if not delivery.owed:
                self.quotas.check(delivery.account_id, 1, content.size)
        names = [normal_name(delivery.mailbox) for delivery in deliveries]
        octets = content.read()
        results = []
        for name, delivery in zip(names, deliveries, strict=True):
            box = self._ensure(delivery.account_id, name, delivery.special_use)
            uid, flags = box.take_uid(), flag_rules.canonical(delivery.flags)

            def place(
                box: Box = box, uid: int = uid, flags: Flags = flags, recipient: str = delivery.recipient
            ) -> None:
                self._put(box, uid, octets, flags, None, arrival, recipient)
                self._tell(box)

            at_commit(place)
            results.append(Appended(box.row.id, box.row.uidvalidity, uid))
        return results


def _term(content: bytes, name: str) -> bytes:
    term: bytes = getattr(terms_of(HeaderSection(content[: header_end(content)])), name)
    return term
