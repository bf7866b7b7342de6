"""APPEND of 4 KiB."""

from bench.client import ImapClient, append
from bench.corpus import of_size
from bench.crowd import at_once
from bench.measures.measure import Measure
from bench.samples import Sample
from bench.site import Site

SIZE = 4096
ALONE = 100
CONNECTIONS = 10
EACH = 30
MAILBOX = "appended"


def _send(client: ImapClient, mailbox: str, numbers: range) -> None:
    for number in numbers:
        client.command(append(mailbox, of_size(number, SIZE)))


def _prepare(site: Site, turn: int) -> None:
    if turn == 0:
        site.session("INBOX").command(f"CREATE {MAILBOX}".encode())


def _one(site: Site, turn: int) -> list[Sample]:
    _prepare(site, turn)
    with site.connect() as client:
        watch = site.timed(lambda: _send(client, MAILBOX, range(ALONE)))
    return [watch.sample("append.one", ALONE)]


def _ten(site: Site, turn: int) -> list[Sample]:
    """All into one mailbox, as a busy INBOX has it."""
    clients = [site.connect() for _ in range(CONNECTIONS)]
    try:
        watch = site.timed(lambda: at_once(lambda index: _send(clients[index], MAILBOX, range(EACH)), CONNECTIONS))
    finally:
        for client in clients:
            client.close()
    return [watch.sample("append.ten", CONNECTIONS * EACH)]


MEASURES = (
    Measure("append.one", "APPEND of 4 KiB, a message, one connection", _one),
    Measure("append.ten", "APPEND of 4 KiB, a message, ten connections", _ten),
)
