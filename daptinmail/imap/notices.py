"""The untagged responses of NOTIFY (RFC 5465 §5)."""

from collections.abc import Sequence
from typing import Protocol

from daptinmail.errors import NotFound
from daptinmail.imap.listing import list_line
from daptinmail.imap.notify_grammar import METADATA, NAME, SERVER_METADATA, SUBSCRIPTION, EventGroup
from daptinmail.imap.session import Session
from daptinmail.imap.status import status_line as full_status_line
from daptinmail.interfaces.mailboxes import MailboxEvent, What
from daptinmail.interfaces.messages import MailboxStatus
from daptinmail.interfaces.sharing import Located

NAMES = frozenset({What.CREATED, What.DELETED, What.RENAMED})


class Teller(Protocol):
    """What these need of a notifier."""

    session: Session
    groups: tuple[EventGroup, ...]
    visible: dict[int, str]
    stood: dict[int, tuple[int, ...]]

    async def refresh(self) -> list[Located]:
        """All that can be seen now."""

    async def group_for(self, name: str, own: bool) -> EventGroup | None:
        """The group for a name."""

    async def status_line(self, located: Located, counts: MailboxStatus) -> bytes | None:
        """``STATUS`` if it is news."""


async def tell_events(teller: Teller, events: Sequence[MailboxEvent]) -> None:
    """Everything but messages, in the order in which it happened."""
    session, others = teller.session, False
    for event in events:
        mine = event.account_id == session.account.id
        if event.what is What.ANNOTATED:
            await _tell_annotated(teller, event, mine)
        elif event.what is What.SHARED or not mine:
            others = True
        elif event.what is What.SUBSCRIBED:
            await _tell_name(teller, SUBSCRIPTION, event.name, own=event.mailbox_id != 0)
        elif event.what in NAMES:
            await _tell_name(teller, NAME, event.name, own=True, old_name=event.old_name)
    if others:
        await _tell_others(teller)


async def _tell_name(teller: Teller, kind: bytes, name: str, own: bool, old_name: str = "") -> None:
    """``LIST`` of a name, wherever it is now (RFC 5465 §5.4, §5.5)."""
    for one in dict.fromkeys((name, old_name or name)):
        group = await teller.group_for(one, own)
        if group is not None and kind in group.events:
            teller.session.untagged(await list_line(teller.session, name, old_name))
            return


async def _tell_others(teller: Teller) -> None:
    """Mailboxes of others that came, went or have another name: as far as right ``l`` shows (RFC 5465 §5.4)."""
    before = dict(teller.visible)
    await teller.refresh()
    for mailbox_id, name in teller.visible.items():
        old_name = before.pop(mailbox_id, None)
        if old_name is None:
            await _tell_name(teller, NAME, name, own=False)
        elif old_name != name:
            await _tell_name(teller, NAME, name, own=False, old_name=old_name)
    for name in before.values():
        await _tell_name(teller, NAME, name, own=False)


async def _tell_annotated(teller: Teller, event: MailboxEvent, mine: bool) -> None:
    """``METADATA`` with the names of entries (RFC 5465 §5.6, §5.7)."""
    session = teller.session
    entries = b" ".join(entry.encode("ascii") for entry in event.entries)
    if not event.mailbox_id:
        if any(SERVER_METADATA in group.events for group in teller.groups):
            session.untagged(b'METADATA "" ' + entries)
        return
    name = teller.visible.get(event.mailbox_id) or (event.name if mine else None)
    group = await teller.group_for(name, own=event.mailbox_id not in teller.visible) if name else None
    if name and group is not None and METADATA in group.events:
        session.untagged(b"METADATA %b %b" % (session.quoted(name), entries))


async def tell_counts(teller: Teller, mailbox_ids: Sequence[int]) -> None:
    """``STATUS`` of mailboxes whose messages changed (RFC 5465 §5.1 to §5.3)."""
    session = teller.session
    wanted = set(mailbox_ids) - {session.selected_id}
    located = [one for one in await teller.refresh() if one.mailbox.id in wanted]
    try:
        counts = await session.store.statuses([one.mailbox.id for one in located])
    except NotFound:
        return
    for one in located:
        if one.mailbox.id in counts:
            line = await teller.status_line(one, counts[one.mailbox.id])
            if line:
                session.untagged(line)


def status_line(session: Session, located: Located, counts: MailboxStatus, flags: bool) -> bytes:
    """What stands in it; with modseqs for clients that keep them."""
    items = [b"MESSAGES", b"UIDNEXT", b"UIDVALIDITY"]
    if flags:
        items.append(b"UNSEEN")
    if session.dialect.modseqs:
        items.append(b"HIGHESTMODSEQ")
    return full_status_line(session, located, counts, items)
