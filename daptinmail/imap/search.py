"""SEARCH: the view first, then the index, then the files, each only for what is still open."""

from collections.abc import Callable, Sequence
from typing import TypeVar

from daptinmail.imap.answers import Answer, ok
from daptinmail.imap.limits import HEADER_SLICE, SEARCH_TEXT_CAP, TEXT_SLICE, VIEW_SLICE
from daptinmail.imap.responses import Disconnected
from daptinmail.imap.search_keys import Candidate, Evaluator, Facts
from daptinmail.imap.search_text import body_text
from daptinmail.imap.session import Session
from daptinmail.imap.values import Search
from daptinmail.interfaces.messages import Opened

T = TypeVar("T")


async def search(session: Session, arguments: Search) -> Answer:
    """SEARCH (RFC 3501 §6.4.4)."""
    found = await _search(session, arguments)
    session.untagged(b" ".join((b"SEARCH", *(b"%d" % (index + 1) for index in found))))
    return ok(b"SEARCH completed")


async def uid_search(session: Session, arguments: Search) -> Answer:
    """UID SEARCH (RFC 3501 §6.4.8)."""
    found = await _search(session, arguments)
    view = session.selected
    session.untagged(b" ".join((b"SEARCH", *(b"%d" % view.uids[index] for index in found))))
    return ok(b"SEARCH completed")


async def _search(session: Session, arguments: Search) -> list[int]:
    """The indexes of the messages that meet the program, in order."""
    evaluator = Evaluator(session.selected, arguments.program)
    found: list[int] = []
    files = max(1, TEXT_SLICE // arguments.keys)
    unsure = await _search_view(session, evaluator, found)
    size = HEADER_SLICE if "header" in evaluator.columns else VIEW_SLICE
    for start in range(0, len(unsure), size):
        some = unsure[start : start + size]
        unread = await _search_index(session, evaluator, some, found)
        for first in range(0, len(unread), files):
            await _search_files(session, evaluator, unread[first : first + files], found)
        for candidate in some:
            candidate.facts = None  # header sections of a whole mailbox would not fit
        await session.writer.drain()
    return sorted(found)


async def _search_view(session: Session, evaluator: Evaluator, found: list[int]) -> list[Candidate]:
    """Judge by the view; what it cannot decide."""
    view = session.selected
    unsure: list[Candidate] = []
    for index, uid in enumerate(view.uids):
        if index and index % VIEW_SLICE == 0:
            await session.breathe()
        candidate = Candidate(index, uid)
        verdict = False if uid in view.gone else evaluator.judge(candidate)
        if verdict:
            found.append(index)
        elif verdict is None:
            unsure.append(candidate)
    return unsure


async def _search_index(
    session: Session, evaluator: Evaluator, candidates: Sequence[Candidate], found: list[int]
) -> list[Candidate]:
    """Judge by the index; what it cannot decide."""
    by_uid = {candidate.uid: candidate for candidate in candidates}
    known = await session.store.columns(session.selected.mailbox.id, list(by_uid), evaluator.columns)
    for row in known:
        by_uid[row[0]].facts = Facts(row, evaluator.columns)
    judged = [by_uid[row[0]] for row in known]
    verdicts = await _in_turn(session, _judge_all, evaluator, judged)
    found.extend(candidate.index for candidate, verdict in zip(judged, verdicts, strict=True) if verdict)
    return [candidate for candidate, verdict in zip(judged, verdicts, strict=True) if verdict is None]


async def _in_turn(session: Session, judge: Callable[..., T], *arguments: object) -> T:
    """Judge in a pool thread, few at once: searches may wait for each other, mail may not wait for them."""
    edge = session.edge
    await edge.searches.acquire()
    try:
        if session.parting:
            raise Disconnected
        return await edge.blocking.run(judge, *arguments)
    finally:
        edge.searches.release()


def _judge_all(evaluator: Evaluator, candidates: Sequence[Candidate]) -> list[bool | None]:
    return [evaluator.judge(candidate) for candidate in candidates]


async def _search_files(
    session: Session, evaluator: Evaluator, candidates: Sequence[Candidate], found: list[int]
) -> None:
    """Judge by content."""
    uids = [candidate.uid for candidate in candidates]
    opened = await session.store.open_many(session.selected.mailbox.id, uids)
    files = [(candidate, opened[candidate.uid]) for candidate in candidates if candidate.uid in opened]
    try:
        found.extend(await _in_turn(session, _judge_files, evaluator, files))
    finally:
        await session.edge.blocking.run(_close_all, files)


def _judge_files(evaluator: Evaluator, opened: Sequence[tuple[Candidate, Opened]]) -> list[int]:
    """In a pool thread: one file after the other, its text forgotten before the next."""
    found = []
    for candidate, file in opened:
        candidate.body = body_text(_beginning(file))
        if evaluator.judge(candidate):
            found.append(candidate.index)
        candidate.body = None
    return found


def _beginning(file: Opened) -> bytes:
    """As much as is searched, in whole lines: half a character would make the text look like another charset."""
    octets = file.read(0, min(file.size, SEARCH_TEXT_CAP))
    return octets if len(octets) == file.size else octets[: octets.rfind(b"\n") + 1] or octets


def _close_all(opened: Sequence[tuple[Candidate, Opened]]) -> None:
    for _, file in opened:
        file.close()
