"""Who may use XCLIENT, by address."""

from types import SimpleNamespace
from typing import Any

from attrs import evolve
from twisted.trial.unittest import SynchronousTestCase

from daptinmail.smtp.xclient import normalized, permitted
from tests.smtp.listening import SERVER


def session(peer: str, xclient_on: bool = True) -> Any:
    """As much of a session as is asked for."""
    return SimpleNamespace(peer=peer, server=evolve(SERVER, xclient_on=xclient_on))


class PermittedTests(SynchronousTestCase):
    """Proxies stand in private networks."""

    def test_networks(self) -> None:
        """Private and loopback addresses may, others not; nobody may where it is off."""
        for peer in ("127.0.0.1", "10.1.2.3", "192.168.0.9", "::1", "fd00::1"):
            self.assertTrue(permitted(session(peer)), peer)
            self.assertFalse(permitted(session(peer, xclient_on=False)), peer)
        for peer in ("192.0.2.1", "2001:db8::1", "172.32.0.1"):
            self.assertFalse(permitted(session(peer)), peer)

    def test_no_address(self) -> None:
        """A peer without an address, as on a UNIX socket, may not."""
        for peer in ("", "unix", "/run/socket"):
            self.assertFalse(permitted(session(peer)), peer)

    def test_normalized(self) -> None:
        """Zones go, IPv4 is IPv4 however it came, and what is no address stays as it is."""
        self.assertEqual(
            [normalized(text) for text in ("::ffff:192.0.2.1", "fe80::1%eth0", "192.0.2.1", "unix")],
            ["192.0.2.1", "fe80::1", "192.0.2.1", "unix"],
        )
