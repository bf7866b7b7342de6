"""A message may not keep us waiting for DNS without end."""

from typing import Any

from attrs import define, field
from twisted.internet.defer import CancelledError, Deferred
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from daptinmail.errors import NotFound, Unavailable
from daptinmail.interfaces.transfer import MailExchanger
from daptinmail.policy.lookups import MAX_QUESTIONS, PATIENCE, Lookups
from tests.contracts.resolver import ResolverContract
from tests.net import test_dns_contract
from tests.support.resolver import MemoryResolver


@define(eq=False)
class SilentResolver(MemoryResolver):
    """Does not answer until the test does."""

    waiting: list["Deferred[Any]"] = field(factory=list)

    async def texts(self, name: str) -> list[bytes]:
        """Wait."""
        self.waiting.append(Deferred())
        found: list[bytes] = await self.waiting[-1]
        return found


class ContractTests(ResolverContract, SynchronousTestCase):
    """It answers what the resolver behind it does."""

    def setUp(self) -> None:
        """The zone of the contract."""
        inner = test_dns_contract.MemoryResolverTests()
        inner.setUp()
        self.resolver = Lookups(inner.resolver, Clock())


class LimitTests(SynchronousTestCase):
    """How much, and for how long."""

    def test_time(self) -> None:
        """All questions of a message share its time; what is not answered by then is not answered."""
        clock, silent = Clock(), SilentResolver()
        lookups = Lookups(silent, clock)
        first = Deferred.fromCoroutine(lookups.texts("a.example"))
        clock.advance(PATIENCE - 1)
        second = Deferred.fromCoroutine(lookups.texts("b.example"))
        clock.advance(1)
        for one in (first, second, Deferred.fromCoroutine(lookups.texts("c.example"))):
            self.failureResultOf(one, Unavailable)
        self.assertEqual(len(silent.waiting), 2)
        self.assertEqual(clock.getDelayedCalls(), [])

    def test_answers_in_time(self) -> None:
        """An answer that comes in time is the answer, an error too; no timer stays behind."""
        clock, silent = Clock(), SilentResolver()
        lookups = Lookups(silent, clock)
        good, bad, given_up = (Deferred.fromCoroutine(lookups.texts("a.example")) for _ in range(3))
        silent.waiting[0].callback([b"x"])
        silent.waiting[1].errback(NotFound())
        given_up.cancel()
        self.assertEqual(self.successResultOf(good), [b"x"])
        self.failureResultOf(bad, NotFound)
        self.failureResultOf(given_up, CancelledError)
        self.assertEqual(clock.getDelayedCalls(), [])

    def test_number(self) -> None:
        """After so many questions no more are asked."""
        lookups = Lookups(MemoryResolver({"x.example": [MailExchanger(1, "mx.example")]}), Clock())
        for _ in range(MAX_QUESTIONS):
            self.successResultOf(Deferred.fromCoroutine(lookups.mail_exchangers("x.example")))
        self.failureResultOf(Deferred.fromCoroutine(lookups.mail_exchangers("x.example")), Unavailable)
