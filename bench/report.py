"""The table, and JSON."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from attrs import asdict, frozen

from bench.goals import GOALS, OURS, Verdict
from bench.turns import Results

VERDICTS = {True: "met", False: "MISSED", None: "?"}


@frozen
class Run:
    """What one run of the benchmark found."""

    machine: Mapping[str, str]
    versions: Mapping[str, str]
    messages: int
    results: Results


def table(run: Run) -> str:
    """For people: Markdown."""
    peers = list(run.versions)
    others = [peer for peer in peers if peer != OURS]
    heads = ["", *(f"{peer} ms (CPU)" for peer in peers), *(f"x {peer} (CPU)" for peer in others), "goals"]
    rows = [_row(run.results, name, peers, others) for name in run.results.samples]
    lines = [f"Mailbox of {run.messages:,} messages", ""]
    lines += [f"{name}: {value}" for name, value in {**run.machine, **run.versions}.items()]
    lines += [f"ratios are judged by: {'CPU time, the machine was busy' if run.results.busy else 'wall clock'}"]
    lines += ["", *_aligned([heads, *rows]), *_failures(run.results)]
    return "\n".join(lines)


def _row(results: Results, name: str, peers: Sequence[str], others: Sequence[str]) -> list[str]:
    cells = [name, *(_figure(results, name, peer) for peer in peers)]
    cells += [_ratio(results, name, other) for other in others]
    return [*cells, "; ".join(map(_verdict, verdicts(results, name)))]


def verdicts(results: Results, name: str) -> list[Verdict]:
    """Of every goal that this run can judge."""
    return [verdict for goal in GOALS.get(name, ()) if (verdict := goal.judge(name, results)).met is not None]


def _verdict(verdict: Verdict) -> str:
    return f"{VERDICTS[verdict.met]}: {verdict.goal}, is {verdict.figure}"


def _figure(results: Results, name: str, peer: str) -> str:
    figure = results.figure(name, peer)
    if figure is None:
        return "-"
    return f"{_number(figure.best)} ({_number(figure.cpu)})" if figure.cpu is not None else _number(figure.best)


def _ratio(results: Results, name: str, other: str) -> str:
    ours, theirs = results.figure(name, OURS), results.figure(name, other)
    if ours is None or theirs is None or not ours.best:
        return "-"
    ratio = f"{theirs.best / ours.best:.2f}"
    return f"{ratio} ({theirs.cpu / ours.cpu:.2f})" if ours.cpu and theirs.cpu is not None else ratio


def _number(value: float) -> str:
    return f"{value:.0f}" if value >= 100 else f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def _aligned(rows: Sequence[Sequence[str]]) -> list[str]:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = ["| " + " | ".join(map(str.ljust, row, widths)) + " |" for row in rows]
    return [lines[0], "|" + "|".join("-" * (width + 2) for width in widths) + "|", *lines[1:]]


def _failures(results: Results) -> list[str]:
    lines = [
        f"not measured: {name} of {peer}: {reason}"
        for name, by_peer in results.failures.items()
        for peer, reason in by_peer.items()
    ]
    return ["", *lines] if lines else []


def as_json(run: Run) -> str:
    """For programs: every sample."""
    document: dict[str, Any] = {
        "machine": dict(run.machine),
        "versions": dict(run.versions),
        "messages": run.messages,
        "failures": run.results.failures,
        "samples": {
            name: {peer: [{"value": one.value, "cpu": one.cpu} for one in samples] for peer, samples in by_peer.items()}
            for name, by_peer in run.results.samples.items()
        },
        "goals": {name: [asdict(verdict) for verdict in verdicts(run.results, name)] for name in run.results.samples},
    }
    return json.dumps(document, indent=1)
