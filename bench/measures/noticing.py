"""How soon, and at what cost, a session hears of a change that another makes."""

import time
from random import Random

from bench.client import ImapClient, append
from bench.corpus import of_size
from bench.filling import BIG, SMALL
from bench.measures.measure import Measure, Wrong
from bench.samples import Sample, Spread
from bench.site import Site

NOTICES = 50
CHANGES = 20
PAUSE = 0.2
"""Seconds between notices, at most."""


def _idle(site: Site, turn: int) -> list[Sample]:
    """From the OK that the changing session read to the EXISTS that the idle one read."""
    random = Random(turn)
    spread = Spread()
    with site.connect() as waiting, site.connect() as sending:
        waiting.command(f"SELECT {SMALL}".encode())
        tag = waiting.idle()
        for number in range(NOTICES):
            time.sleep(random.uniform(PAUSE / 4, PAUSE))
            sending.command(append(SMALL, of_size(number, 1024)))
            begin = time.perf_counter()
            _await_exists(waiting)
            spread.values.append((time.perf_counter() - begin) * 1000)
        waiting.done(tag)
    return [Sample("idle.median", spread.at(0.5)), Sample("idle.p99", spread.at(0.99))]


def _await_exists(client: ImapClient) -> None:
    while b" EXISTS" not in client.line():
        pass


def _catch_up(site: Site, turn: int) -> list[Sample]:
    return [_noop(site, BIG, "catchup.big"), _noop(site, SMALL, "catchup.small")]


def _noop(site: Site, mailbox: str, name: str) -> Sample:
    """NOOP after one flag of one message was changed by another session."""
    with site.connect() as reading, site.connect() as changing:
        for client in (changing, reading):
            client.command(f"SELECT {mailbox}".encode())
            client.command(rb"UID STORE 50 -FLAGS.SILENT (\Draft)")
        answers: list[bytes] = []
        samples = []
        for number in range(CHANGES):
            sign = b"+-"[number % 2]
            changing.command(rb"UID STORE 50 %cFLAGS.SILENT (\Draft)" % sign)
            samples.append(site.timed(lambda: answers.append(reading.command(b"NOOP"))).sample(name))
            if b" FETCH (" not in answers[-1]:
                raise Wrong("NOOP did not tell of the change")
    ordered = sorted(samples, key=lambda sample: sample.value)
    return ordered[len(ordered) // 2]


MEASURES = (
    Measure("idle", "from the OK of an APPEND to EXISTS in a session in IDLE", _idle, turns=1, repeatable=False),
    Measure("catchup", "NOOP after one change in the large and in the small mailbox", _catch_up, turns=3),
)
