"""NOTIFY (RFC 5465): what happens to mailboxes is told without being asked for."""

from attrs import define, field
from zope.interface import implementer

from daptinmail.errors import NotFound
from daptinmail.imap import fetch, notices
from daptinmail.imap.answers import Answer, Declined, ok
from daptinmail.imap.limits import NOTICES_WAITING
from daptinmail.imap.notify_grammar import (
    EXPUNGED,
    FLAGS,
    NEW,
    SELECTED_DELAYED,
    SUBSCRIBED,
    EventGroup,
    Notify,
)
from daptinmail.imap.sequences import parse_sequence_set
from daptinmail.imap.session import Session
from daptinmail.imap.values import Fetch
from daptinmail.interfaces.mailboxes import IAccountListener, MailboxEvent, What
from daptinmail.interfaces.messages import MailboxStatus
from daptinmail.interfaces.sharing import OTHER_USERS, Located

OVERFLOW = b"OK [NOTIFICATIONOVERFLOW] Too much happened; NOTIFY is off"


async def notify(session: Session, arguments: Notify) -> Answer:
    """NOTIFY SET and NONE (RFC 5465 §3.1, §3.2)."""
    session.stop_notices()
    notifier = Notifier(session, arguments.groups)
    if arguments.groups:
        await notifier.start(arguments.status)
    session.notices = notifier
    return ok(b"NOTIFY completed")


@implementer(IAccountListener)
@define(eq=False)
class Notifier:
    """What one session wants to hear, and what it has still to be told.

    ``owners``: accounts that are listened to. ``visible``: names of others' mailboxes by id. ``stood``: what was told
    last of where mailboxes stand.
    """

    session: Session
    groups: tuple[EventGroup, ...]
    visible: dict[int, str] = field(factory=dict)
    stood: dict[int, tuple[int, ...]] = field(factory=dict)
    _owners: set[int] = field(factory=set)
    _subscribed: frozenset[str] | None = None
    _moved: dict[int, MailboxEvent] = field(factory=dict)
    _events: list[MailboxEvent] = field(factory=list)
    _overflow: bool = False
    _newest: tuple[int, int] = (0, 0)

    # What the session asks (``session.Notices``)

    @property
    def group(self) -> EventGroup | None:
        """What is wanted of the selected mailbox."""
        return next((group for group in self.groups if group.selected), None)

    @property
    def quiet(self) -> bool:
        """True if the selected mailbox is not to be told of."""
        return self.group is None or NEW not in self.group.events

    @property
    def flags(self) -> bool:
        """True if changes of flags in the selected mailbox are told."""
        return self.group is not None and FLAGS in self.group.events

    @property
    def delayed(self) -> bool:
        """True if EXPUNGE waits for a command that allows it."""
        return self.group is None or self.group.filter == SELECTED_DELAYED or EXPUNGED not in self.group.events

    @property
    def due(self) -> bool:
        """True if something is to be told."""
        return bool(self._events or self._moved or self._overflow)

    def stop(self) -> None:
        """Listen no more."""
        for owner in self._owners:
            self.session.store.unlisten_account(owner, self)
        self._owners.clear()

    # Listening

    async def start(self, status: bool) -> None:
        """Listen, and see where everything stands; tell it if ``status``."""
        self._note_newest()
        self._listen(self.session.account.id)
        located = await self.refresh()
        wanted = [one for one in located if (group := await self.group_of(one)) is not None and NEW in group.events]
        if self.session.selected_id is not None:
            wanted = [one for one in wanted if one.mailbox.id != self.session.selected_id]
        counts = await self.session.store.statuses([one.mailbox.id for one in wanted])
        for one in wanted:
            if one.mailbox.id in counts:
                line = await self.status_line(one, counts[one.mailbox.id])
                if status and line:
                    self.session.untagged(line)

    async def refresh(self) -> list[Located]:
        """All mailboxes that can be seen now; those of others are remembered, their owners listened to."""
        account_id = self.session.account.id
        shared = await self.session.store.rights.shared(account_id) if self._of_others else []
        for one in shared:
            self._listen(one.mailbox.account_id)
        self.visible = {one.mailbox.id: one.name for one in shared}
        own = [Located(mailbox, mailbox.name) for mailbox in await self.session.store.mailboxes(account_id)]
        return [*own, *shared]

    @property
    def _of_others(self) -> bool:
        """True if a group may be about mailboxes of others."""
        return any(
            group.filter == SUBSCRIBED or any(not name or name.startswith(OTHER_USERS[:-1]) for name in group.names)
            for group in self.groups
        )

    def _listen(self, account_id: int) -> None:
        if account_id not in self._owners:
            self._owners.add(account_id)
            self.session.store.listen_account(account_id, self)

    def mailbox_event(self, event: MailboxEvent) -> None:
        """Something happened: keep it, bounded, until it can be told."""
        if self._overflow:
            return
        if event.what is What.MESSAGES:
            if event.mailbox_id != self.session.selected_id:
                self._moved[event.mailbox_id] = event
        else:
            self._subscribed = None
            self._events.append(event)
        if len(self._events) + len(self._moved) > NOTICES_WAITING:
            self._overflow = True
            self._events.clear()
            self._moved.clear()
        self.session.wire.nudge()

    # Telling

    async def tell(self) -> None:
        """Tell what happened since the last time."""
        if self._overflow:
            self.session.untagged(OVERFLOW)
            self.session.stop_notices()
            return
        await self._fetch_new()
        events, self._events = self._events, []
        moved, self._moved = self._moved, {}
        if events:
            await notices.tell_events(self, events)
        if moved:
            await notices.tell_counts(self, list(moved))

    async def group_of(self, located: Located) -> EventGroup | None:
        """The first group that is about a mailbox (RFC 5465 §3.1)."""
        return await self.group_for(located.name, located.own)

    async def group_for(self, name: str, own: bool) -> EventGroup | None:
        """The same by name."""
        subscribed = await self._subscriptions()
        return next((group for group in self.groups if group.covers(name, own, subscribed)), None)

    async def _subscriptions(self) -> frozenset[str]:
        """What is subscribed, if a group asks for it; read again after it may have changed."""
        if self._subscribed is None:
            wanted = any(group.filter == SUBSCRIBED for group in self.groups)
            names = await self.session.store.subscriptions(self.session.account.id) if wanted else []
            self._subscribed = frozenset(names)
        return self._subscribed

    async def status_line(self, located: Located, counts: MailboxStatus) -> bytes | None:
        """``STATUS`` of a mailbox, if it differs from what was told last."""
        group = await self.group_of(located)
        if group is None or NEW not in group.events or "r" not in located.rights:
            return None
        stands: tuple[int, ...] = (counts.messages, counts.uidnext, counts.uidvalidity)
        if FLAGS in group.events:
            stands += (counts.unseen, counts.highestmodseq)
        if self.stood.get(located.mailbox.id) == stands:
            return None
        self.stood[located.mailbox.id] = stands
        return notices.status_line(self.session, located, counts, FLAGS in group.events)

    def _note_newest(self) -> None:
        """The last message that the client knows of."""
        if self.session.state == "select":
            view = self.session.selected
            self._newest = view.mailbox.id, view.uids[-1] if view.uids else 0

    async def _fetch_new(self) -> None:
        """Tell of new messages what the client asked for (RFC 5465 §5.1)."""
        before = self._newest
        self._note_newest()
        group, now = self.group, self._newest
        if group is None or not group.fetch or now[0] != before[0] or now[1] <= before[1]:
            return
        messages = parse_sequence_set(b"%d:%d" % (before[1] + 1, now[1]))
        try:
            await fetch.uid_fetch(self.session, Fetch(messages, group.fetch))
        except (Declined, NotFound):
            return  # what could not be told of a message is not asked again
