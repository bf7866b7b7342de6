"""How long a session waits for NOOP while another session of the same account has a long answer."""

import time
from functools import partial

from bench.corpus import TEXT_WORD
from bench.measures.measure import Measure
from bench.prober import Prober
from bench.samples import Sample, Spread
from bench.site import Site

QUIET = 1.0
LEAST = 0.5
"""Seconds that the long command is repeated for."""


def _quiet(site: Site, turn: int) -> list[Sample]:
    """With nothing beside it: what the machine itself makes of it."""
    prober = Prober(site.peer.address)
    with prober:
        time.sleep(QUIET)
    return _samples("wait.quiet", prober)


def _beside(name: str, command: bytes, site: Site, turn: int) -> list[Sample]:
    client = site.session()
    prober = Prober(site.peer.address)
    with prober:
        end = time.monotonic() + LEAST
        while time.monotonic() < end:
            client.command(command)
    return _samples(name, prober)


def _samples(name: str, prober: Prober) -> list[Sample]:
    spread = Spread(prober.latencies)
    return [Sample(f"{name}.worst", spread.at(1.0)), Sample(f"{name}.p99", spread.at(0.99))]


def _measure(name: str, command: bytes) -> Measure:
    return Measure(name, f"NOOP beside {command.decode()}", partial(_beside, name, command), turns=3)


MEASURES = (
    Measure("wait.quiet", "NOOP with nothing beside it", _quiet, turns=3),
    _measure("wait.flags", b"UID FETCH 1:* (FLAGS)"),
    _measure("wait.structure", b"UID FETCH 1:* (ENVELOPE BODYSTRUCTURE)"),
    _measure("wait.bodies", b"UID FETCH 1:1000 (BODY.PEEK[])"),
    _measure("wait.search", b"UID SEARCH TEXT " + TEXT_WORD),
    _measure("wait.select", b"SELECT big"),
    _measure("wait.store", rb"UID STORE 1:* +FLAGS.SILENT (\Draft)"),
)
