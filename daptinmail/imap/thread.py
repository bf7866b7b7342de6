"""THREAD and UID THREAD (RFC 5256 §3), worked out off the reactor."""

from collections.abc import Sequence
from typing import Any

from daptinmail.imap.answers import Answer, ok
from daptinmail.imap.search_run import Found, columns_of, find_messages, in_turn
from daptinmail.imap.session import Session
from daptinmail.imap.thread_forest import Forest, format_forest
from daptinmail.imap.thread_grammar import Thread
from daptinmail.imap.thread_references import Threadable, by_references
from daptinmail.imap.thread_subject import by_subject

COLUMNS = {
    b"ORDEREDSUBJECT": ("internal_date", "sent_at", "base_subject"),
    b"REFERENCES": ("internal_date", "sent_at", "base_subject", "is_reply", "message_id", "references"),
}


async def thread(session: Session, arguments: Thread) -> Answer:
    """THREAD."""
    return await _thread(session, arguments, uid=False)


async def uid_thread(session: Session, arguments: Thread) -> Answer:
    """UID THREAD."""
    return await _thread(session, arguments, uid=True)


async def _thread(session: Session, arguments: Thread, uid: bool) -> Answer:
    found = await find_messages(session, arguments.search, uid)
    rows = await columns_of(found, COLUMNS[arguments.algorithm])
    answer = await in_turn(session, lambda: session.edge.blocking.run(_answer, found, rows, arguments.algorithm, uid))
    session.untagged(b"THREAD %b" % answer if answer else b"THREAD")
    return ok(b"THREAD completed")


def _answer(found: Found, rows: Sequence[tuple[Any, ...]], algorithm: bytes, uid: bool) -> bytes:
    """The threads as they are sent. Runs in a pool thread."""
    if uid:
        return format_forest(threaded(rows, algorithm), [row[0] for row in rows])
    places = {uid: index + 1 for index, uid in enumerate(found.view.uids)}
    return format_forest(threaded(rows, algorithm), [places[row[0]] for row in rows])


def threaded(rows: Sequence[tuple[Any, ...]], algorithm: bytes) -> Forest:
    """Rows of ``COLUMNS[algorithm]`` in mailbox order -> their threads.

    A message without Date counts as sent when it came (RFC 5256 §2.2).
    """
    sent = [arrived if sent is None else sent for _, arrived, sent, *_ in rows]
    if algorithm == b"ORDEREDSUBJECT":
        return by_subject([row[3] for row in rows], sent)
    return by_references(
        [
            Threadable(message_id, references.split(), moment, subject, bool(reply))
            for moment, (_, _, _, subject, reply, message_id, references) in zip(sent, rows, strict=True)
        ]
    )
