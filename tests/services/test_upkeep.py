"""Renewals."""

from uuid import UUID

from attrs import define, field
from OpenSSL import SSL
from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase
from zope.interface import implementer

from daptinmail.errors import Unavailable
from daptinmail.interfaces.tls import ITlsContexts
from daptinmail.services.live import CurrentLive
from daptinmail.services.upkeep import INTERVAL, Upkeep
from daptinmail.settings import ImapSettings, Interface, Live, ServerSettings
from tests.support.runtime import SteadyClock
from tests.support.storage import MemoryStorage


@implementer(ITlsContexts)
@define(eq=False)
class NotingContexts:
    """Notes which names were looked after; ``failing`` ones raise."""

    ensured: list[str] = field(factory=list)
    failing: set[str] = field(factory=set)

    def front(self, hostname: str, protocols: tuple[bytes, ...]) -> SSL.Context:
        """Not asked for here."""
        raise AssertionError(hostname)

    async def ensure(self, hostname: str) -> None:
        """Note it."""
        self.ensured.append(hostname)
        if hostname in self.failing:
            raise Unavailable()

    async def reload(self) -> None:
        """Nothing to reload."""


class UpkeepTests(SynchronousTestCase):
    """Certificates of names that are served are looked after, again and again."""

    def test_renews(self) -> None:
        """Every served name gets its turn, also when another one fails."""
        clock, contexts = Clock(), NotingContexts(failing={"mail.example.com"})
        live = CurrentLive(MemoryStorage(clock=SteadyClock()), "machine")
        server = ServerSettings(1, UUID(int=1), "mail.example.com", True, Interface("", 465), 0, 10, False, True, True)
        live.value = Live("x", (server,), ImapSettings(True, Interface("", 993), True, "imap.example.com"))
        upkeep = Upkeep(clock, live, contexts)
        upkeep.start()
        clock.advance(INTERVAL)
        clock.advance(INTERVAL)
        self.assertEqual(contexts.ensured, ["mail.example.com", "imap.example.com"] * 2)
        upkeep.stop()
        self.assertEqual(clock.getDelayedCalls(), [])
