"""Arguments of NOTIFY (RFC 5465 §8)."""

from attrs import frozen

from daptinmail.errors import Malformed
from daptinmail.imap.answers import Declined, no
from daptinmail.imap.cursor import Cursor
from daptinmail.imap.fetch_grammar import fetch_item
from daptinmail.imap.grammar import parenthesized
from daptinmail.imap.limits import FETCH_ITEMS, NOTIFY_GROUPS, NOTIFY_NAMES
from daptinmail.imap.names import DELIMITER, decode_name
from daptinmail.imap.values import FetchItem

SELECTED, SELECTED_DELAYED = b"SELECTED", b"SELECTED-DELAYED"
INBOXES, PERSONAL, SUBSCRIBED = b"INBOXES", b"PERSONAL", b"SUBSCRIBED"
SUBTREE, MAILBOXES = b"SUBTREE", b"MAILBOXES"
FILTERS = frozenset({SELECTED, SELECTED_DELAYED, INBOXES, PERSONAL, SUBSCRIBED, SUBTREE, MAILBOXES})

NEW, EXPUNGED, FLAGS = b"MESSAGENEW", b"MESSAGEEXPUNGE", b"FLAGCHANGE"
NAME, SUBSCRIPTION = b"MAILBOXNAME", b"SUBSCRIPTIONCHANGE"
METADATA, SERVER_METADATA = b"MAILBOXMETADATACHANGE", b"SERVERMETADATACHANGE"
MESSAGE_EVENTS = frozenset({NEW, EXPUNGED, FLAGS})
EVENTS = MESSAGE_EVENTS | {NAME, SUBSCRIPTION, METADATA, SERVER_METADATA}
KNOWN = (
    b"BADEVENT (MessageNew MessageExpunge FlagChange MailboxName SubscriptionChange MailboxMetadataChange"
    b" ServerMetadataChange)"
)


@frozen
class EventGroup:
    """Which events of which mailboxes. ``fetch``: what to tell of new messages in the selected one."""

    filter: bytes
    names: tuple[str, ...]
    events: frozenset[bytes]
    fetch: tuple[FetchItem, ...] = ()

    @property
    def selected(self) -> bool:
        """True if it is about the selected mailbox."""
        return self.filter in {SELECTED, SELECTED_DELAYED}

    def covers(self, name: str, own: bool, subscribed: frozenset[str]) -> bool:
        """True if it is about this mailbox, by its name (RFC 5465 §6)."""
        if self.filter == INBOXES:
            return name == "INBOX"
        if self.filter == PERSONAL:
            return own
        if self.filter == SUBSCRIBED:
            return name in subscribed
        if self.filter == MAILBOXES:
            return name in self.names
        return self.filter == SUBTREE and any(
            not top or name == top or name.startswith(top + DELIMITER) for top in self.names
        )


@frozen
class Notify:
    """NOTIFY. No ``groups``: NONE. ``status``: tell where everything stands first."""

    groups: tuple[EventGroup, ...] = ()
    status: bool = False


def notify(cursor: Cursor) -> Notify:
    """NOTIFY SET and NOTIFY NONE."""
    cursor.space()
    word = cursor.keyword()
    if word == b"NONE":
        cursor.end()
        return Notify()
    if word != b"SET":
        raise Malformed("NOTIFY knows SET and NONE")
    cursor.space()
    status = False
    if not cursor.looking_at(b"("):
        if cursor.keyword() != b"STATUS":
            raise Malformed("Expected STATUS or an event group")
        cursor.space()
        status = True
    groups = [_group(cursor)]
    while cursor.skip(b" ") and not cursor.at_end():
        groups.append(_group(cursor))
    cursor.end()
    if len(groups) > NOTIFY_GROUPS or sum(len(group.names) for group in groups) > NOTIFY_NAMES:
        raise no(b"Too much to watch", b"NOTIFICATIONOVERFLOW")
    if sum(group.selected for group in groups) > 1:
        raise Malformed("The selected mailbox may be named once")
    return Notify(tuple(groups), status)


def _group(cursor: Cursor) -> EventGroup:
    cursor.expect(b"(")
    word = cursor.keyword()
    if word not in FILTERS:
        raise Malformed("Unknown mailbox filter")
    cursor.space()
    names: list[str] = []
    if word in {SUBTREE, MAILBOXES}:
        names = parenthesized(cursor, _name) if cursor.looking_at(b"(") else [_name(cursor)]
        cursor.space()
    events: frozenset[bytes] = frozenset()
    fetch: list[FetchItem] = []
    if cursor.looking_at(b"("):
        told = parenthesized(cursor, _event)
        events = frozenset(event for event, _ in told)
        fetch = [item for _, items in told for item in items]
    elif cursor.keyword() != b"NONE":
        raise Malformed("Expected events")
    cursor.expect(b")")
    group = EventGroup(word, tuple(names), events, tuple(dict.fromkeys(fetch)))
    _check(group)
    return group


def _name(cursor: Cursor) -> str:
    return decode_name(cursor.astring(), cursor.utf8)


def _event(cursor: Cursor) -> tuple[bytes, list[FetchItem]]:
    word = cursor.keyword()
    if word not in EVENTS:
        raise _bad_event()
    fetch: list[FetchItem] = []
    if word == NEW and cursor.looking_at(b" ("):
        cursor.space()
        fetch = parenthesized(cursor, fetch_item)
    return word, fetch


def _check(group: EventGroup) -> None:
    """Which events may stand together, and where (RFC 5465 §5.1 to §5.3, §6.1)."""
    events = group.events
    if (NEW in events) != (EXPUNGED in events):
        raise Malformed("MessageNew and MessageExpunge belong together")
    if FLAGS in events and NEW not in events:
        raise Malformed("FlagChange needs MessageNew and MessageExpunge")
    if group.selected and not events <= MESSAGE_EVENTS:
        raise Malformed("Of the selected mailbox only messages can be told")
    if group.fetch and not group.selected:
        raise Malformed("Only of the selected mailbox messages are fetched")
    if len(group.fetch) > FETCH_ITEMS:
        raise Malformed("Too many items")


def _bad_event() -> Declined:
    return no(b"That event is not supported", KNOWN)
