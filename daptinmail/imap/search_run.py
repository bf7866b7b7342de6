"""Finds messages of a view, for every searching command."""

from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, TypeVar

from attrs import define
from twisted.internet.interfaces import IDelayedCall

from daptinmail.errors import DaptinmailError, Malformed
from daptinmail.imap.limits import PROGRESS_INTERVAL, SORT_SLICE
from daptinmail.imap.responses import Disconnected
from daptinmail.imap.search_keys import ViewKeys, keys_in
from daptinmail.imap.search_program import Program
from daptinmail.imap.search_sets import MessageSet, Universe
from daptinmail.imap.search_values import Search, SearchKey
from daptinmail.imap.selected import SelectedMailbox
from daptinmail.imap.session import Session, uid_required
from daptinmail.interfaces.search import Criterion

T = TypeVar("T")


@define(eq=False)
class Found:
    """What a search found, in a view that stays as it is while the command runs."""

    session: Session
    view: SelectedMailbox
    universe: Universe
    messages: MessageSet

    def modseqs(self, indexes: Sequence[int]) -> list[int]:
        """The modseqs of some messages."""
        return [self.view.modseqs[index] for index in indexes]


async def find_messages(session: Session, arguments: Search, uid: bool) -> Found:
    """The messages of the selected mailbox that meet the program. A failure with SAVE empties ``$`` (RFC 5182 §2.1).

    Raises:
        Declined: the charset is not known, or the client gave up sequence numbers (RFC 9586 §3).
    """
    refuse(session, arguments, uid)
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


def refuse(session: Session, arguments: Search, uid: bool) -> None:
    """Refuse what the client has given up: sequence numbers (RFC 9586 §3), and CHARSET (RFC 6855 §3)."""
    if session.uidonly and (arguments.numbers or not uid):
        raise uid_required()
    if arguments.charset and b"UTF8=ACCEPT" in session.enabled:
        raise Malformed("No CHARSET under UTF8=ACCEPT")


async def _find(session: Session, arguments: Search) -> Found:
    return await find_in(session, session.selected, arguments.program)


async def find_in(session: Session, view: SelectedMailbox, key: SearchKey) -> Found:
    """The messages of a view, of the selected mailbox or another, that meet a program."""
    program = program_on(session, view)
    with still_at_it(session, lambda: program.done, keys_in(key)):
        found = await program.run(key, known(view, program.universe))
    return Found(session, view, program.universe, found)


def known(view: SelectedMailbox, universe: Universe) -> MessageSet:
    """The messages that are not gone."""
    return universe.everything & ~universe.of_uids(sorted(view.gone))


async def columns_of(found: Found, columns: tuple[str, ...]) -> list[tuple[Any, ...]]:
    """Rows of all messages found, by UID; those that are gone from the store meanwhile are left out."""
    return await rows_of(found.session, found.view.mailbox.id, found.universe.uids_of(found.messages), columns)


async def rows_of(
    session: Session, mailbox_id: int, uids: Sequence[int], columns: tuple[str, ...]
) -> list[tuple[Any, ...]]:
    """Rows of messages by UID, read in slices."""
    rows: list[tuple[Any, ...]] = []
    for start in range(0, len(uids), SORT_SLICE):
        if start:
            await session.breathe()
            session.progress(start, len(uids))
        rows += await session.store.columns(mailbox_id, uids[start : start + SORT_SLICE], columns)
    return rows


@contextmanager
def still_at_it(session: Session, done: Callable[[], int], goal: int) -> Iterator[None]:
    """Tell now and then that a command goes on, while it waits for others (RFC 9585 §4)."""
    timer: IDelayedCall

    def beat() -> None:
        nonlocal timer
        timer = session.edge.clock.callLater(PROGRESS_INTERVAL, beat)
        if not session.parting:
            session.progress(done(), goal)

    timer = session.edge.clock.callLater(PROGRESS_INTERVAL, beat)
    try:
        yield
    finally:
        timer.cancel()


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

    keys = ViewKeys(view, session.saved if view.mailbox.id == session.selected_id else ())
    return Program(Universe(view.uids), keys, find, session.edge.time.now(), session.breathe)
