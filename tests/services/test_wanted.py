"""From settings to listeners."""

from attrs import evolve
from twisted.trial.unittest import SynchronousTestCase

from daptinmail.services.wanted import wanted_listeners
from daptinmail.settings import ImapSettings, Interface, Live
from tests.support.servers import mail_server

SERVER = mail_server(interface=Interface("0.0.0.0", 465), always_on_tls=True, authentication_required=True)
IMAP = ImapSettings(True, Interface("0.0.0.0", 993), True, "imap.example.com")


class WantedListenersTests(SynchronousTestCase):
    """What should run, and what cannot."""

    def test_one_each(self) -> None:
        """Each enabled server and IMAP get their address; a disabled server gets none."""
        other = evolve(SERVER, id=2, hostname="off.example.com", is_enabled=False)
        wanted = wanted_listeners(Live("h", (SERVER, other), IMAP))
        self.assertEqual({str(interface) for interface in wanted.listeners}, {"0.0.0.0:465", "0.0.0.0:993"})
        self.assertEqual(wanted.faults, {})

    def test_shared_port(self) -> None:
        """SMTP and IMAP on one address share it under implicit TLS, whatever IMAP would do alone."""
        imap = evolve(IMAP, interface=SERVER.interface, implicit_tls=False)
        (listener,) = wanted_listeners(Live("h", (SERVER,), imap)).listeners.values()
        self.assertTrue(listener.implicit_tls)
        self.assertEqual(listener.name, "mail.example.com + imap")

    def test_shared_port_in_clear(self) -> None:
        """Without implicit TLS nothing tells the two apart: IMAP is refused with the reason."""
        server = evolve(SERVER, always_on_tls=False)
        wanted = wanted_listeners(Live("h", (server,), evolve(IMAP, interface=SERVER.interface)))
        self.assertIn("implicit TLS", wanted.faults[None])
        self.assertEqual(len(wanted.listeners), 1)

    def test_two_servers_on_one_address(self) -> None:
        """The second row is at fault; the first serves."""
        wanted = wanted_listeners(Live("h", (SERVER, evolve(SERVER, id=2, hostname="two.example.com"))))
        self.assertIn("mail.example.com", wanted.faults[2])
        self.assertEqual([listener.server for listener in wanted.listeners.values()], [SERVER])

    def test_unreadable_addresses(self) -> None:
        """An address that cannot be read is a fault of its own row."""
        server = evolve(SERVER, interface=None, fault="no port")
        imap = evolve(IMAP, interface=None, fault="no port either")
        wanted = wanted_listeners(Live("h", (server,), imap))
        self.assertEqual(wanted.faults, {1: "no port", None: "no port either"})
