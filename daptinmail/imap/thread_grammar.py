"""Arguments of THREAD (RFC 5256 §5 ``thread``)."""

from attrs import frozen

from daptinmail.errors import Malformed
from daptinmail.imap.cursor import Cursor
from daptinmail.imap.search_grammar import search_criteria
from daptinmail.imap.search_values import Search

ALGORITHMS = frozenset({b"ORDEREDSUBJECT", b"REFERENCES"})


@frozen
class Thread:
    """THREAD and UID THREAD."""

    algorithm: bytes
    search: Search


def thread(cursor: Cursor) -> Thread:
    """THREAD and UID THREAD."""
    cursor.space()
    algorithm = cursor.keyword()
    if algorithm not in ALGORITHMS:
        raise Malformed("Unknown threading algorithm")
    cursor.space()
    return Thread(algorithm, search_criteria(cursor, None))
