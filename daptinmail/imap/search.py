"""SEARCH and UID SEARCH (RFC 9051 §6.4.4): found as sets, answered as SEARCH or ESEARCH."""

from array import array
from itertools import islice

from daptinmail.imap.answers import Answer, ok
from daptinmail.imap.context import Context, check_tag, keep_context
from daptinmail.imap.esearch import MailboxOrder, Results, esearch, reported, return_data
from daptinmail.imap.limits import NUMBERS_SLICE
from daptinmail.imap.search_run import Found, find_messages
from daptinmail.imap.search_values import Return, Search
from daptinmail.imap.session import Session


async def search(session: Session, arguments: Search) -> Answer:
    """SEARCH."""
    return await _search(session, arguments, uid=False)


async def uid_search(session: Session, arguments: Search) -> Answer:
    """UID SEARCH."""
    return await _search(session, arguments, uid=True)


async def _search(session: Session, arguments: Search, uid: bool) -> Answer:
    wanted = arguments.wanted or (Return(all=True) if session.rev2 else None)
    check_tag(session, wanted)
    found = await find_messages(session, arguments, uid)
    results = MailboxOrder(found.universe, found.messages)
    if wanted is None:
        await send(found, b"SEARCH", results, arguments, uid)
    else:
        await tell(found, results, arguments, wanted, uid)
        if wanted.update:
            keep_context(session, Context.of(found, arguments, None, uid))
    return ok(b"SEARCH completed")


async def send(found: Found, name: bytes, results: Results, arguments: Search, uid: bool) -> None:
    """An untagged SEARCH or SORT with its numbers, in slices (RFC 7162 §3.1.6: with MODSEQ if that was a key)."""
    found.session.writer.write(b"* " + name)
    numbers, more = results.numbers(uid), False
    while some := list(islice(numbers, NUMBERS_SLICE)):
        if more:
            await found.session.breathe()
        found.session.writer.write(b" " + spaced(some))
        more = True
    if arguments.modseq and more:
        highest = max(found.modseqs(results.indexes(0, len(results))))
        found.session.writer.write(b" (MODSEQ %d)" % highest)
    found.session.writer.write(b"\r\n")


def spaced(numbers: list[int]) -> bytes:
    """``1 2 3``. A list prints itself much faster than its numbers are printed and joined."""
    return str(numbers)[1:-1].replace(",", "").encode("ascii")


async def tell(found: Found, results: Results, arguments: Search, wanted: Return, uid: bool) -> None:
    """Answer with ESEARCH, unless nothing but SAVE was asked for."""
    data = await report(found, results, arguments, wanted, uid)
    if not wanted.silent:
        found.session.untagged(esearch(found.session.tag, uid, data))


async def report(found: Found, results: Results, arguments: Search, wanted: Return, uid: bool) -> list[bytes]:
    """What RETURN asked for; what ``$`` shall stand for is kept (RFC 5182 §2.1)."""
    session = found.session
    about = reported(results, wanted) if wanted.save or arguments.modseq else ()
    if wanted.save:
        session.saved = array("I", sorted(map(found.universe.uids.__getitem__, about)))
    modseqs = found.modseqs(about) if arguments.modseq else ()
    if len(results) > NUMBERS_SLICE:
        return await session.edge.blocking.run(return_data, found.universe, results, wanted, uid, modseqs)
    return return_data(found.universe, results, wanted, uid, modseqs)
