"""LIST and LSUB: which mailboxes a pattern finds, and their attributes."""

from collections.abc import Collection, Sequence

from daptinmail.imap.answers import Answer, ok
from daptinmail.imap.limits import VIEW_SLICE
from daptinmail.imap.names import DELIMITER, INBOX, ancestors, matches
from daptinmail.imap.session import Session
from daptinmail.imap.values import Pattern

ROOT = rb'LIST (\Noselect) "/" ""'


async def list_mailboxes(session: Session, arguments: Pattern) -> Answer:
    """LIST (RFC 3501 §6.3.8) with children (RFC 3348 §3) and special use (RFC 6154 §2)."""
    if not arguments.pattern:
        session.untagged(ROOT)
        return ok(b"LIST completed")
    mailboxes = {mailbox.name: mailbox for mailbox in await session.store.mailboxes(session.account.id)}
    parents = {ancestor for name in mailboxes for ancestor in ancestors(name)}
    names = [*mailboxes, *sorted(parents - mailboxes.keys())]
    for name in await _found(session, arguments, names):
        attributes = [rb"\HasChildren" if name in parents else rb"\HasNoChildren"]
        if name not in mailboxes:
            attributes.insert(0, rb"\Noselect")
        elif use := mailboxes[name].special_use:
            attributes.append(use)
        session.untagged(b'LIST (%b) "/" %b' % (b" ".join(attributes), session.quoted(name)))
    return ok(b"LIST completed")


async def list_subscribed(session: Session, arguments: Pattern) -> Answer:
    """LSUB (RFC 3501 §6.3.9)."""
    subscribed = await session.store.subscriptions(session.account.id)
    for name in await _found(session, arguments, subscribed):
        session.untagged(b'LSUB () "/" %b' % session.quoted(name))
    if "%" in arguments.pattern:
        for name in await _found(session, arguments, _hidden_parents(subscribed)):
            session.untagged(rb'LSUB (\Noselect) "/" %b' % session.quoted(name))
    return ok(b"LSUB completed")


def _hidden_parents(names: Collection[str]) -> list[str]:
    """Levels above subscribed names that are not subscribed: ``%`` must show them."""
    return sorted({ancestor for name in names for ancestor in ancestors(name)} - set(names))


async def _found(session: Session, arguments: Pattern, names: Sequence[str]) -> list[str]:
    """The names that match, in order."""
    pattern = arguments.reference + arguments.pattern
    level, delimiter, rest = pattern.partition(DELIMITER)
    inbox_pattern = level.upper() + delimiter + rest  # INBOX has no case (RFC 3501 §6.3.8)
    found: list[str] = []
    for start in range(0, len(names), VIEW_SLICE):
        if start:
            await session.breathe()
        found += [
            name
            for name in names[start : start + VIEW_SLICE]
            if matches(pattern, name) or (name.partition(DELIMITER)[0] == INBOX and matches(inbox_pattern, name))
        ]
    return found
