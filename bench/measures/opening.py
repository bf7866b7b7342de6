"""SELECT."""

from bench.filling import BIG
from bench.measures.measure import Measure
from bench.samples import Sample
from bench.site import Site

SELECT = f"SELECT {BIG}".encode()


def _cold(site: Site, turn: int) -> list[Sample]:
    """The first SELECT after the server was started anew. The system's own file cache stays warm."""
    site.restart()
    with site.connect() as client:
        return [site.timed(lambda: client.command(SELECT)).sample("select.cold")]


def _warm(site: Site, turn: int) -> list[Sample]:
    """In a new session of a server that has opened the mailbox before."""
    with site.connect() as client:
        return [site.timed(lambda: client.command(SELECT)).sample("select.warm")]


def _again(site: Site, turn: int) -> list[Sample]:
    """In the same session, as clients do that go from mailbox to mailbox."""
    client = site.session()
    return [site.timed(lambda: client.command(SELECT)).sample("select.again")]


MEASURES = (
    Measure("select.cold", f"SELECT {BIG}, server just started", _cold, turns=3, repeatable=False),
    Measure("select.warm", f"SELECT {BIG}, new session", _warm, turns=7),
    Measure("select.again", f"SELECT {BIG}, same session", _again, turns=7),
)
