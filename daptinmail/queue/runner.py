"""The outbound queue: claims due rows, hands them to the transfer agent, records what became of them."""

from collections import Counter
from collections.abc import Callable, Sequence
from datetime import timedelta
from pathlib import Path
from random import Random, SystemRandom

from attrs import define, field
from twisted.internet.defer import CancelledError, Deferred, DeferredList
from twisted.internet.interfaces import IDelayedCall, IReactorTime
from twisted.internet.task import LoopingCall, deferLater
from twisted.logger import Logger
from zope.interface import implementer

from daptinmail.errors import DaptinmailError, Unavailable
from daptinmail.interfaces.directory import Viewer
from daptinmail.interfaces.events import IEventLog
from daptinmail.interfaces.runtime import IClock, IIdentifiers
from daptinmail.interfaces.storage import IStorage, ITransaction
from daptinmail.interfaces.transfer import IQueue, IReturns, ITransfer, OutboundMessage, QueueCommand, TransferRequest
from daptinmail.mail.receipt import Outcome, Receipt
from daptinmail.mail.reply import Reply
from daptinmail.net.blocking import deferred
from daptinmail.queue import ledger, schedule, turns
from daptinmail.queue.commands import Commands
from daptinmail.queue.content import ContentFiles
from daptinmail.queue.ledger import Claim
from daptinmail.queue.outcome import Settlement
from daptinmail.queue.overdue import Overdue
from daptinmail.queue.reports import Reports
from daptinmail.settings import Live

log = Logger()

MAX_TRANSFERS = 10
MAX_PER_DOMAIN = 2
LEASE = timedelta(minutes=15)
RENEWAL = 300.0  # seconds between renewals of a lease
POLL = 60.0  # seconds; finds what changed without a wake, such as leases of a process that died
STOP_PATIENCE = 5.0  # seconds that transfers under way get to finish
PASS_PATIENCE = 60.0  # seconds
RECORD_TRIES = 30
RECORD_PAUSE = 10.0  # seconds

LOCAL_FAULT = Reply(451, "4.3.0", "The message could not be handed to the network; it will be tried again")


@implementer(IQueue)
@define(eq=False)
class Queue:
    """Waits for due rows once started. ``holder`` names this node in leases and stays the same over restarts.

    A crash between the remote host's 250 and our commit leaves the lease behind: the row is tried again when the
    lease ends or this node starts anew. A message may arrive twice so, and is never lost.
    """

    storage: IStorage
    clock: IClock
    timers: IReactorTime
    transfer: ITransfer
    returns: IReturns
    events: IEventLog
    identifiers: IIdentifiers
    queue_dir: Path
    live: Callable[[], Live]
    random: Random = field(factory=SystemRandom)
    holder: str = "local"
    _busy: Counter[str] = field(factory=Counter, init=False)
    _attempts: list["Deferred[None]"] = field(factory=list, init=False)
    _running: bool = field(default=False, init=False)
    _filling: bool = field(default=False, init=False)
    _again: bool = field(default=False, init=False)
    _call: IDelayedCall | None = field(default=None, init=False)
    _fill_ended: "Deferred[None] | None" = field(default=None, init=False)
    _overdue: Overdue = field(init=False)
    _round: "Deferred[None] | None" = field(default=None, init=False)
    _next_round: float = field(default=0.0, init=False)

    def __attrs_post_init__(self) -> None:
        self._overdue = Overdue(self.storage, self.clock, self.returns, self.events, self._reports)

    @property
    def _files(self) -> ContentFiles:
        return ContentFiles(self.queue_dir)

    def enqueue_in(self, transaction: ITransaction, message: OutboundMessage) -> None:
        """Keep content and rows in the caller's transaction."""
        live = self.live()
        held = live.outbound.hold
        self._files.keep_in(transaction, message.trail, message.content)
        ledger.insert(transaction, message, held, live.queue.delay_notice, self.identifiers)
        recipients = [str(one) for one in message.recipients]
        self.events.record_in(transaction, "queue.kept", message.trail, "", {"recipients": recipients, "held": held})
        transaction.after_commit(self.wake)

    async def start(self) -> None:
        """Take back leases of an earlier life of this node, and begin. On a full disk they have to run out."""
        try:
            await self.storage.write(lambda transaction: ledger.release(transaction, self.holder))
        except Unavailable as error:
            log.warn("leases of an earlier life were not taken back: {error}", error=error)
        self._running = True
        self._overdue.is_stopped = False
        self.wake()

    async def stop(self) -> None:
        """Begin nothing new; give transfers under way a moment, then cut them off and give their leases back."""
        self._running = False
        if self._call is not None and self._call.active():
            self._call.cancel()
        self._overdue.is_stopped = True
        for ending in (self._fill_ended, self._round):
            if ending is not None:
                await ending  # what it claims now is under way as well
        patience = self.timers.callLater(STOP_PATIENCE, self._cut_off)
        await DeferredList(self._under_way, consumeErrors=True)
        if patience.active():
            patience.cancel()

    def wake(self) -> None:
        """Look for due rows soon. Reactor thread; call it as well when ``mail.outbound.*`` changed."""
        if not self._running:
            return
        if self._filling:
            self._again = True
            return
        if self._call is not None and self._call.active():
            self._call.cancel()
        self._call = self.timers.callLater(0, self._begin_fill)

    async def run_pass(self) -> int:
        """Try every due row once; answers how many recipients were tried.

        Waits also for what was under way before, and for nothing longer than ``PASS_PATIENCE``: slow transfers go on
        without the caller.
        """
        tried = 0
        await self._look_round()
        end = self.timers.seconds() + PASS_PATIENCE
        while (claims := await self._claim()) or self._under_way:
            tried += sum(len(claim.rows) for claim in claims)
            started = [self._start(claim) for claim in claims]
            remaining = end - self.timers.seconds()
            if remaining <= 0:
                break
            if not started:
                await self._settled(remaining)
        return tried

    async def command(self, command: QueueCommand, viewer: Viewer) -> int:
        """Hold, release, hurry or drop what waits; senders hear at once of what was dropped."""
        count = await Commands(self.storage, self.events, self._files, self.live).run(command, viewer)
        if command.tells:
            self._next_round = 0.0
        self.wake()
        return count

    @property
    def _under_way(self) -> list["Deferred[None]"]:
        return [one for one in self._attempts if not one.called]

    async def _settled(self, patience: float) -> None:
        """Wait until one of the attempts under way has ended."""
        ended: Deferred[None] = Deferred()

        def tell(_: object = None) -> None:
            if not ended.called:
                ended.callback(None)

        call = self.timers.callLater(patience, tell)
        _first = DeferredList(self._under_way, fireOnOneCallback=True).addCallback(tell)
        await ended
        if call.active():
            call.cancel()

    def _begin_fill(self) -> None:
        self._filling = True
        if self.timers.seconds() >= self._next_round and (self._round is None or self._round.called):
            self._next_round = self.timers.seconds() + POLL
            self._round = Deferred.fromCoroutine(self._looked_round())
        self._fill_ended = Deferred.fromCoroutine(self._filled())

    async def _filled(self) -> None:
        try:
            await self._fill()
        except CancelledError:
            raise
        except Exception:  # noqa: BLE001 - the queue goes on at the next poll
            log.failure("the queue stumbled")
        self._filling = False
        if self._again:
            self.wake()
        elif self._call is None or not self._call.active():
            self._sleep(POLL)

    async def _looked_round(self) -> None:
        try:
            await self._look_round()
        except CancelledError:
            raise
        except Exception:  # noqa: BLE001 - it is done again at the next poll
            log.failure("overdue rows were not dealt with")

    async def _look_round(self) -> None:
        await self._overdue.run(delays=bool(self.live().queue.delay_notice))

    async def _fill(self) -> None:
        """Start transfers until there is no room or nothing is due, then sleep until something is."""
        self._again = True
        while self._running and self._again:
            self._again = False
            started = [self._start(claim) for claim in await self._claim()]
            self._again = self._again or bool(started)
        if not self._running:
            return
        now = self.clock.now()
        due = await self.storage.read(lambda connection: turns.next_due(connection, now))
        if due is not None:
            self._sleep(min(POLL, max(0.0, (due - self.clock.now()).total_seconds())))

    def _sleep(self, seconds: float) -> None:
        if self._running:
            self._call = self.timers.callLater(seconds, self._begin_fill)

    async def _claim(self) -> list[Claim]:
        live = self.live()
        slots = MAX_TRANSFERS - self._busy.total()
        busy = +self._busy
        until = self.clock.now() + LEASE

        def work(transaction: ITransaction) -> tuple[list[Claim], bool]:
            if live.outbound.hold:
                return [], ledger.hold_all(transaction)
            more = ledger.release_all(transaction, live.queue.delay_notice)
            return ledger.claim(transaction, self.holder, until, slots, busy, MAX_PER_DOMAIN), more

        claims, more = await self.storage.write(work)
        self._again = self._again or more
        for claim in claims:
            self._busy[claim.domain] += 1
        return claims

    def _start(self, claim: Claim) -> "Deferred[None]":
        attempt = Deferred.fromCoroutine(self._attempted(claim))
        self._attempts = [*self._under_way, attempt]
        return attempt

    async def _attempted(self, claim: Claim) -> None:
        try:
            await self._attempt(claim)
        except CancelledError:
            raise
        except Exception:  # noqa: BLE001 - the lease ends and the rows are tried again
            log.failure("{trail}: attempt failed", trail=claim.trail.hex)
        finally:
            self._busy[claim.domain] -= 1
            self.wake()

    def _cut_off(self) -> None:
        for attempt in self._under_way:
            attempt.cancel()

    async def _attempt(self, claim: Claim) -> None:
        renewal = LoopingCall(self._renew, claim)
        renewal.clock = self.timers
        _renewing = renewal.start(RENEWAL, now=False)
        try:
            receipts = await self._transfer(claim)
        except CancelledError:
            await self.storage.write(lambda transaction: ledger.release(transaction, self.holder, claim.ids))
            return
        finally:
            renewal.stop()
        await self._record(claim, receipts)

    @deferred
    async def _renew(self, claim: Claim) -> None:
        until = self.clock.now() + LEASE
        try:
            await self.storage.write(lambda transaction: ledger.renew(transaction, self.holder, claim.ids, until))
        except DaptinmailError as error:
            log.warn("{trail}: lease not renewed: {error}", trail=claim.trail.hex, error=error)

    async def _transfer(self, claim: Claim) -> Sequence[Receipt]:
        recipients = tuple(row.recipient for row in claim.rows)
        request = TransferRequest(
            trail=claim.trail,
            domain=claim.domain,
            return_path=claim.return_path,
            recipients=recipients,
            path=self._files.path(claim.trail),
            size=claim.size,
            helo=claim.helo or self.live().hostname,
            eight_bit=claim.eight_bit,
            smtputf8=claim.smtputf8,
            notify={row.recipient: row.notify for row in claim.rows if row.notify},
            originals={row.recipient: row.original for row in claim.rows if row.original},
            envelope_id=claim.envelope_id,
            returned_part=claim.returned_part,
        )
        try:
            return await self.transfer.transfer(request)
        except CancelledError:
            raise
        except Exception:  # noqa: BLE001 - a fault of ours must not bounce mail
            log.failure("{trail}: transfer to {domain} broke", trail=claim.trail.hex, domain=claim.domain)
            return [Receipt(one, Outcome.DEFERRED, LOCAL_FAULT) for one in recipients]

    async def _record(self, claim: Claim, receipts: Sequence[Receipt]) -> None:
        """Write the outcome; insist, because a lost outcome sends the message again."""
        may_return = True
        for remaining in reversed(range(RECORD_TRIES)):
            try:
                settlement = await self._settlement(claim, receipts, may_return)
                await self.storage.write(settlement.record)
                break
            except CancelledError:
                raise
            except Exception as error:
                log.failure("{trail}: outcome not recorded", trail=claim.trail.hex)
                if not remaining:
                    raise
                if isinstance(error, DaptinmailError) and error.temporary:
                    await deferLater(self.timers, RECORD_PAUSE, lambda: None)
                else:
                    may_return = False  # What was sent must be known, even if nobody can be told of the rest.
        for receipt in receipts:
            log.info(
                "{trail}: {recipient} {outcome}: {reply}",
                trail=claim.trail.hex,
                recipient=str(receipt.recipient),
                outcome=receipt.outcome.value,
                reply=str(receipt.reply),
            )

    async def _settlement(self, claim: Claim, receipts: Sequence[Receipt], may_return: bool) -> Settlement:
        live = self.live()
        return Settlement(
            claim=claim,
            receipts={receipt.recipient: receipt for receipt in receipts},
            holder=self.holder,
            schedule=schedule.chosen(live.queue.schedule, live.queue.lifetime),
            reports=self._reports(),
            events=self.events,
            identifiers=self.identifiers,
            random=self.random,
            destination=await self.returns.locate(claim.return_path) if may_return else None,
            may_return=may_return,
            suppresses=live.queue.suppression,
        )

    def _reports(self) -> Reports:
        live = self.live()
        chosen = schedule.chosen(live.queue.schedule, live.queue.lifetime)
        lifetime = None if chosen.lifetime is None else timedelta(seconds=chosen.lifetime)
        return Reports(self._files, self.returns, live.hostname, lifetime)
