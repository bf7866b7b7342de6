"""Where daptinmail's time goes in one measurement: py-spy's samples of the threads that hold the interpreter's lock."""

import signal
import subprocess
import time
from collections import Counter
from pathlib import Path

from bench.measures.measure import Measure
from bench.site import Site

RATE = 400
LEAST = 3.0
"""Seconds that the measurement is repeated for."""
MOST_TURNS = 50
SHOWN = 16


def profile(measure: Measure, site: Site, directory: Path) -> None:
    """Take turns that nobody times, and write ``NAME.raw`` (collapsed stacks) and ``NAME.txt`` (the top functions)."""
    raw = directory / f"{measure.name}.raw"
    pid = str(site.peer.process.pid)
    command = ["py-spy", "record", "--gil", "--rate", str(RATE), "--format", "raw", "--output", str(raw), "--pid", pid]
    child = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        _repeat(measure, site)
    finally:
        child.send_signal(signal.SIGINT)
        child.wait()
    if raw.exists():
        (directory / f"{measure.name}.txt").write_text(summary(raw.read_text()))


def _repeat(measure: Measure, site: Site) -> None:
    """An even number of turns, so that what one changes the next changes back."""
    end = time.monotonic() + LEAST
    for turn in range(MOST_TURNS):
        if turn % 2 == 0 and time.monotonic() > end:
            return
        measure.run(site, turn + measure.turns)


def summary(stacks: str) -> str:
    """The functions that most samples were in: by themselves, and with what they called."""
    own: Counter[str] = Counter()
    whole: Counter[str] = Counter()
    for line in stacks.splitlines():
        stack, _, count = line.rpartition(" ")
        frames = [_function(frame) for frame in stack.split(";")]
        own[frames[-1]] += int(count)
        whole.update(dict.fromkeys(frames, int(count)))
    total = max(1, sum(own.values()))
    whole = Counter({name: count for name, count in whole.items() if "(daptinmail/" in name})
    lines = [f"{total} samples", "by themselves:", *_lines(own, total), "with what they called:", *_lines(whole, total)]
    return "\n".join(lines) + "\n"


def _function(frame: str) -> str:
    """Without the line number."""
    return frame.rpartition(":")[0] + ")" if ":" in frame else frame


def _lines(counts: Counter[str], total: int) -> list[str]:
    return [f"  {100 * count / total:5.1f} %  {name}" for name, count in counts.most_common(SHOWN)]
