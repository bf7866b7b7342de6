"""ESEARCH: one search of several mailboxes (RFC 7377)."""

from attrs import evolve

from daptinmail.errors import Forbidden, Malformed, NotFound
from daptinmail.imap.answers import Answer, no, ok
from daptinmail.imap.context import Context, check_tag, keep_context
from daptinmail.imap.esearch import MailboxOrder, esearch
from daptinmail.imap.esearch_grammar import SELECTED, Esearch
from daptinmail.imap.hierarchy import hierarchy, in_order
from daptinmail.imap.limits import ESEARCH_MAILBOXES
from daptinmail.imap.search import report
from daptinmail.imap.search_run import Found, find_in, find_messages, refuse, still_at_it
from daptinmail.imap.selected import SelectedMailbox
from daptinmail.imap.session import Session
from daptinmail.interfaces.sharing import Located

MAILBOXES_AT_ONCE = 20
"""Searched before others get a turn, even if the store never makes us wait."""


async def multisearch(session: Session, arguments: Esearch) -> Answer:
    """ESEARCH. Mailboxes without a match are not told of, nor those that may not be read (RFC 7377 §2.1, §2.2)."""
    _check(session, arguments)
    if any(source.kind == SELECTED for source in arguments.sources) or arguments.wanted.update:
        await _search_selected(session, arguments)
    located = await _located(session, arguments)
    done = 0
    with still_at_it(session, lambda: done, len(located)):
        for one in located:
            await _search_other(session, arguments, one)
            done += 1
            if done % MAILBOXES_AT_ONCE == 0:
                await session.breathe()
    return ok(b"ESEARCH completed")


def _check(session: Session, arguments: Esearch) -> None:
    """What makes the whole command BAD or NO."""
    refuse(session, arguments.search, uid=True)
    if arguments.search.refusal is not None and not arguments.selected_alone:
        raise arguments.search.refusal
    selected = any(source.kind == SELECTED for source in arguments.sources)
    if session.state != "select" and (selected or arguments.wanted.update):
        raise Malformed("No mailbox is selected")
    check_tag(session, arguments.wanted)


async def _search_selected(session: Session, arguments: Esearch) -> None:
    """The selected mailbox, as the session knows it. UPDATE is about no other one (RFC 7377 §2.2)."""
    found = await find_messages(session, evolve(arguments.search, wanted=arguments.wanted), uid=True)
    name = await _name_of(session, found.view)
    if any(source.kind == SELECTED for source in arguments.sources):
        await _tell(session, arguments, found, name)
    if arguments.wanted.update:
        context = Context.of(found, arguments.search, None, uid=True)
        context.correlators = _correlators(session, found.view, name)
        keep_context(session, context)


async def _name_of(session: Session, view: SelectedMailbox) -> str:
    """What this client calls the selected mailbox now."""
    if view.mailbox.account_id == session.account.id:
        return view.mailbox.name
    shared = await session.store.rights.shared(session.account.id)
    return next((one.name for one in shared if one.mailbox.id == view.mailbox.id), view.mailbox.name)


async def _located(session: Session, arguments: Esearch) -> list[Located]:
    """The mailboxes of the other sources that may be read, each once."""
    sources = [source for source in arguments.sources if source.kind != SELECTED]
    found: dict[str, Located] = {}
    if any(source.kind != b"MAILBOXES" for source in sources):
        tree = await hierarchy(session, subscribed=any(source.kind == b"SUBSCRIBED" for source in sources))
        for name, one in tree.found.items():
            if any(source.covers(name, one.own, tree.subscribed) for source in sources):
                found[name] = one
    for name in dict.fromkeys(name for source in sources if source.kind == b"MAILBOXES" for name in source.names):
        if name and name not in found:
            try:
                found[name] = await session.find_mailbox(name, "r")
            except (NotFound, Forbidden):
                continue
    skipped = session.selected_id if any(source.kind == SELECTED for source in arguments.sources) else None
    named = {one.mailbox.id: one for one in map(found.__getitem__, reversed(in_order(found))) if "r" in one.rights}
    named.pop(skipped or 0, None)
    if len(named) > ESEARCH_MAILBOXES:
        raise no(b"Too many mailboxes to search", b"LIMIT")
    return list(reversed(named.values()))


async def _search_other(session: Session, arguments: Esearch, one: Located) -> None:
    try:
        view = SelectedMailbox.of(await session.store.snapshot(one.mailbox.id), read_only=True)
        found = await find_in(session, view, arguments.search.program)
    except NotFound:
        return  # it went meanwhile
    await _tell(session, arguments, found, one.name)


async def _tell(session: Session, arguments: Esearch, found: Found, name: str) -> None:
    results = MailboxOrder(found.universe, found.messages)
    data = await report(found, results, arguments.search, arguments.wanted, uid=True)
    if found.messages and not arguments.wanted.silent:
        session.untagged(esearch(session.tag, True, data, _correlators(session, found.view, name)))


def _correlators(session: Session, view: SelectedMailbox, name: str) -> bytes:
    return b" MAILBOX %b UIDVALIDITY %d" % (session.quoted(name), view.mailbox.uidvalidity)
