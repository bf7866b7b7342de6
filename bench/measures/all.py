"""All measurements in the order in which they harm one another least: those that remove files come last."""

from bench.measures import appending, changing, connecting, fetching, noticing, opening, searching, waiting
from bench.measures.measure import Measure

ALL: tuple[Measure, ...] = (
    *opening.MEASURES,
    *fetching.MEASURES,
    *searching.MEASURES,
    *changing.STORE,
    *noticing.MEASURES,
    *waiting.MEASURES,
    *appending.MEASURES,
    *connecting.LOGIN,
    *connecting.MEMORY,
    *changing.COPY,
    *changing.EXPUNGE,
)


def chosen(beginnings: list[str]) -> list[Measure]:
    """Those whose names begin so; all if nothing is said."""
    return [one for one in ALL if not beginnings or one.name.startswith(tuple(beginnings))]
