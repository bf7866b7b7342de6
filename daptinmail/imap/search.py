"""SEARCH and UID SEARCH (RFC 9051 §6.4.4): found as sets, answered as SEARCH or ESEARCH."""

from collections.abc import Awaitable, Callable, Sequence
from itertools import islice
from typing import TypeVar

from attrs import define

from daptinmail.errors import DaptinmailError, Malformed
from daptinmail.imap.answers import Answer, ok
from daptinmail.imap.esearch import MailboxOrder, Results, esearch, reported, return_data
from daptinmail.imap.limits import NUMBERS_SLICE
from daptinmail.imap.responses import Disconnected
from daptinmail.imap.search_keys import ViewKeys
from daptinmail.imap.search_program import Program
from daptinmail.imap.search_sets import MessageSet, Universe
from daptinmail.imap.search_values import Return, Search
from daptinmail.imap.selected import SelectedMailbox
from daptinmail.imap.session import Session, uid_required
from daptinmail.interfaces.search import Criterion

T = TypeVar("T")


async def search(session: Session, arguments: Search) -> Answer:
    """SEARCH."""
    return await _search(session, arguments, uid=False)


async def uid_search(session: Session, arguments: Search) -> Answer:
    """UID SEARCH."""
    return await _search(session, arguments, uid=True)


async def _search(session: Session, arguments: Search, uid: bool) -> Answer:
    if arguments.charset and b"UTF8=ACCEPT" in session.enabled:
        raise Malformed("No CHARSET under UTF8=ACCEPT")  # RFC 6855 §3
    found = await find_messages(session, arguments, uid)
    results = MailboxOrder(found.universe, found.messages)
    wanted = arguments.wanted or (Return(all=True) if session.rev2 else None)
    if wanted is not None:
        tell(session, found, results, arguments, wanted, uid)
    else:
        await found.send(b"SEARCH", results, arguments, uid)
    return ok(b"SEARCH completed")


@define(eq=False)
class Found:
    """What a search found, in a view that stays as it is while the command runs."""

    session: Session
    view: SelectedMailbox
    universe: Universe
    messages: MessageSet

    async def send(self, name: bytes, results: Results, arguments: Search, uid: bool) -> None:
        """An untagged SEARCH or SORT with its numbers, in slices (RFC 7162 §3.1.6: with MODSEQ if that was a key)."""
        self.session.writer.write(b"* " + name)
        numbers, more = results.numbers(uid), False
        while some := list(islice(numbers, NUMBERS_SLICE)):
            if more:
                await self.session.breathe()
            self.session.writer.write(b" " + spaced(some))
            more = True
        if arguments.modseq and more:
            highest = max(self.modseqs(results.indexes(0, len(results))))
            self.session.writer.write(b" (MODSEQ %d)" % highest)
        self.session.writer.write(b"\r\n")

    def modseqs(self, indexes: Sequence[int]) -> list[int]:
        """The modseqs of some messages."""
        return [self.view.modseqs[index] for index in indexes]


def spaced(numbers: list[int]) -> bytes:
    """``1 2 3``. A list prints itself much faster than its numbers are printed and joined."""
    return str(numbers)[1:-1].replace(",", "").encode("ascii")


def tell(session: Session, found: Found, results: Results, arguments: Search, wanted: Return, uid: bool) -> None:
    """Answer with ESEARCH, and keep what ``$`` shall stand for (RFC 5182 §2.1)."""
    about = reported(results, wanted) if wanted.save or arguments.modseq else ()
    if wanted.save:
        session.saved = sorted(found.universe.uids[index] for index in about)
    if not wanted.silent:
        modseqs = found.modseqs(about) if arguments.modseq else ()
        session.untagged(esearch(session.tag, uid, return_data(found.universe, results, wanted, uid, modseqs)))


async def find_messages(session: Session, arguments: Search, uid: bool) -> Found:
    """The messages of the selected mailbox that meet the program. A failure with SAVE empties ``$`` (RFC 5182 §2.1).

    Raises:
        Declined: the charset is not known, or the client gave up sequence numbers (RFC 9586 §3).
    """
    if session.uidonly and (arguments.numbers or not uid):
        raise uid_required()
    if arguments.modseq:
        session.enable_condstore()
    try:
        if arguments.refusal is not None:
            raise arguments.refusal
        await session.catch_up(may_expunge=False)  # what is gone already is not found
        return await _find(session, arguments)
    except DaptinmailError as error:
        if arguments.wanted is not None and arguments.wanted.save and not isinstance(error, Malformed):
            session.saved = ()
        raise


async def _find(session: Session, arguments: Search) -> Found:
    view = session.selected
    program = program_on(session, view)
    universe = program.universe
    everything = universe.everything & ~universe.of_uids(sorted(view.gone))
    return Found(session, view, universe, await program.run(arguments.program, everything))


async def in_turn(session: Session, ask: Callable[[], Awaitable[T]]) -> T:
    """What occupies threads: few searches do so at once. They may wait for each other, mail may not wait for them."""
    await session.edge.searches.acquire()
    try:
        if session.parting:
            raise Disconnected
        return await ask()
    finally:
        session.edge.searches.release()


def program_on(session: Session, view: SelectedMailbox) -> Program:
    """Runs programs on a view, of the selected mailbox or another."""

    async def find(criterion: Criterion, uids: Sequence[int] | None) -> Sequence[int]:
        return await in_turn(session, lambda: session.store.find(view.mailbox.id, criterion, uids))

    keys = ViewKeys(view, session.saved)
    return Program(Universe(view.uids), keys, find, session.edge.time.now(), session.breathe)
