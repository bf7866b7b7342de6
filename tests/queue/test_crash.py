"""kill -9 at every step of acceptance, delivery and return: each recipient is accounted for, once."""

import os
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from random import Random
from typing import Any

from attrs import define
from sqlalchemy import select
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase
from zope.interface import implementer

from daptinmail.agents.mda import Mda
from daptinmail.agents.returns import Returns
from daptinmail.db.engine import open_engine
from daptinmail.db.migrate import migrate
from daptinmail.db.schema import event, outbox
from daptinmail.events.log import EventLog
from daptinmail.interfaces.storage import Content
from daptinmail.interfaces.transfer import ITransfer, OutboundMessage, TransferRequest
from daptinmail.mail.address import Address
from daptinmail.mail.receipt import Receipt
from daptinmail.queue.runner import Queue
from daptinmail.settings import Live
from tests.store.crash_points import Fuse, deaths, opened
from tests.support.directory import MemoryDirectory
from tests.support.routing import MemoryRouting
from tests.support.runtime import SteadyClock
from tests.support.stored import Stored
from tests.support.transfer import GONE, TAKEN, receipts

SENDER = Address("them", "elsewhere.example")
GOOD, BAD = Address("good", "x.example"), Address("gone", "y.example")
CONTENT = b"Subject: x\r\n\r\nbody\r\n"


@implementer(ITransfer)
@define(eq=False)
class Remote:
    """Hosts that write what they take into a file, before they answer; y.example knows nobody."""

    log: Path

    async def transfer(self, request: TransferRequest) -> Sequence[Receipt]:
        """Take or refuse."""
        assert request.path.read_bytes()
        if request.domain == BAD.domain:
            return receipts(request, GONE)
        with self.log.open("a") as file:
            file.writelines(f"{one}\n" for one in request.recipients)
        return receipts(request, TAKEN)


def queue_over(stored: Stored) -> Queue:
    """As a process makes it when it starts."""
    base = stored.mail_dir.parent
    routing = MemoryRouting(MemoryDirectory())
    mda = Mda(routing, stored.store)
    clock = SteadyClock()
    events = EventLog(stored.storage, clock)
    queue: Queue
    returns = Returns(routing, mda, lambda: queue, events, stored.identifiers)
    queue = Queue(
        storage=stored.storage,
        clock=clock,
        timers=Clock(),
        transfer=Remote(base / "remote"),
        returns=returns,
        events=events,
        identifiers=stored.identifiers,
        queue_dir=base / "queue",
        live=lambda: Live(hostname="mail.example.com"),
        random=Random(1),
    )
    return queue


def accept(stored: Stored, queue: Queue) -> None:
    """One message to both; its content is too large for the database and lies in a file."""
    message = OutboundMessage(
        stored.identifiers.uuid7(), SENDER, (GOOD, BAD), Content(len(CONTENT), CONTENT), server_id=None
    )
    stored.now(lambda transaction: queue.enqueue_in(transaction, message))


def drain(stored: Stored, queue: Queue) -> None:
    """Try everything that is due until nothing is."""
    stored.result(queue.start())
    while stored.result(queue.run_pass()):
        pass


class CrashTests(SynchronousTestCase):
    """A process that dies at each step, and the one that comes after it."""

    def setUp(self) -> None:
        """An empty queue."""
        self.base = Path(self.mktemp()).absolute()
        before = self.base / "before"
        before.mkdir(parents=True)
        engine = open_engine(f"sqlite:///{before / 'db'}")
        migrate(engine)
        engine.dispose()
        self.deaths = 0

    def settled(self, here: Path) -> tuple[list[Any], list[str], Counter[str]]:
        """What the next process makes of it: rows, what the remote host has, how often each thing was recorded."""
        for file in (here / "queue").glob("*"):
            os.utime(file, (0, 0))
        stored, engine = opened(here, Fuse(0))
        drain(stored, queue_over(stored))
        with engine.connect() as connection:
            rows = list(connection.execute(select(outbox).order_by(outbox.c.id)))
            kinds = Counter(connection.execute(select(event.c.kind)).scalars())
        engine.dispose()
        log = here / "remote"
        self.assertEqual(list((here / "queue").glob("*")), [])
        return rows, log.read_text().split() if log.exists() else [], kinds

    def test_accept(self) -> None:
        """A message that was acknowledged is there whole; one that was not is there whole or not at all."""

        def work(stored: Stored) -> None:
            accept(stored, queue_over(stored))

        for at, here, acknowledged, _ in deaths(self.base, work):
            rows, remote, kinds = self.settled(here)
            if acknowledged or rows:
                self.check(rows, remote, kinds, at)
                self.assertEqual(remote.count(str(GOOD)), 1, at)
            else:
                self.assertEqual((remote, kinds["queue.kept"]), ([], 0), at)

    def test_deliver(self) -> None:
        """One try too many at most, and none after success was recorded; the sender hears of a failure once."""
        stored, engine = opened(self.base / "before", Fuse(0))
        accept(stored, queue_over(stored))
        engine.dispose()
        twice = 0

        def work(stored: Stored) -> None:
            drain(stored, queue_over(stored))

        for at, here, acknowledged, _ in deaths(self.base, work):
            rows, remote, kinds = self.settled(here)
            self.check(rows, remote, kinds, at)
            if acknowledged:
                self.assertEqual(remote.count(str(GOOD)), 1, at)
            twice += remote.count(str(GOOD)) - 1
            self.deaths = at
        self.assertGreater(self.deaths, 20)
        self.assertGreater(twice, 0)  # else no death was between the host's answer and our commit

    def check(self, rows: list[Any], remote: list[str], kinds: Counter[str], at: int) -> None:
        """One recipient delivered, one returned by one notification, which was delivered; all of it recorded once."""
        states = [(row.to_address, row.state) for row in rows]
        self.assertEqual(states, [(str(GOOD), "sent"), (str(BAD), "failed"), (str(SENDER), "sent")], at)
        self.assertIn(remote.count(str(GOOD)), (1, 2), at)
        self.assertIn(remote.count(str(SENDER)), (1, 2), at)
        self.assertEqual((kinds["queue.sent"], kinds["queue.failed"], kinds["message.returned"]), (2, 1, 1), at)
        self.assertEqual([row.lease_until for row in rows], [None] * 3, at)
