"""The shape of all measurements."""

from collections.abc import Callable

from attrs import frozen

from bench.samples import Sample
from bench.site import Site


@frozen
class Measure:
    """``run(site, turn)`` takes one turn. ``asked`` says in IMAP's words what is timed.

    ``repeatable``: more turns may follow, and the server is not started anew in them.
    """

    name: str
    asked: str
    run: Callable[[Site, int], list[Sample]]
    turns: int = 5
    repeatable: bool = True


class Wrong(Exception):
    """The answer is not complete: a fast wrong answer counts for nothing."""


def expect(count: int, wanted: int, what: str) -> None:
    """Raises ``Wrong`` if the counts differ."""
    if count != wanted:
        raise Wrong(f"{count} {what} instead of {wanted}")
