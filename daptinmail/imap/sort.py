"""SORT and UID SORT (RFC 5256 §3), with RETURN (RFC 5267 §3)."""

from collections.abc import Sequence
from typing import Any

from daptinmail.imap.answers import Answer, ok
from daptinmail.imap.context import Context, check_tag, keep_context
from daptinmail.imap.context_order import InOrder
from daptinmail.imap.esearch import SortedOrder
from daptinmail.imap.search import send, tell
from daptinmail.imap.search_run import Found, columns_of, find_messages, in_turn
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
    wanted = arguments.search.wanted
    check_tag(session, wanted)
    found = await find_messages(session, arguments.search, uid)
    results = SortedOrder(found.universe, await sorted_indexes(session, found, arguments.criteria))
    if wanted is None:
        await send(found, b"SORT", results, arguments.search, uid)
    else:
        await tell(found, results, arguments.search, wanted, uid)
        if wanted.update:
            order = InOrder(results.numbers(uid=True), arguments.criteria)
            keep_context(session, Context.of(found, arguments.search, order, uid))
    return ok(b"SORT completed")


async def sorted_indexes(session: Session, found: Found, criteria: Sequence[Criterion]) -> list[int]:
    """The indexes of what was found, in order; what is gone from the store meanwhile is left out."""
    rows = await columns_of(found, columns_for(criteria))
    return await in_turn(session, lambda: session.edge.blocking.run(_order, found, rows, criteria))


def _order(found: Found, rows: Sequence[tuple[Any, ...]], criteria: Sequence[Criterion]) -> list[int]:
    places = {uid: index for index, uid in enumerate(found.view.uids)}
    return [places[uid] for uid in ordered(rows, criteria)]
