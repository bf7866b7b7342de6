"""LIST and LSUB: which mailboxes there are, with what is asked of each."""

from collections.abc import Sequence

from daptinmail.imap.answers import Answer, ok
from daptinmail.imap.hierarchy import Hierarchy, chosen, hierarchy, in_order
from daptinmail.imap.limits import LIST_SLICE
from daptinmail.imap.list_grammar import Listing
from daptinmail.imap.metadata import list_lines, may_annotate
from daptinmail.imap.names import ancestors
from daptinmail.imap.rights import letters
from daptinmail.imap.session import Session
from daptinmail.imap.status import note_modseqs, status_lines

ROOT = rb'LIST (\Noselect) "/" ""'


async def list_mailboxes(session: Session, arguments: Listing) -> Answer:
    """LIST (RFC 9051 §6.3.9, RFC 5258) with what RFC 5819, 6154, 8440 and 9590 add."""
    if not arguments.extended and not arguments.patterns[0]:
        session.untagged(ROOT)
        return ok(b"LIST completed")
    with_subscriptions = b"SUBSCRIBED" in arguments.select | arguments.returns
    tree = await hierarchy(session, with_subscriptions)
    names = await chosen(session, arguments.reference, arguments.patterns, _candidates(tree, arguments.select))
    note_modseqs(session, arguments.status)
    for start in range(0, len(names), LIST_SLICE):
        await _list_some(session, tree, arguments, names[start : start + LIST_SLICE])
        await session.writer.drain()
    return ok(b"LIST completed")


def _candidates(tree: Hierarchy, select: frozenset[bytes]) -> list[str]:
    """The names that the selection options let through, in order."""
    if b"SUBSCRIBED" in select:
        above = tree.above_subscribed if b"RECURSIVEMATCH" in select else frozenset()
        names = in_order(tree.subscribed | above)
    else:
        names = [*tree.found, *tree.levels]
    if b"SPECIAL-USE" in select:
        names = [name for name in names if (one := tree.found.get(name)) and one.own and one.mailbox.special_use]
    return names


async def _list_some(session: Session, tree: Hierarchy, arguments: Listing, names: Sequence[str]) -> None:
    """LIST responses, each followed by the others about its mailbox."""
    located = [one for name in names if (one := tree.found.get(name)) is not None]
    readable = [one for one in located if "r" in one.rights]
    more: dict[str, list[bytes]] = {one.name: [] for one in located}
    if b"MYRIGHTS" in arguments.returns:
        for one in located:
            more[one.name].append(b"MYRIGHTS %b %b" % (session.quoted(one.name), letters(one.rights)))
    if arguments.status:
        for one, line in await status_lines(session, readable, arguments.status):
            more[one.name].append(line)
    if arguments.metadata:
        annotated = [one for one in located if may_annotate(one)]
        for one, line in await list_lines(session, annotated, arguments.metadata):
            more[one.name].append(line)
    for name in names:
        session.untagged(_line(session, tree, arguments, name), *more.get(name, ()))


def _line(session: Session, tree: Hierarchy, arguments: Listing, name: str) -> bytes:
    attributes = tree.attributes(name, arguments.extended or session.rev2)
    if name in tree.subscribed:
        attributes.insert(0, rb"\Subscribed")
    line = b'LIST (%b) "/" %b' % (b" ".join(attributes), session.quoted(name))
    if b"RECURSIVEMATCH" in arguments.select and name in tree.above_subscribed:
        line += b' ("CHILDINFO" ("SUBSCRIBED"))'
    return line


async def list_line(session: Session, name: str, old_name: str = "") -> bytes:
    """``LIST`` of one name; ``old_name`` is what it was, or what the client called it (RFC 9051 §6.3.9.7)."""
    tree = await hierarchy(session, subscribed=True)
    line = _line(session, tree, Listing("", (), extended=True), name)
    return line + b' ("OLDNAME" (%b))' % session.quoted(old_name) if old_name else line


async def list_subscribed(session: Session, arguments: Listing) -> Answer:
    """LSUB (RFC 3501 §6.3.9): with ``%`` also the levels above, which are not subscribed themselves."""
    names = in_order(await session.store.subscriptions(session.account.id))
    for name in await chosen(session, arguments.reference, arguments.patterns, names):
        session.untagged(b'LSUB () "/" %b' % session.quoted(name))
    if "%" in arguments.patterns[0]:
        hidden = sorted({ancestor for name in names for ancestor in ancestors(name)} - set(names))
        for name in await chosen(session, arguments.reference, arguments.patterns, hidden):
            session.untagged(rb'LSUB (\Noselect) "/" %b' % session.quoted(name))
    return ok(b"LSUB completed")
