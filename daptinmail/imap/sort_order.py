"""Orders of messages: rows of columns in, indexes out. Runs in pool threads."""

from collections.abc import Callable, Iterable, Sequence
from operator import itemgetter
from typing import Any

from daptinmail.imap.sort_grammar import Criterion

Row = tuple[Any, ...]
"""A UID, then the values of some columns."""


def columns_for(criteria: Iterable[Criterion]) -> tuple[str, ...]:
    """The columns that a sort needs. A message without Date counts as sent when it came (RFC 5256 §2.2)."""
    names = dict.fromkeys(criterion.column for criterion in criteria)
    if "sent_at" in names:
        names["internal_date"] = None
    return tuple(names)


def ordered(rows: Sequence[Row], criteria: Sequence[Criterion]) -> list[int]:
    """The UIDs of ``rows``, which ascend by UID and have ``columns_for(criteria)``, in order.

    What is equal stays in mailbox order, REVERSE or not (RFC 5256 §3): each sort is stable.
    """
    places = {name: place for place, name in enumerate(columns_for(criteria), 1)}
    order = list(rows)
    for criterion in reversed(dict.fromkeys(criteria)):
        order.sort(key=_key(places, criterion.column), reverse=criterion.reverse)
    return [row[0] for row in order]


def _key(places: dict[str, int], column: str) -> Callable[[Row], Any]:
    if column != "sent_at":
        return itemgetter(places[column])
    sent, arrived = places["sent_at"], places["internal_date"]
    return lambda row: row[arrived] if row[sent] is None else row[sent]
