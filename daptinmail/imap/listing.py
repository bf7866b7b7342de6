"""LIST and LSUB: which mailboxes a pattern finds, and their attributes."""

from collections.abc import Collection, Iterable

from daptinmail.imap.answers import Answer, ok
from daptinmail.imap.limits import VIEW_SLICE
from daptinmail.imap.names import ancestors, matches, quoted_name
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
    for count, name in enumerate(_found(arguments, names), 1):
        attributes = [rb"\HasChildren" if name in parents else rb"\HasNoChildren"]
        if name not in mailboxes:
            attributes.insert(0, rb"\Noselect")
        elif use := mailboxes[name].special_use:
            attributes.append(use)
        session.untagged(b'LIST (%b) "/" %b' % (b" ".join(attributes), quoted_name(name)))
        if count % VIEW_SLICE == 0:
            await session.breathe()
    return ok(b"LIST completed")


async def list_subscribed(session: Session, arguments: Pattern) -> Answer:
    """LSUB (RFC 3501 §6.3.9)."""
    subscribed = await session.store.subscriptions(session.account.id)
    for name in _found(arguments, subscribed):
        session.untagged(b'LSUB () "/" %b' % quoted_name(name))
    if "%" in arguments.pattern:
        for name in _found(arguments, _hidden_parents(subscribed)):
            session.untagged(rb'LSUB (\Noselect) "/" %b' % quoted_name(name))
    return ok(b"LSUB completed")


def _hidden_parents(names: Collection[str]) -> list[str]:
    """Levels above subscribed names that are not subscribed: ``%`` must show them."""
    return sorted({ancestor for name in names for ancestor in ancestors(name)} - set(names))


def _found(arguments: Pattern, names: Iterable[str]) -> list[str]:
    pattern = arguments.reference + arguments.pattern
    if pattern.upper() == "INBOX":
        pattern = "INBOX"
    return [name for name in names if matches(pattern, name)]
