"""What one turn of one measurement gave, and what is made of several."""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from statistics import median

from attrs import define, field, frozen

from bench.processes import ServerProcess


@frozen
class Sample:
    """One figure: milliseconds or KiB, an operation. ``cpu``: milliseconds of the server's CPU time, if taken."""

    name: str
    value: float
    cpu: float | None = None


@frozen
class Figure:
    """Several samples of one name from one peer."""

    best: float
    middle: float
    cpu: float | None
    count: int

    @classmethod
    def of(cls, samples: Sequence[Sample]) -> "Figure":
        """CPU is the least of all, as the value is: what others do on the machine only ever adds."""
        values = [sample.value for sample in samples]
        cpus = [sample.cpu for sample in samples if sample.cpu is not None]
        return cls(min(values), median(values), min(cpus) if cpus else None, len(values))


@define
class Watch:
    """Fills in when its ``with`` block ends."""

    wall: float = 0.0
    cpu: float = 0.0

    def sample(self, name: str, operations: int = 1) -> Sample:
        """Milliseconds for each of so many operations."""
        return Sample(name, self.wall * 1000 / operations, self.cpu * 1000 / operations)


@contextmanager
def watched(process: ServerProcess) -> Iterator[Watch]:
    """Wall clock of the block, and the CPU time that the server's processes spent meanwhile."""
    watch = Watch()
    cpu = process.cpu_seconds()
    begin = time.perf_counter()
    yield watch
    watch.wall = time.perf_counter() - begin
    watch.cpu = process.cpu_seconds() - cpu


@define
class Spread:
    """Latencies in milliseconds."""

    values: list[float] = field(factory=list)

    def at(self, part: float) -> float:
        """The value that this part of all do not exceed."""
        ordered = sorted(self.values)
        return ordered[min(len(ordered) - 1, int(len(ordered) * part))]
