"""SEARCH."""

from functools import partial

from bench.corpus import BODY_WORD, SENDER_WORD, SUBJECT_WORD, TEXT_WORD
from bench.measures.measure import Measure, expect
from bench.samples import Sample
from bench.site import Site


def _search(name: str, program: bytes, every: int, first: int, site: Site, turn: int) -> list[Sample]:
    client = site.session()
    answers: list[bytes] = []
    watch = site.timed(lambda: answers.append(client.command(b"UID SEARCH " + program)))
    line = next(line for line in answers[0].split(b"\r\n") if line.startswith(b"* SEARCH"))
    found = len(line.split()) - 2
    if every:
        expect(found, len(range(first, site.messages, every)), "messages found")
    return [watch.sample(name)]


def _measure(name: str, program: bytes, every: int = 0, first: int = 0) -> Measure:
    return Measure(name, f"UID SEARCH {program.decode()}", partial(_search, name, program, every, first))


MEASURES = (
    _measure("search.flag", b"UNSEEN"),
    _measure("search.subject", b"SUBJECT " + SUBJECT_WORD, 50, 7),
    _measure("search.from", b"FROM " + SENDER_WORD, 40, 3),
    _measure("search.body", b"BODY " + BODY_WORD, 100, 37),
    _measure("search.text", b"TEXT " + TEXT_WORD, 100, 11),
)
