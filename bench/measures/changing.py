"""STORE, COPY, MOVE and EXPUNGE."""

from bench.filling import BIG
from bench.measures.measure import Measure, expect
from bench.samples import Sample
from bench.site import Site

COUNT = 1000


def _count(site: Site) -> int:
    return min(COUNT, site.messages)


def _store(site: Site, turn: int) -> list[Sample]:
    """Every message really changes: the flag goes up in one turn and down in the next."""
    client = site.session()
    command = rb"UID STORE 1:* %cFLAGS (\Draft)" % b"+-"[turn % 2]
    answers: list[bytes] = []
    watch = site.timed(lambda: answers.append(client.command(command)))
    expect(answers[0].count(b" FETCH ("), site.messages, "FETCH responses")
    return [watch.sample("store.all")]


def _copied(turn: int) -> str:
    return f"copied{turn}"


def _moved(turn: int) -> str:
    return f"moved{turn}"


def _copy(site: Site, turn: int) -> list[Sample]:
    client = site.session(BIG)
    client.command(f"CREATE {_copied(turn)}".encode())
    command = f"UID COPY 1:{_count(site)} {_copied(turn)}".encode()
    return [site.timed(lambda: client.command(command)).sample("copy.1000")]


def _move(site: Site, turn: int) -> list[Sample]:
    client = site.session(_copied(turn))
    client.command(f"CREATE {_moved(turn)}".encode())
    command = f"MOVE 1:{_count(site)} {_moved(turn)}".encode()
    return [site.timed(lambda: client.command(command)).sample("move.1000")]


def _expunge(site: Site, turn: int) -> list[Sample]:
    client = site.session(_moved(turn))
    client.command(rb"STORE 1:* +FLAGS.SILENT (\Deleted)")
    answers: list[bytes] = []
    watch = site.timed(lambda: answers.append(client.command(b"EXPUNGE")))
    expect(answers[0].count(b" EXPUNGE\r\n"), _count(site), "EXPUNGE responses")
    return [watch.sample("expunge.1000")]


STORE = (Measure("store.all", r"UID STORE 1:* +FLAGS (\Draft), then -FLAGS", _store, turns=6),)
COPY = (
    Measure("copy.1000", f"UID COPY 1:{COUNT} to an empty mailbox", _copy),
    Measure("move.1000", f"MOVE 1:{COUNT} to an empty mailbox", _move, repeatable=False),
)
EXPUNGE = (Measure("expunge.1000", f"EXPUNGE of {COUNT} messages", _expunge, repeatable=False),)
"""Apart from the rest: the removal of many files slows some file systems down for minutes."""
