"""SORT and UID SORT (RFC 5256 §3), with RETURN (RFC 5267 §3)."""

from collections.abc import Sequence
from typing import Any

from daptinmail.imap.answers import Answer, ok
from daptinmail.imap.esearch import SortedOrder
from daptinmail.imap.limits import SORT_SLICE
from daptinmail.imap.search import Found, find_messages, in_turn, tell
from daptinmail.imap.session import Session
from daptinmail.imap.sort_grammar import Criterion, Sort
from daptinmail.imap.sort_order import columns_for, ordered


async def sort(session: Session, arguments: Sort) -> Answer:
    """SORT."""
    return await _sort(session, arguments, uid=False)


async def uid_sort(session: Session, arguments: Sort) -> Answer:
    """UID SORT."""
    return await _sort(session, arguments, uid=True)


async def _sort(session: Session, arguments: Sort, uid: bool) -> Answer:
    found = await find_messages(session, arguments.search, uid)
    results = SortedOrder(found.universe, await sorted_indexes(session, found, arguments.criteria))
    wanted = arguments.search.wanted
    if wanted is not None:
        tell(session, found, results, arguments.search, wanted, uid)
    else:
        await found.send(b"SORT", results, arguments.search, uid)
    return ok(b"SORT completed")


async def sorted_indexes(session: Session, found: Found, criteria: Sequence[Criterion]) -> list[int]:
    """The indexes of what was found, in order; what is gone from the store meanwhile is left out."""
    rows = await gather(session, found, columns_for(criteria))
    return await in_turn(session, lambda: session.edge.blocking.run(_order, found, rows, criteria))


def _order(found: Found, rows: Sequence[tuple[Any, ...]], criteria: Sequence[Criterion]) -> list[int]:
    places = {uid: index for index, uid in enumerate(found.view.uids)}
    return [places[uid] for uid in ordered(rows, criteria)]


async def gather(session: Session, found: Found, columns: tuple[str, ...]) -> list[tuple[Any, ...]]:
    """Columns of all messages found, by UID."""
    uids = found.universe.uids_of(found.messages)
    rows: list[tuple[Any, ...]] = []
    for start in range(0, len(uids), SORT_SLICE):
        if start:
            await session.breathe()
        rows += await session.store.columns(found.view.mailbox.id, uids[start : start + SORT_SLICE], columns)
    return rows
