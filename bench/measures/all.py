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


def chosen(beginnings: str) -> list[Measure]:
    """Those whose names begin so, with commas between; all if nothing is said."""
    wanted = tuple(beginning for beginning in beginnings.split(",") if beginning)
    return [one for one in ALL if not wanted or one.name.startswith(wanted)]
