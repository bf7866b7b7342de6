"""A B A B: every peer takes its turn of a measurement before any takes the next."""

from collections.abc import Callable, Sequence

from attrs import define, field

from bench.client import Failed
from bench.measures.measure import Measure, Wrong
from bench.samples import Figure, Sample
from bench.site import Site

BUDGET = 60_000.0
"""Milliseconds after which a peer takes no more turns of one measurement."""


@define
class Results:
    """Samples by name and peer, and what could not be measured. ``busy``: the machine had other work to do."""

    samples: dict[str, dict[str, list[Sample]]] = field(factory=dict)
    failures: dict[str, dict[str, str]] = field(factory=dict)
    busy: bool = False

    def add(self, peer: str, sample: Sample) -> None:
        """One more."""
        self.samples.setdefault(sample.name, {}).setdefault(peer, []).append(sample)

    def figure(self, name: str, peer: str) -> Figure | None:
        """What the samples say; ``None`` without samples."""
        samples = self.samples.get(name, {}).get(peer)
        return Figure.of(samples) if samples else None


def take_turns(
    measures: Sequence[Measure],
    sites: Sequence[Site],
    say: Callable[[str], None],
    keep: Callable[[Results], None] = lambda results: None,
) -> Results:
    """Measure everything; a failure of one peer in one measurement hurts nothing else.

    ``keep`` is called after each measurement with what there is.
    """
    results = Results()
    for measure in measures:
        say(f"{measure.name}: {measure.asked}")
        spent = dict.fromkeys((site.peer.name for site in sites), 0.0)
        for turn in range(measure.turns):
            for site in sites if turn % 2 == 0 else reversed(sites):
                if spent[site.peer.name] < BUDGET:
                    spent[site.peer.name] += _take(measure, site, turn, results)
        keep(results)
    return results


def _take(measure: Measure, site: Site, turn: int, results: Results) -> float:
    """One turn; the milliseconds it took, more than any budget after a failure."""
    name = site.peer.name
    try:
        samples = measure.run(site, turn)
    except (Failed, Wrong, OSError) as error:
        results.failures.setdefault(measure.name, {})[name] = f"{type(error).__name__}: {error}"
        site.part()
        return BUDGET
    for sample in samples:
        results.add(name, sample)
    return sum(sample.value for sample in samples)
