"""Renewals."""

from twisted.internet.task import Clock
from twisted.trial.unittest import SynchronousTestCase

from daptinmail.services.live import CurrentLive
from daptinmail.services.upkeep import INTERVAL, Upkeep
from daptinmail.settings import ImapSettings, Interface, Live
from tests.support.certificates import MemorySigningKeys, MemoryTlsContexts
from tests.support.runtime import SteadyClock
from tests.support.servers import mail_server
from tests.support.storage import MemoryStorage


class BrokenContexts(MemoryTlsContexts):
    """A key that the cryptography library cannot load."""

    async def ensure(self, hostname: str) -> None:
        """Fails for the mail server's name."""
        await super().ensure(hostname)
        if hostname == "mail.example.com":
            raise ValueError("not a key")


class UpkeepTests(SynchronousTestCase):
    """Certificates of names that are served are looked after, again and again."""

    def test_renews(self) -> None:
        """Every served name gets its turn, also when another one fails, for whatever reason."""
        clock, contexts, keys = Clock(), BrokenContexts(), MemorySigningKeys()
        live = CurrentLive(MemoryStorage(clock=SteadyClock()), "machine")
        server = mail_server(interface=Interface("", 465), always_on_tls=True)
        live.value = Live("x", (server,), ImapSettings(True, Interface("", 993), True, "imap.example.com"))
        upkeep = Upkeep(clock, live, contexts, keys)
        upkeep.start()
        clock.advance(INTERVAL)
        clock.advance(INTERVAL)
        self.assertEqual(contexts.ensured, ["mail.example.com", "imap.example.com"] * 2)
        self.assertEqual(keys.advanced, 2)
        self.assertEqual(len(self.flushLoggedErrors(ValueError)), 2)
        upkeep.stop()
        self.assertEqual(clock.getDelayedCalls(), [])
