"""Return-paths of forwarded mail."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st
from twisted.trial.unittest import SynchronousTestCase

from daptinmail.mail.address import Address, BadAddress
from daptinmail.mail.srs import LIFETIME, is_rewritten, restore, rewrite

NOW = datetime(2026, 1, 2, tzinfo=UTC)
SECRET, OTHER = b"secret", b"other secret"
ANN = Address("Ann", "example.org")
LOCALS = st.text("abcXYZ=+-._0", min_size=1, max_size=20)


class SrsTests(SynchronousTestCase):
    """There and back again."""

    def test_forward_and_back(self) -> None:
        """The sender stands in the local part, and is found again for three weeks."""
        path = rewrite(ANN, "forwarder.test", SECRET, NOW)
        self.assertEqual(path.domain, "forwarder.test")
        self.assertTrue(path.local.startswith("SRS0=") and path.local.endswith("=example.org=Ann"))
        for age in (timedelta(0), LIFETIME):
            self.assertEqual(restore(path, SECRET, NOW + age), ANN)
        for age in (LIFETIME + timedelta(days=1), timedelta(days=-2), timedelta(days=500)):
            self.assertIsNone(restore(path, SECRET, NOW + age))

    def test_second_forwarder(self) -> None:
        """It leads to the first forwarder at once, however many there are."""
        first = rewrite(ANN, "first.test", SECRET, NOW)
        second = rewrite(first, "second.test", OTHER, NOW)
        third = rewrite(second, "third.test", SECRET, NOW)
        self.assertTrue(second.local.startswith("SRS1="))
        self.assertEqual(restore(second, OTHER, NOW), first)
        self.assertEqual(restore(third, SECRET, NOW), first)

    def test_forged(self) -> None:
        """Nobody can use us to send to whom they like."""
        path = rewrite(ANN, "forwarder.test", SECRET, NOW)
        again = rewrite(path, "second.test", SECRET, NOW)
        for forged in (
            Address(path.local.replace("Ann", "Bob"), path.domain),
            Address(path.local.replace("example.org", "example.net"), path.domain),
            Address(again.local.replace("example.org", "example.net"), again.domain),
            Address("SRS0=aaaaaaaa=aa=example.org=Ann", "forwarder.test"),
            Address("SRS0=", "forwarder.test"),
            Address("SRS1=x", "forwarder.test"),
            ANN,
        ):
            self.assertIsNone(restore(forged, SECRET, NOW), forged)
        self.assertIsNone(restore(path, OTHER, NOW))

    def test_case(self) -> None:
        """A host that changes the case of the local part does no harm."""
        path = rewrite(Address("ann", "example.org"), "forwarder.test", SECRET, NOW)
        self.assertEqual(restore(Address(path.local.lower(), path.domain), SECRET, NOW), Address("ann", "example.org"))

    def test_too_long(self) -> None:
        """What RFC 5321 does not let be is refused."""
        self.assertRaises(BadAddress, rewrite, Address("a" * 50, "example.org"), "forwarder.test", SECRET, NOW)

    def test_form(self) -> None:
        """By the first five characters."""
        for local, rewritten in (("SRS0=x", True), ("srs1+x", True), ("SRS0-x", True), ("srs0", False), ("ann", False)):
            self.assertEqual(is_rewritten(Address(local, "x.test")), rewritten)

    @given(LOCALS, st.integers(0, 3000))
    def test_any_local_part(self, local: str, days: int) -> None:
        """Every local part and every day."""
        sender, now = Address(local, "example.org"), NOW + timedelta(days=days)
        path = rewrite(sender, "forwarder.test", SECRET, now)
        self.assertEqual(restore(path, SECRET, now), sender if not is_rewritten(sender) else restore(path, SECRET, now))
