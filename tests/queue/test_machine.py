"""Leases and turns in whatever order things happen: nothing is forgotten, nothing is held twice, nothing sent again."""

from collections import Counter
from datetime import timedelta
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import select, update
from twisted.internet.defer import Deferred
from twisted.trial.unittest import SynchronousTestCase

from daptinmail.db.schema import outbox, outbox_destination
from daptinmail.interfaces.storage import Content, ITransaction
from daptinmail.interfaces.transfer import OutboundMessage
from daptinmail.mail.address import Address
from daptinmail.queue import ledger, turns
from daptinmail.queue.ledger import Claim
from tests.support.runtime import CountingIdentifiers, SteadyClock
from tests.support.storage import MemoryStorage

HOSTS = ("a.example", "b.example", "c.example")
HOLDERS = ("one", "two")
LEASE = timedelta(minutes=15)
SLOTS = 3
PER_DOMAIN = 2
NOTICE = timedelta(hours=4)
EMPTY = Content(0, b"")


class QueueMachine(RuleBasedStateMachine):
    """Two nodes over one database. Either may die with claims in hand, which its successor then takes back."""

    def __init__(self) -> None:
        super().__init__()
        self.clock = SteadyClock()
        self.storage = MemoryStorage(self.clock)
        self.identifiers = CountingIdentifiers()
        self.claims: dict[str, list[Claim]] = {holder: [] for holder in HOLDERS}
        self.recorded: Counter[int] = Counter()

    def write(self, work: Any) -> Any:
        """In a transaction."""
        found: list[Any] = []
        done: Deferred[Any] = self.storage.write(work)
        done = done.addBoth(found.append)
        assert not hasattr(found[0], "raiseException") or found[0].raiseException()
        return found[0]

    def rows(self) -> list[Any]:
        """All rows."""
        with self.storage.engine.connect() as connection:
            return list(connection.execute(select(outbox).order_by(outbox.c.id)))

    @rule(hosts=st.lists(st.sampled_from(HOSTS), min_size=1, max_size=3), held=st.booleans())
    def enqueue(self, hosts: list[str], held: bool) -> None:
        """A message arrives."""
        recipients = tuple(Address(f"r{number}", host) for number, host in enumerate(hosts))
        message = OutboundMessage(self.identifiers.uuid7(), None, recipients, EMPTY, server_id=None)
        self.write(lambda transaction: ledger.insert(transaction, message, held, NOTICE, self.identifiers))

    @rule(holder=st.sampled_from(HOLDERS))
    def claim(self, holder: str) -> None:
        """A node takes what is due, as many as it has room for."""
        busy = Counter(claim.domain for claim in self.claims[holder])
        slots = SLOTS - busy.total()
        until = self.clock.now() + LEASE
        made = self.write(lambda transaction: ledger.claim(transaction, holder, until, slots, busy, PER_DOMAIN))
        assert len(made) <= max(slots, 0)
        for one in made:
            assert all(self.recorded[row] == 0 for row in one.ids)
        self.claims[holder] += made
        counts = Counter(claim.domain for claim in self.claims[holder])
        assert all(count <= PER_DOMAIN for count in counts.values())

    @precondition(lambda self: any(self.claims.values()))
    @rule(data=st.data(), outcome=st.sampled_from(("sent", "later", "missed")))
    def settle(self, data: st.DataObject, outcome: str) -> None:
        """An attempt ends."""
        holder = data.draw(st.sampled_from([one for one, claims in self.claims.items() if claims]))
        claim = self.claims[holder].pop(data.draw(st.integers(0, len(self.claims[holder]) - 1)))

        def work(transaction: ITransaction) -> list[int]:
            ours = sorted(ledger.still_ours(transaction, holder, claim.ids))
            for row in ours:
                self.settle_row(transaction, claim.domain, row, outcome)
            (turns.missed if outcome == "missed" else turns.reached)(transaction, claim.domain)
            return ours

        if outcome == "sent":
            self.recorded.update(self.write(work))
        else:
            self.write(work)

    def settle_row(self, transaction: ITransaction, host: str, row: int, outcome: str) -> None:
        """One row, as a settlement does it."""
        if outcome == "sent":
            ledger.settle(transaction, row, {"state": "sent", "sent": True, "next_retry_at": None})
            return
        again = transaction.now + timedelta(minutes=5)
        ledger.settle(transaction, row, {"next_retry_at": again})
        turns.expect(transaction, [host], again)

    @rule(holder=st.sampled_from(HOLDERS))
    def die(self, holder: str) -> None:
        """A node dies; its leases stay."""
        self.claims[holder] = []

    @rule(holder=st.sampled_from(HOLDERS))
    def restart(self, holder: str) -> None:
        """A node starts anew and takes back what it had."""
        self.claims[holder] = []
        self.write(lambda transaction: ledger.release(transaction, holder))

    @rule(minutes=st.sampled_from((1, 6, 20, 45)))
    def wait(self, minutes: int) -> None:
        """Time passes; living nodes renew their leases, those of the dead end."""
        while minutes > 0:
            self.clock.advance(60 * min(minutes, 10))
            minutes -= 10
            for holder, claims in self.claims.items():
                if claims:
                    self.renew(holder, [row for claim in claims for row in claim.ids])
        self.write(ledger.release_expired)

    def renew(self, holder: str, ids: list[int]) -> None:
        """As the runner does."""
        until = self.clock.now() + LEASE
        self.write(lambda transaction: ledger.renew(transaction, holder, ids, until))

    @rule()
    def hold(self) -> None:
        """Delivery is switched off."""
        self.write(ledger.hold_all)

    @rule()
    def release(self) -> None:
        """Delivery is switched on."""
        self.write(lambda transaction: ledger.release_all(transaction, NOTICE))

    @rule(host=st.sampled_from(HOSTS))
    def hurry(self, host: str) -> None:
        """Somebody wants a destination tried now."""
        now = self.clock.now()
        waiting = outbox.c.to_host == host, outbox.c.state == "queued"
        self.write(
            lambda transaction: transaction.connection.execute(update(outbox).where(*waiting).values(next_retry_at=now))
        )
        self.write(lambda transaction: turns.hurry(transaction, [host]))

    @invariant()
    def nothing_is_forgotten(self) -> None:
        """Each free row has a destination that is looked at when the row is due, or when its rest is over."""
        with self.storage.engine.connect() as connection:
            places = {place.host: place for place in connection.execute(select(outbox_destination))}
        for row in self.rows():
            if row.state == "queued" and row.lease_until is None:
                place = places[row.to_host]
                assert place.due_at <= max(row.next_retry_at, place.rest_until, self.clock.now())

    @invariant()
    def nothing_is_held_twice(self) -> None:
        """A row is in the hands of one living node at most."""
        held = Counter(row for claims in self.claims.values() for claim in claims for row in claim.ids)
        leased: dict[int, Any] = {row.id: row.lease_holder for row in self.rows() if row.lease_until is not None}
        for holder, claims in self.claims.items():
            for claim in claims:
                for row in claim.ids:
                    assert leased.get(row) in {holder, None}
        assert all(count == 1 for count in held.values())

    @invariant()
    def nothing_is_sent_again(self) -> None:
        """What was recorded as sent stays so, and was recorded once."""
        states = {row.id: row.state for row in self.rows()}
        assert all(states[row] == "sent" and count == 1 for row, count in self.recorded.items())

    def teardown(self) -> None:
        """In the end everything leaves."""
        self.release()
        for holder in HOLDERS:
            self.restart(holder)
        for _ in range(200):
            if not any(row.state == "queued" for row in self.rows()):
                break
            self.wait(45)
            self.claim("one")
            for claim in self.claims["one"]:
                for row in claim.ids:
                    self.write(self.sent(row))
            self.claims["one"] = []
        assert {row.state for row in self.rows()} <= {"sent"}

    def sent(self, row: int) -> Any:
        """One row leaves."""
        return lambda transaction: ledger.settle(transaction, row, {"state": "sent", "next_retry_at": None})


class QueueMachineTests(SynchronousTestCase):
    """The machine."""

    def test_any_order(self) -> None:
        """Whatever happens in whatever order, every message leaves in the end, once."""
        run_state_machine_as_test(
            QueueMachine, settings=settings(max_examples=25, stateful_step_count=25, deadline=None)
        )
