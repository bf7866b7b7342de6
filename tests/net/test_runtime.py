"""The real clock and the real identifiers."""

from datetime import UTC

from twisted.trial.unittest import SynchronousTestCase
from zope.interface.verify import verifyObject

from daptinmail.interfaces.runtime import IClock, IIdentifiers
from daptinmail.net.runtime import RandomIdentifiers, SystemClock
from tests.support.runtime import CountingIdentifiers, SteadyClock


class RuntimeTests(SynchronousTestCase):
    """Time and identifiers."""

    def test_provide_the_seams(self) -> None:
        """Real and test providers are interchangeable."""
        for clock in (SystemClock(), SteadyClock()):
            verifyObject(IClock, clock)
        for identifiers in (RandomIdentifiers(SteadyClock()), CountingIdentifiers()):
            verifyObject(IIdentifiers, identifiers)

    def test_clock_is_utc(self) -> None:
        """Times are aware and in UTC."""
        self.assertIs(SystemClock().now().tzinfo, UTC)

    def test_version_and_variant(self) -> None:
        """Identifiers are version 7 of RFC 9562."""
        made = RandomIdentifiers(SteadyClock(), lambda count: b"\xff" * count).uuid7()
        self.assertEqual((made.version, made.variant), (7, "specified in RFC 4122"))

    def test_time_comes_first(self) -> None:
        """Later identifiers sort after earlier ones, whatever the random part."""
        clock = SteadyClock()
        early = RandomIdentifiers(clock, lambda count: b"\xff" * count).uuid7()
        clock.advance(0.001)
        late = RandomIdentifiers(clock, lambda count: b"\x00" * count).uuid7()
        self.assertLess(early.bytes, late.bytes)

    def test_distinct(self) -> None:
        """Identifiers of the same moment differ."""
        identifiers = RandomIdentifiers(SteadyClock())
        self.assertEqual(len({identifiers.uuid7() for _ in range(100)}), 100)
