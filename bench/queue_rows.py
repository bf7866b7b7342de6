"""What a long queue costs: ``python -m bench.queue_rows [ROWS]`` prints milliseconds with an empty and with a long one.

A tenth of the rows waits for one dead destination, the others for thousands; half of them are due.
"""

import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Any
from uuid import UUID

from sqlalchemy import Engine

from daptinmail.db.batch import GroupCommit, Unit
from daptinmail.db.disk import FileSystem
from daptinmail.db.engine import open_engine
from daptinmail.db.migrate import migrate
from daptinmail.db.schema import outbox, outbox_destination
from daptinmail.db.types import EPOCH
from daptinmail.interfaces.storage import Content, ITransaction
from daptinmail.interfaces.transfer import OutboundMessage
from daptinmail.mail.address import Address
from daptinmail.net.runtime import RandomIdentifiers, SystemClock
from daptinmail.queue import ledger, turns
from daptinmail.queue.content import ContentFiles

ROWS = 1_000_000
HOSTS = 5_000
CHUNK = 10_000
TURNS = 200
CONTENT = Content(4096, b"x" * 4094 + b"\r\n")


class Bench:
    """A database in a temporary directory, written as the server writes it."""

    def __init__(self, directory: Path) -> None:
        self.directory = directory
        self.engine: Engine = open_engine(f"sqlite:///{directory}/mail.db")
        migrate(self.engine)
        self.clock = SystemClock()
        self.identifiers = RandomIdentifiers(self.clock)
        self.commit = GroupCommit(self.engine, self.clock, FileSystem())
        self.files = ContentFiles(directory / "queue")

    def write(self, work: Callable[[ITransaction], Any]) -> Any:
        """One durable transaction."""
        unit = Unit(work)
        self.commit.run([unit])
        if unit.failure is not None:
            unit.failure.raiseException()
        return unit.result

    def fill(self, rows: int) -> None:
        """Insert rows."""
        now = self.clock.now()
        for start in range(0, rows, CHUNK):
            made = list(self._rows(range(start, min(start + CHUNK, rows))))
            with self.engine.begin() as connection:
                connection.execute(outbox.insert(), made)
        hosts = ["dead.example", *(f"h{number}.example" for number in range(HOSTS))]
        places = [{"host": host, "due_at": now, "rest_until": EPOCH, "failures": 0} for host in hosts]
        with self.engine.begin() as connection:
            connection.execute(outbox_destination.insert(), places)

    def _rows(self, numbers: range) -> Iterator[dict[str, Any]]:
        now = self.clock.now()
        for number in numbers:
            host = "dead.example" if number % 10 == 0 else f"h{number % HOSTS}.example"
            yield {
                "created_at": now,
                "reference_id": self.identifiers.uuid7(),
                "from_address": "ann@example.com",
                "to_address": f"r{number}@{host}",
                "to_host": host,
                "next_retry_at": now + timedelta(hours=number % 2),
                "tried_since": now,
                "report_at": now + timedelta(hours=4),
                "trail": UUID(int=number + 1),
                "size": 4096,
            }

    def accept(self) -> None:
        """A submission to one recipient."""
        message = OutboundMessage(
            self.identifiers.uuid7(),
            Address("ann", "example.com"),
            (Address("bob", "new.example"),),
            CONTENT,
            server_id=None,
        )

        def work(transaction: ITransaction) -> None:
            self.files.keep_in(transaction, message.trail, message.content)
            ledger.insert(transaction, message, False, timedelta(hours=4), self.identifiers)

        self.write(work)

    def claim(self) -> None:
        """Ten transfers begin, while two to the dead destination are under way."""
        until = self.clock.now() + timedelta(minutes=15)
        self.write(lambda transaction: ledger.claim(transaction, "bench", until, 10, {"dead.example": 2}, 2))

    def look(self) -> None:
        """What the queue asks before it sleeps."""
        now = self.clock.now()
        with self.engine.connect() as connection:
            turns.next_due(connection, now)

    def overdue(self) -> None:
        """Expired leases."""
        self.write(ledger.release_expired)


def timed(work: Callable[[], None]) -> float:
    """Milliseconds, the median of some turns."""
    times = []
    for _ in range(TURNS):
        start = perf_counter()
        work()
        times.append(perf_counter() - start)
    return median(times) * 1000


def main(rows: int) -> None:
    """Measure, fill, measure."""
    directory = Path(tempfile.mkdtemp(prefix="bench-queue-"))
    try:
        bench = Bench(directory)
        measures = {"accept": bench.accept, "claim": bench.claim, "look": bench.look, "overdue": bench.overdue}
        empty = {name: timed(work) for name, work in measures.items()}
        start = perf_counter()
        bench.fill(rows)
        print(f"{rows} rows inserted in {perf_counter() - start:.0f} s")
        for name, work in measures.items():
            print(f"{name:8} {empty[name]:8.2f} ms empty {timed(work):8.2f} ms with {rows} rows")
    finally:
        shutil.rmtree(directory)


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else ROWS)
