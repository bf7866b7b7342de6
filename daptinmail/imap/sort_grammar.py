"""Arguments of SORT (RFC 5256 §5 ``sort``, RFC 5957, RFC 5267 §5 ``extended-sort``)."""

from attrs import frozen

from daptinmail.errors import Malformed
from daptinmail.imap.cursor import Cursor
from daptinmail.imap.grammar import parenthesized
from daptinmail.imap.limits import SORT_CRITERIA
from daptinmail.imap.search_grammar import search_criteria
from daptinmail.imap.search_options import return_options
from daptinmail.imap.search_values import Search

COLUMNS: dict[bytes, str] = {
    b"ARRIVAL": "internal_date",
    b"CC": "sort_cc",
    b"DATE": "sent_at",
    b"DISPLAYFROM": "display_from",
    b"DISPLAYTO": "display_to",
    b"FROM": "sort_from",
    b"SIZE": "size",
    b"SUBJECT": "base_subject",
    b"TO": "sort_to",
}
"""Sort keys, and the column of ``IMessageStore.columns`` that each compares."""


@frozen
class Criterion:
    """One sort criterion: a column, descending if ``reverse``."""

    column: str
    reverse: bool = False


@frozen
class Sort:
    """SORT and UID SORT."""

    criteria: tuple[Criterion, ...]
    search: Search


def sort(cursor: Cursor) -> Sort:
    """SORT and UID SORT."""
    cursor.space()
    wanted = return_options(cursor)
    criteria = parenthesized(cursor, _criterion)
    if len(criteria) > SORT_CRITERIA:
        raise Malformed("Too many sort criteria")
    cursor.space()
    return Sort(tuple(criteria), search_criteria(cursor, wanted))


def _criterion(cursor: Cursor) -> Criterion:
    name = cursor.keyword()
    reverse = name == b"REVERSE"
    if reverse:
        cursor.space()
        name = cursor.keyword()
    if name not in COLUMNS:
        raise Malformed("Unknown sort criterion")
    return Criterion(COLUMNS[name], reverse)
